#include "segment/read_ahead.h"

#include "base/mem.h"

#include <assert.h>
#include <errno.h>
#include <liburing.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

enum { RING_ENTRIES = 1024, PLACE_BYTES_MAX = 64 << 10, PAGE_BYTES = 4096 };

struct place {
    size_t file_idx;
    const uint8_t *at;
    size_t len; /* at most PLACE_BYTES_MAX */
};

/*
 * Rings are kept in a list of idle ones: a thread takes one for a batch and gives it back, so there
 * are as many rings as threads that ever read at the same time. The lock guards only this list.
 *
 * A batch goes in two rounds. The first asks for all places with RWF_NOWAIT, which the kernel
 * answers at once for what is in the page cache. The second asks for the rest, waiting; these come
 * from the disk, so their checks are forgotten before. A read is used for its effect on the page
 * cache only.
 */

/* An io_uring, used by one thread at a time. All reads go to the same bytes, `sink`: we only want
 * the data in the page cache. */
struct ring {
    struct io_uring uring;
    uint8_t *sink;
    struct place places[RING_ENTRIES]; /* of a batch, by the number of its submission */
    unsigned missed[RING_ENTRIES];
    struct ring *next;
};

struct read_ahead {
    size_t n_files;
    struct view *files;
    int *fds;
    struct seg_pages *pages;
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

struct read_ahead *read_ahead_new(const struct view *files, const int *take_fds, size_t n,
                                  struct seg_pages *pages)
{
    struct read_ahead *a = mem_zalloc(sizeof(*a));
    a->n_files = n;
    a->pages = pages;
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
        b.ring = ring_new(); /* NULL when out of descriptors; then madvise is used */
    return b;
}

/* `i` is the place's number. */
static void prepare(struct read_batch *b, unsigned i, int flags)
{
    const struct place *p = &b->ring->places[i];
    struct io_uring_sqe *sqe = io_uring_get_sqe(&b->ring->uring);
    assert(sqe); /* there are as many entries as places */
    io_uring_prep_read(sqe, b->ahead->fds[p->file_idx], b->ring->sink, (unsigned)p->len,
                       (uint64_t)(p->at - b->ahead->files[p->file_idx].ptr));
    sqe->rw_flags = flags;
    io_uring_sqe_set_data64(sqe, i);
}

/* Submit `n` and wait for them; what did not come is collected in `missed`. A ring that fails is
 * left alone for good, as the kernel may still write to its sink; from then on all go by madvise.
 * Returns how many were missed. */
static unsigned submit(struct read_batch *b, unsigned n, unsigned *missed)
{
    struct io_uring *uring = &b->ring->uring;
    unsigned n_missed = 0;
    for (unsigned done = 0; done < n;) {
        int rc = io_uring_submit_and_wait(uring, 1);
        if (rc < 0 && rc != -EINTR) {
            b->ahead->has_uring = false;
            b->ring = NULL;
            break;
        }
        struct io_uring_cqe *cqe;
        unsigned head, n_ended = 0;
        io_uring_for_each_cqe(uring, head, cqe)
        {
            unsigned i = (unsigned)io_uring_cqe_get_data64(cqe);
            if (cqe->res < 0 || (size_t)cqe->res < b->ring->places[i].len)
                missed[n_missed++] = i;
            n_ended++;
        }
        io_uring_cq_advance(uring, n_ended);
        done += n_ended;
    }
    return n_missed;
}

/* Without a ring: the kernel reads whole pages in the background. */
static void advise(const struct read_ahead *a, const uint8_t *at, size_t len)
{
    uint8_t resident[PLACE_BYTES_MAX / PAGE_BYTES + 2];
    uintptr_t first = (uintptr_t)at & ~(uintptr_t)(PAGE_BYTES - 1);
    size_t n_bytes = (uintptr_t)at + len - first;
    bool is_there = mincore((void *)first, n_bytes, resident) == 0;
    for (size_t i = 0; is_there && i < (n_bytes + PAGE_BYTES - 1) / PAGE_BYTES; i++)
        is_there = resident[i] & 1;
    if (!is_there)
        seg_pages_forget(a->pages, at, len);
    madvise((void *)first, n_bytes, MADV_WILLNEED);
}

/* Places that are not in the page cache are read into it, and must be checked again. */
static void read_places(struct read_batch *b)
{
    struct ring *ring = b->ring;
    unsigned n_missed;
    for (unsigned i = 0; i < b->n; i++)
        prepare(b, i, RWF_NOWAIT);
    n_missed = submit(b, b->n, ring->missed);
    for (unsigned i = 0; b->ring && i < n_missed; i++) {
        const struct place *p = &ring->places[ring->missed[i]];
        seg_pages_forget(b->ahead->pages, p->at, p->len);
        prepare(b, ring->missed[i], 0);
    }
    if (b->ring && n_missed)
        submit(b, n_missed, ring->missed);
    for (unsigned i = 0; !b->ring && i < b->n; i++)
        advise(b->ahead, ring->places[i].at, ring->places[i].len);
    b->n = 0;
}

static void add_place(struct read_batch *b, const struct place *place)
{
    if (b->ring && b->n == RING_ENTRIES)
        read_places(b);
    if (b->ring)
        b->ring->places[b->n++] = *place;
    else
        advise(b->ahead, place->at, place->len);
}

void read_batch_add(struct read_batch *b, size_t file_idx, const uint8_t *at, size_t len)
{
    for (size_t done = 0, n; b->ahead && done < len; done += n) {
        n = len - done < PLACE_BYTES_MAX ? len - done : PLACE_BYTES_MAX;
        const struct place place = {file_idx, at + done, n};
        add_place(b, &place);
    }
}

void read_batch_end(struct read_batch *b)
{
    if (b->ring)
        read_places(b);
    if (!b->ring)
        return;
    pthread_mutex_lock(&b->ahead->lock);
    b->ring->next = b->ahead->idle;
    b->ahead->idle = b->ring;
    pthread_mutex_unlock(&b->ahead->lock);
    *b = (struct read_batch){0};
}
