#include "engine/build/spill.h"

#include "base/file.h"
#include "base/mem.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

/*
 * Every row of a load passes through here once. A chunk goes through three states:
 *
 *     open      one for each worker and bin; only that worker touches it, so adding a record takes
 *               no lock
 *     filled    too full for the next record; some of its records may still be reserved and not
 *               written, until spill_commit
 *     full      in the list of its bin, in memory or in the file
 *
 * (1) Open chunks alone may take half of memory_bytes; chunk_bytes is chosen so. With very many
 *     bins it stops at SPILL_CHUNK_MIN_BYTES, so a caller that may choose many bins must bound
 *     their number by that (engine/table/write_queue.c).
 * (2) Once chunks take more than memory_bytes, each chunk that becomes full goes to the file.
 *     Chunks are written where an atomic counter says, so workers write side by side.
 * (3) After the seal each bin is taken by one worker, so taking needs no lock either.
 */

enum { CHUNK_MAX_BYTES = 65536 };

struct spill_chunk {
    struct spill_chunk *next;
    uint8_t *bytes; /* NULL while it is in the file */
    size_t bin;
    uint64_t file_offset;
    uint32_t used;
    uint32_t cap;
};

struct spill {
    struct record_source source; /* first: a source is cast back */
    struct spill_config config;
    uint32_t chunk_bytes;
    struct spill_chunk **open;   /* [worker * n_bins + bin], only that worker's thread */
    struct spill_chunk **filled; /* by worker, not committed yet */
    struct spill_chunk **full;   /* by bin, newest first; guarded by the lock */
    pthread_mutex_t lock;        /* guards full and the opening of the file */
    int fd;                      /* -1 until the first chunk is written */
    _Atomic uint64_t file_end;
    _Atomic uint64_t memory_used; /* of all chunks in memory */
};

static enum code take(struct record_source *source, unsigned worker, size_t bin,
                      uint8_t **out_bytes, size_t *out_len, struct err *err)
{
    (void)worker;
    struct spill *s = (struct spill *)source;
    struct spill_chunk *c = s->full[bin];
    *out_bytes = NULL;
    *out_len = 0;
    if (!c)
        return OK;
    if (c->bytes) {
        atomic_fetch_sub(&s->memory_used, c->cap);
    } else {
        c->bytes = mem_alloc(c->used);
        enum code rc = fd_read_at(s->fd, c->bytes, c->used, c->file_offset, err);
        if (rc)
            return err_in(err, rc, "spill file in %s", s->config.dir);
    }
    *out_bytes = c->bytes;
    *out_len = c->used;
    s->full[bin] = c->next;
    free(c);
    return OK;
}

struct spill *spill_new(const struct spill_config *config)
{
    struct spill *s = mem_zalloc(sizeof(*s));
    s->config = *config;
    s->source.take = take;
    s->fd = -1;
    size_t n_open = config->n_bins * config->n_workers;
    uint64_t fair = config->memory_bytes / 2 / n_open & ~(uint64_t)7;
    s->chunk_bytes = fair < SPILL_CHUNK_MIN_BYTES ? SPILL_CHUNK_MIN_BYTES
                     : fair > CHUNK_MAX_BYTES     ? CHUNK_MAX_BYTES
                                                  : (uint32_t)fair;
    s->open = mem_zalloc(n_open * sizeof(struct spill_chunk *));
    s->filled = mem_zalloc(config->n_workers * sizeof(struct spill_chunk *));
    s->full = mem_zalloc(config->n_bins * sizeof(struct spill_chunk *));
    pthread_mutex_init(&s->lock, NULL);
    return s;
}

static void free_chunks(struct spill_chunk *c)
{
    while (c) {
        struct spill_chunk *next = c->next;
        free(c->bytes);
        free(c);
        c = next;
    }
}

void spill_free(struct spill *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->config.n_bins * s->config.n_workers; i++)
        free_chunks(s->open[i]);
    for (unsigned w = 0; w < s->config.n_workers; w++)
        free_chunks(s->filled[w]);
    for (size_t i = 0; i < s->config.n_bins; i++)
        free_chunks(s->full[i]);
    if (s->fd >= 0)
        close(s->fd);
    pthread_mutex_destroy(&s->lock);
    free(s->open);
    free(s->filled);
    free(s->full);
    free(s);
}

/* The file has no name, so a crash leaves nothing to clean up. */
must_use static enum code open_file(struct spill *s, struct err *err)
{
    enum code rc = OK;
    pthread_mutex_lock(&s->lock);
    if (s->fd < 0)
        rc = file_open_unnamed(s->config.dir, &s->fd, err);
    pthread_mutex_unlock(&s->lock);
    return rc;
}

must_use static enum code write_out(struct spill *s, struct spill_chunk *c, struct err *err)
{
    TRY(open_file(s, err));
    c->file_offset = atomic_fetch_add(&s->file_end, c->used);
    enum code rc = fd_write_at(s->fd, view_of(c->bytes, c->used), c->file_offset, err);
    if (rc)
        return err_in(err, rc, "spill file in %s", s->config.dir);
    free(c->bytes);
    c->bytes = NULL;
    atomic_fetch_sub(&s->memory_used, c->cap);
    return OK;
}

static void add_full(struct spill *s, struct spill_chunk *c)
{
    pthread_mutex_lock(&s->lock);
    c->next = s->full[c->bin];
    s->full[c->bin] = c;
    pthread_mutex_unlock(&s->lock);
}

struct record *spill_reserve(struct spill *s, unsigned worker, size_t bin, uint32_t size)
{
    struct spill_chunk **open = &s->open[worker * s->config.n_bins + bin];
    if (*open && (*open)->cap - (*open)->used < size) {
        (*open)->next = s->filled[worker];
        s->filled[worker] = *open;
        *open = NULL;
    }
    if (!*open) {
        struct spill_chunk *c = mem_zalloc(sizeof(*c));
        c->bin = bin;
        c->cap = size > s->chunk_bytes ? size : s->chunk_bytes;
        c->bytes = mem_alloc(c->cap);
        atomic_fetch_add(&s->memory_used, c->cap);
        *open = c;
    }
    struct record *r = (struct record *)((*open)->bytes + (*open)->used);
    (*open)->used += size;
    return r;
}

enum code spill_commit(struct spill *s, unsigned worker, struct err *err)
{
    while (s->filled[worker]) {
        struct spill_chunk *c = s->filled[worker];
        if (atomic_load(&s->memory_used) > s->config.memory_bytes)
            TRY(write_out(s, c, err));
        s->filled[worker] = c->next;
        add_full(s, c);
    }
    return OK;
}

void spill_seal(struct spill *s)
{
    for (unsigned w = 0; w < s->config.n_workers; w++)
        for (size_t bin = 0; bin < s->config.n_bins; bin++) {
            struct spill_chunk **open = &s->open[w * s->config.n_bins + bin];
            if (*open)
                add_full(s, *open);
            *open = NULL;
        }
}

struct record_source *spill_source(struct spill *s)
{
    return &s->source;
}
