#include "segment/read_ahead.h"

#include "base/mem.h"

#include <errno.h>
#include <liburing.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

enum { RING_ENTRIES = 1024, PLACE_BYTES_MAX = 64 << 10, PAGE_BYTES = 4096 };

/* A ring of one thread at a time. What is read goes to `sink`, all of it to the same bytes: it is the page
 * cache that we are after. */
struct ring {
    struct io_uring uring;
    uint8_t *sink;
    struct ring *next;
};

struct read_ahead {
    size_t n_files;
    struct view *files;
    int *fds;
    _Atomic bool has_uring; /* until a ring fails */
    pthread_mutex_t lock;   /* guards idle */
    struct ring *idle;
};

static struct ring *ring_new(void)
{
    struct ring *r = mem_zalloc(sizeof(*r));
    if (io_uring_queue_init(RING_ENTRIES, &r->uring, 0) < 0) {
        free(r);
        return NULL;
    }
    r->sink = mem_alloc(PLACE_BYTES_MAX);
    return r;
}

static void ring_free(struct ring *r)
{
    io_uring_queue_exit(&r->uring);
    free(r->sink);
    free(r);
}

struct read_ahead *read_ahead_new(const struct view *files, const int *take_fds, size_t n)
{
    struct read_ahead *a = mem_zalloc(sizeof(*a));
    a->n_files = n;
    a->files = mem_alloc(n * sizeof(*a->files));
    a->fds = mem_alloc(n * sizeof(*a->fds));
    for (size_t i = 0; i < n; i++) {
        a->files[i] = files[i];
        a->fds[i] = take_fds[i];
        posix_fadvise(take_fds[i], 0, 0, POSIX_FADV_RANDOM);
    }
    pthread_mutex_init(&a->lock, NULL);
    a->idle = ring_new();
    a->has_uring = a->idle != NULL;
    return a;
}

void read_ahead_free(struct read_ahead *a)
{
    if (!a)
        return;
    for (struct ring *r = a->idle, *next; r; r = next) {
        next = r->next;
        ring_free(r);
    }
    for (size_t i = 0; i < a->n_files; i++)
        close(a->fds[i]);
    pthread_mutex_destroy(&a->lock);
    free(a->files);
    free(a->fds);
    free(a);
}

struct read_batch read_batch_begin(struct read_ahead *a)
{
    struct read_batch b = {.ahead = a};
    if (!a || !a->has_uring)
        return b;
    pthread_mutex_lock(&a->lock);
    b.ring = a->idle;
    if (b.ring)
        a->idle = b.ring->next;
    pthread_mutex_unlock(&a->lock);
    if (!b.ring)
        b.ring = ring_new(); /* NULL when out of descriptors: then by madvise */
    return b;
}

/* Submit what was added and wait for all of it. A ring that fails is left alone for good, as the kernel may still
 * write to its sink; from then on all go by madvise. */
static void submit(struct read_batch *b)
{
    struct io_uring *uring = &b->ring->uring;
    for (unsigned done = 0; done < b->n;) {
        int rc = io_uring_submit_and_wait(uring, 1);
        if (rc < 0 && rc != -EINTR) {
            b->ahead->has_uring = false;
            b->ring = NULL;
            break;
        }
        struct io_uring_cqe *cqe;
        unsigned head, n = 0;
        io_uring_for_each_cqe(uring, head, cqe) n++;
        io_uring_cq_advance(uring, n);
        done += n;
    }
    b->n = 0;
}

/* Without a ring: whole pages, read by the kernel behind our back. */
static void advise(const uint8_t *at, size_t len)
{
    uintptr_t first = (uintptr_t)at & ~(uintptr_t)(PAGE_BYTES - 1);
    madvise((void *)first, (uintptr_t)at + len - first, MADV_WILLNEED);
}

void read_batch_add(struct read_batch *b, size_t file_idx, const uint8_t *at, size_t len)
{
    if (!b->ahead || len == 0)
        return;
    len = len < PLACE_BYTES_MAX ? len : PLACE_BYTES_MAX;
    struct io_uring_sqe *sqe = b->ring ? io_uring_get_sqe(&b->ring->uring) : NULL;
    if (!sqe && b->ring) { /* full */
        submit(b);
        sqe = b->ring ? io_uring_get_sqe(&b->ring->uring) : NULL;
    }
    if (!sqe) {
        advise(at, len);
        return;
    }
    io_uring_prep_read(sqe, b->ahead->fds[file_idx], b->ring->sink, (unsigned)len,
                       (uint64_t)(at - b->ahead->files[file_idx].ptr));
    b->n++;
}

void read_batch_end(struct read_batch *b)
{
    if (b->ring)
        submit(b);
    if (!b->ring)
        return;
    pthread_mutex_lock(&b->ahead->lock);
    b->ring->next = b->ahead->idle;
    b->ahead->idle = b->ring;
    pthread_mutex_unlock(&b->ahead->lock);
    *b = (struct read_batch){0};
}
