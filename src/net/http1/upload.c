#include "net/http1/upload.h"

#include "base/file.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

/*
 * Upload files have no name (file_open_unnamed). So nothing is left of them once descriptor and
 * mapping are gone, even after a crash.
 *
 *   (1) used_bytes counts the bytes of all files, from before they are written until their mapping
 *       is released.
 *   (2) n_files counts those that are being received: each has a descriptor, until it is mapped.
 *   (3) refs: one for the server, and one for each detached body that lies in a file.
 */
struct spool {
    char *dir;
    uint64_t max_bytes;
    _Atomic uint64_t used_bytes; /* (1) */
    unsigned max_files;
    _Atomic unsigned n_files; /* (2) */
    _Atomic unsigned refs;    /* (3) */
};

/* A detached body that lies in a file. */
struct spooled {
    struct spool *spool;
    const uint8_t *map;
    size_t len;
};

enum code spool_open(const char *dir, uint64_t max_bytes, unsigned max_files,
                     struct spool **out_spool, struct err *err)
{
    TRY(tree_remove(dir, err));
    TRY(dir_make(dir, err));
    struct spool *s = mem_zalloc(sizeof(*s));
    s->dir = mem_strdup(dir);
    s->max_bytes = max_bytes;
    s->max_files = max_files;
    s->refs = 1;
    *out_spool = s;
    return OK;
}

void spool_close(struct spool *s)
{
    if (!s || atomic_fetch_sub(&s->refs, 1) > 1)
        return;
    free(s->dir);
    free(s);
}

bool spool_has_room(struct spool *s, uint64_t bytes)
{
    return bytes <= s->max_bytes && atomic_load(&s->used_bytes) <= s->max_bytes - bytes &&
           atomic_load(&s->n_files) < s->max_files;
}

must_use static enum code spool_take(struct spool *s, uint64_t bytes, struct err *err)
{
    if (atomic_fetch_add(&s->used_bytes, bytes) + bytes <= s->max_bytes)
        return OK;
    atomic_fetch_sub(&s->used_bytes, bytes);
    return err_set(err, E_BUSY, "uploads have more than %llu bytes together",
                   (unsigned long long)s->max_bytes);
}

static void spool_give_back(struct spool *s, uint64_t bytes)
{
    atomic_fetch_sub(&s->used_bytes, bytes);
}

static enum code code_of_write(int error)
{
    return error == ENOSPC || error == EDQUOT || error == EFBIG ? E_NOSPACE : E_IO;
}

must_use static enum code open_file(struct upload *u, struct err *err)
{
    if (atomic_fetch_add(&u->spool->n_files, 1) >= u->spool->max_files) {
        atomic_fetch_sub(&u->spool->n_files, 1);
        return err_set(err, E_BUSY, "more than %u uploads at a time", u->spool->max_files);
    }
    enum code rc = file_open_unnamed(u->spool->dir, &u->fd, err);
    if (rc) {
        atomic_fetch_sub(&u->spool->n_files, 1);
        return rc;
    }
    u->in_file = true;
    return OK;
}

static void close_file(struct upload *u)
{
    close(u->fd);
    u->fd = -1;
    atomic_fetch_sub(&u->spool->n_files, 1);
}

static void drop_file(struct upload *u)
{
    if (!u->in_file)
        return;
    if (u->map)
        munmap((void *)u->map, u->file_bytes);
    if (u->fd >= 0)
        close_file(u);
    spool_give_back(u->spool, u->file_bytes);
    u->in_file = false;
    u->file_bytes = 0;
    u->map = NULL;
}

void upload_done(struct upload *u)
{
    drop_file(u);
    buf_done(&u->memory);
    *u = (struct upload){0};
}

void upload_reset(struct upload *u, size_t keep_bytes)
{
    drop_file(u);
    if (u->memory.cap > keep_bytes)
        buf_done(&u->memory);
    buf_reset(&u->memory);
}

uint64_t upload_len(const struct upload *u)
{
    return u->in_file ? u->file_bytes : u->memory.len;
}

must_use static enum code append(struct upload *u, struct view bytes, struct err *err)
{
    TRY(spool_take(u->spool, bytes.len, err));
    uint64_t at = u->file_bytes;
    u->file_bytes += bytes.len;
    while (bytes.len) {
        ssize_t n = pwrite(u->fd, bytes.ptr, bytes.len, (off_t)at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_errno(err, code_of_write(errno), "cannot write to a file in %s",
                             u->spool->dir);
        bytes = view_of(bytes.ptr + n, bytes.len - (size_t)n);
        at += (uint64_t)n;
    }
    return OK;
}

enum code upload_put(struct upload *u, struct view bytes, struct err *err)
{
    if (!u->in_file) {
        if (!u->spool || u->memory.len + bytes.len <= u->memory_max) {
            buf_put(&u->memory, bytes.ptr, bytes.len);
            return OK;
        }
        TRY(open_file(u, err));
        TRY(append(u, buf_view(&u->memory), err));
        buf_done(&u->memory);
    }
    return append(u, bytes, err);
}

enum code upload_view(struct upload *u, struct view *out, struct err *err)
{
    if (!u->in_file) {
        *out = buf_view(&u->memory);
        return OK;
    }
    if (!u->map) {
        void *map = mmap(NULL, u->file_bytes, PROT_READ, MAP_SHARED, u->fd, 0);
        if (map == MAP_FAILED)
            return err_errno(err, errno == ENOMEM ? E_NOMEM : E_IO, "cannot map an upload");
        u->map = map;
        close_file(u); /* the mapping holds the file */
    }
    *out = view_of(u->map, u->file_bytes);
    return OK;
}

static void release_spooled(void *owner)
{
    struct spooled *s = owner;
    munmap((void *)s->map, s->len);
    spool_give_back(s->spool, s->len);
    spool_close(s->spool);
    free(s);
}

void upload_detach(struct upload *u, struct http_body *out)
{
    if (!u->in_file) {
        struct view bytes = buf_view(&u->memory);
        *out = (struct http_body){bytes, free, buf_detach(&u->memory)};
        return;
    }
    struct spooled *s = mem_zalloc(sizeof(*s));
    *s = (struct spooled){u->spool, u->map, u->file_bytes};
    atomic_fetch_add(&u->spool->refs, 1);
    *out = (struct http_body){view_of(s->map, s->len), release_spooled, s};
    u->in_file = false;
    u->map = NULL;
    u->file_bytes = 0;
}
