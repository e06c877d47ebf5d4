#include "engine/store/base_generation.h"

#include "base/mem.h"
#include "segment/verify.h"

#include <assert.h>
#include <unistd.h>

/*
 * Opening a base: at a start, after each load, and when a mapped table is copied to memory.
 *
 *     STORAGE_MEMORY   one region of huge pages gets a copy of all files, which is not compared
 *                      again while it serves
 *     STORAGE_MMAP     one range of addresses gets a mapping of all files; a bitmap says which
 *                      pages were compared
 *     STORAGE_DISK     as STORAGE_MMAP, plus open files through which the rows of a request are
 *                      read in one go
 *
 * (1) All segments of a base lie in one run of addresses, each from a page boundary on. So the page
 *     number of any row is a subtraction and a shift, and small tables do not waste a huge page for
 *     each part.
 * (2) A base that opens is the one that was built: `root` in table.json names the content of all
 *     its segments, so a file swapped for another valid segment is refused.
 * (3) Huge memory is reserved from the file sizes before anything is read. A table that does not
 *     fit fails at once, with E_NOMEM, and serves from a mapping instead (engine/table/commit.c).
 */

static const uint64_t copy_bytes = (uint64_t)64
                                   << 20; /* copied between two checks for cancellation */

struct base_generation *base_generation_ref(struct base_generation *b)
{
    atomic_fetch_add_explicit(&b->refs, 1, memory_order_relaxed);
    return b;
}

void base_generation_unref(struct base_generation *b)
{
    if (!b || atomic_fetch_sub_explicit(&b->refs, 1, memory_order_acq_rel) > 1)
        return;
    generation_info_done(&b->info);
    schema_cache_done(b->schemas);
    free(b->schemas);
    seg_set_done(&b->set);
    for (size_t i = 0; i < b->n_segments; i++)
        seg_close(b->segments[i]);
    free(b->segments);
    huge_memory_done(&b->memory);
    mapped_file_close(&b->range);
    free(b);
}

/* (1); payloads are then aligned in memory as they are in the file, too. */
static uint64_t page_up(uint64_t bytes)
{
    return (bytes + 4095) & ~(uint64_t)4095;
}

must_use static enum code reserve(struct base_generation *b, const char *dir, struct err *err)
{
    uint64_t total = 0;
    for (uint32_t part = 0; part < b->info.n_parts; part++) {
        char path[PATH_CAP];
        uint64_t bytes;
        TRY(segment_path(dir, part, path, err));
        TRY(file_size(path, &bytes, err));
        total += page_up(bytes);
    }
    return b->storage == STORAGE_MEMORY ? huge_memory_init(&b->memory, total, err)
                                        : mapped_range_open(total, &b->range, err);
}

static void fd_done(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

must_use static enum code copy_file(const char *path, uint8_t *to, uint64_t bytes,
                                    const struct remote_op *op, struct err *err)
{
    AUTO(fd) int fd = -1;
    TRY(file_open(path, &fd, err));
    for (uint64_t at = 0, len; at < bytes; at += len) {
        len = bytes - at < copy_bytes ? bytes - at : copy_bytes;
        TRY(remote_op_check(op, err));
        TRY(fd_read_at(fd, to + at, len, at, err));
    }
    return OK;
}

/* Copy a segment to memory at *used, compare all its checksums, and advance *used past it. */
must_use static enum code open_copy(struct base_generation *b, const char *path,
                                    const struct remote_op *op, uint64_t *used,
                                    struct segment **out_segment, struct err *err)
{
    uint64_t bytes;
    TRY(file_size(path, &bytes, err));
    if (bytes > b->memory.len - *used)
        return err_set(err, E_CORRUPT, "segment %s grew while it was read", path);
    uint8_t *at = b->memory.ptr + *used;
    TRY(copy_file(path, at, bytes, op, err));
    *used += page_up(bytes);
    enum code rc = seg_open_bytes(view_of(at, bytes), out_segment, err);
    if (!rc)
        rc = seg_verify_checksums(*out_segment, err);
    return rc ? err_in(err, rc, "segment %s", path) : OK;
}

/* Map a segment at *used instead. Its rows are compared when they are read. */
must_use static enum code open_mapped(struct base_generation *b, const char *path, uint64_t *used,
                                      struct segment **out_segment, struct err *err)
{
    size_t bytes = 0;
    const uint8_t *at = b->range.ptr + *used;
    TRY(mapped_range_put(&b->range, *used, path, b->range.len - *used, &bytes, err));
    *used += page_up(bytes);
    const struct mapped_file map = {at, bytes, NULL};
    mapped_file_expect_random(&map);
    enum code rc = seg_open_bytes(view_of(at, bytes), out_segment, err);
    return rc ? err_in(err, rc, "segment %s", path) : OK;
}

/* STORAGE_DISK: give the segments open files, through which segment/read_ahead.c reads the rows of
 * a request. */
must_use static enum code read_ahead(struct base_generation *b, const char *dir, struct err *err)
{
    int *fds = mem_alloc(b->n_segments * sizeof(*fds));
    uint32_t n = 0;
    enum code rc = OK;
    while (!rc && n < b->n_segments) {
        char path[PATH_CAP];
        rc = segment_path(dir, n, path, err);
        if (!rc)
            rc = file_open(path, &fds[n], err);
        n += !rc;
    }
    if (!rc)
        seg_set_read_ahead(&b->set, b->segments, fds);
    while (rc && n-- > 0)
        close(fds[n]);
    free(fds);
    return rc;
}

must_use static enum code open_segments(struct base_generation *b, const char *dir,
                                        const struct remote_op *op, struct err *err)
{
    uint64_t used = 0;
    b->segments = mem_zalloc(b->info.n_parts * sizeof(struct segment *));
    TRY(reserve(b, dir, err));
    for (uint32_t part = 0; part < b->info.n_parts; part++) {
        char path[PATH_CAP];
        TRY(segment_path(dir, part, path, err));
        enum code rc = b->storage == STORAGE_MEMORY
                           ? open_copy(b, path, op, &used, &b->segments[part], err)
                           : open_mapped(b, path, &used, &b->segments[part], err);
        /* A copy whose checksums differ comes with an error and must be closed all the same. */
        b->n_segments += b->segments[part] != NULL;
        if (rc)
            return rc;
        assert(b->segments[part]);
        b->n_rows += b->segments[part]->n_rows;
        b->index_bytes += seg_index_bytes(b->segments[part]);
    }
    if (b->info.root && seg_roots(b->segments, b->n_segments) != b->info.root) /* (2) */
        return err_set(err, E_CORRUPT,
                       "generation %s: its segments are not those it was built from", dir);
    enum code rc = seg_set_init(&b->set, b->segments, b->n_segments, err);
    if (rc)
        return err_in(err, rc, "generation %s", dir);
    if (b->storage != STORAGE_MEMORY)
        seg_set_check_pages(&b->set, b->segments, &b->range);
    if (mapped_file_is_hit(&b->range))
        return err_set(err, E_IO, "generation %s: a segment could not be read", dir);
    return b->storage == STORAGE_DISK ? read_ahead(b, dir, err) : OK;
}

enum code base_generation_open(const char *dir, enum storage_kind storage,
                               const struct remote_op *op, struct base_generation **out_base,
                               struct err *err)
{
    struct base_generation *b = mem_zalloc(sizeof(*b));
    b->refs = 1;
    b->storage = storage;
    b->schemas = mem_zalloc(sizeof(*b->schemas));
    enum code rc = generation_read_info(dir, &b->info, err);
    if (!rc)
        rc = open_segments(b, dir, op, err);
    if (!rc && b->n_rows != b->info.n_rows)
        rc = err_set(err, E_CORRUPT, "generation %s: segments have %llu rows, table.json says %llu",
                     dir, (unsigned long long)b->n_rows, (unsigned long long)b->info.n_rows);
    if (rc) {
        base_generation_unref(b);
        return rc;
    }
    *out_base = b;
    return OK;
}

void base_generation_drop_cache(const char *dir, const struct base_generation *b)
{
    for (uint32_t part = 0; part < b->info.n_parts; part++) {
        char path[PATH_CAP];
        if (segment_path(dir, part, path, NULL) == OK)
            file_drop_cache(path);
    }
}
