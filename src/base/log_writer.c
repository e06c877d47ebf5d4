#include "base/log_writer.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"

#include <poll.h>
#include <pthread.h>
#include <time.h>
#include <unistd.h>

/*
 * One lock guards the lines that wait. It is held to append a line or to take all of them at once,
 * never while writing, so a thread that logs waits for another for the time of a memcpy. The writer
 * takes the whole buffer and leaves an empty one, which makes one write() out of all lines that
 * came meanwhile.
 *
 * Lines that find no room are counted in n_dropped. n_told says how many of them the log itself
 * mentions already; the difference is what the next line of the writer reports.
 */
static const size_t waiting_bytes_max = 1u << 20;

struct log_writer {
    int fd;
    log_dropped_fn tell;
    pthread_t thread;
    pthread_mutex_t lock; /* guards the rest */
    pthread_cond_t changed;
    struct buf waiting;
    uint64_t n_dropped, n_told;
    bool stopping, ended;
};

/* Lines are lost on a permanent error: there is no other place to report it. */
static void write_all(int fd, struct view bytes)
{
    while (bytes.len) {
        ssize_t n = write(fd, bytes.ptr, bytes.len);
        if (n >= 0)
            bytes = view_of(bytes.ptr + n, bytes.len - (size_t)n);
        else if (errno == EAGAIN) /* another process that shares the pipe made it non-blocking */
            (void)poll(&(struct pollfd){.fd = fd, .events = POLLOUT}, 1, -1);
        else if (errno != EINTR)
            return;
    }
}

/* Whether there is anything to write; the lock is held. */
static bool take_waiting(struct log_writer *w, struct buf *out, uint64_t *out_dropped)
{
    while (w->waiting.len == 0 && w->n_dropped == w->n_told && !w->stopping)
        pthread_cond_wait(&w->changed, &w->lock);
    *out = w->waiting;
    w->waiting = (struct buf){0};
    *out_dropped = w->n_dropped - w->n_told;
    w->n_told = w->n_dropped;
    return out->len || *out_dropped;
}

static void *run_writer(void *arg)
{
    struct log_writer *w = arg;
    struct buf lines;
    uint64_t n_dropped;
    pthread_mutex_lock(&w->lock);
    while (take_waiting(w, &lines, &n_dropped)) {
        pthread_mutex_unlock(&w->lock);
        write_all(w->fd, buf_view(&lines));
        AUTO(ptr) char *line = n_dropped ? w->tell(n_dropped) : NULL;
        if (line)
            write_all(w->fd, view_cstr(line));
        buf_done(&lines);
        pthread_mutex_lock(&w->lock);
    }
    w->ended = true;
    pthread_cond_signal(&w->changed);
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

/* The end of a wait must not depend on the wall clock, which may jump. */
static void init_locks(struct log_writer *w)
{
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

static void log_writer_free(struct log_writer *w)
{
    buf_done(&w->waiting);
    pthread_cond_destroy(&w->changed);
    pthread_mutex_destroy(&w->lock);
    free(w);
}

enum code log_writer_start(int fd, log_dropped_fn tell, struct log_writer **out, struct err *err)
{
    struct log_writer *w = mem_zalloc(sizeof(*w));
    w->fd = fd;
    w->tell = tell;
    init_locks(w);
    int failed = pthread_create(&w->thread, NULL, run_writer, w);
    if (failed) {
        log_writer_free(w);
        errno = failed;
        return err_errno(err, E_IO, "cannot start a thread that writes the log");
    }
    *out = w;
    return OK;
}

void log_writer_put(struct log_writer *w, struct view line)
{
    pthread_mutex_lock(&w->lock);
    if (w->waiting.len + line.len <= waiting_bytes_max)
        buf_put(&w->waiting, line.ptr, line.len);
    else
        w->n_dropped++;
    pthread_cond_signal(&w->changed);
    pthread_mutex_unlock(&w->lock);
}

uint64_t log_writer_dropped(struct log_writer *w)
{
    pthread_mutex_lock(&w->lock);
    uint64_t n = w->n_dropped;
    pthread_mutex_unlock(&w->lock);
    return n;
}

bool log_writer_stop(struct log_writer *w, int64_t wait_ms)
{
    uint64_t end_ns = clock_mono_ns() + (uint64_t)wait_ms * 1000000;
    const struct timespec end = {(time_t)(end_ns / 1000000000), (long)(end_ns % 1000000000)};
    pthread_mutex_lock(&w->lock);
    w->stopping = true;
    pthread_cond_signal(&w->changed);
    while (!w->ended && clock_mono_ns() < end_ns)
        pthread_cond_timedwait(&w->changed, &w->lock, &end);
    bool ended = w->ended;
    pthread_mutex_unlock(&w->lock);
    if (!ended) {
        pthread_detach(w->thread);
        return false;
    }
    pthread_join(w->thread, NULL);
    log_writer_free(w);
    return true;
}
