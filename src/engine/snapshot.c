#include "engine/snapshot.h"

#include "base/huge.h"
#include "base/mem.h"
#include "engine/build.h"
#include "engine/schema_cache.h"
#include "engine/snapshot_priv.h"
#include "segment/gather.h"

#include <stdatomic.h>
#include <unistd.h>

static const uint64_t copy_bytes = (uint64_t)64 << 20; /* between looks whether it was called off */

struct snapshot {
    _Atomic uint32_t refs;
    struct schema_cache *schemas; /* any thread */
    /* Immutable from here on. */
    struct generation_info info;
    enum storage_kind storage;
    struct huge_memory memory; /* STORAGE_MEMORY: all segments, one behind the other */
    struct segment **segments; /* by part */
    size_t n_segments;
    struct seg_set set;
    uint64_t n_rows;
    uint64_t index_bytes;
};

struct found_rows {
    const struct snapshot *snapshot;
    struct seg_rows rows;
};

struct snapshot *snapshot_ref(struct snapshot *s)
{
    atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
    return s;
}

void snapshot_unref(struct snapshot *s)
{
    if (!s || atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) > 1)
        return;
    schema_cache_done(s->schemas);
    free(s->schemas);
    seg_set_done(&s->set);
    for (size_t i = 0; i < s->n_segments; i++)
        seg_close(s->segments[i]);
    free(s->segments);
    huge_memory_done(&s->memory);
    free(s);
}

/* Segments begin at page boundaries of the copy, so that their payloads are aligned as in the file. */
static uint64_t page_up(uint64_t bytes)
{
    return (bytes + 4095) & ~(uint64_t)4095;
}

must_use static enum code reserve_memory(struct snapshot *s, const char *dir, struct err *err)
{
    uint64_t total = 0;
    for (uint32_t part = 0; part < s->info.n_parts; part++) {
        char path[PATH_CAP];
        uint64_t bytes;
        TRY(segment_path(dir, part, path, err));
        TRY(file_size(path, &bytes, err));
        total += page_up(bytes);
    }
    return huge_memory_init(&s->memory, total, err);
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

/* Open a segment from its copy in memory at *used, and move that behind it. */
must_use static enum code open_copy(struct snapshot *s, const char *path,
                                    const struct remote_op *op, uint64_t *used,
                                    struct segment **out_segment, struct err *err)
{
    uint64_t bytes;
    TRY(file_size(path, &bytes, err));
    if (bytes > s->memory.len - *used)
        return err_set(err, E_CORRUPT, "segment %s grew while it was read", path);
    uint8_t *at = s->memory.ptr + *used;
    TRY(copy_file(path, at, bytes, op, err));
    *used += page_up(bytes);
    enum code rc = seg_open_bytes(view_of(at, bytes), out_segment, err);
    return rc ? err_in(err, rc, "segment %s", path) : OK;
}

must_use static enum code open_mapped(const char *path, struct segment **out_segment,
                                      struct err *err)
{
    TRY(seg_open(path, out_segment, err));
    mapped_file_expect_random(&(*out_segment)->map);
    return OK;
}

must_use static enum code read_ahead(struct snapshot *s, const char *dir, struct err *err)
{
    int *fds = mem_alloc(s->n_segments * sizeof(*fds));
    uint32_t n = 0;
    enum code rc = OK;
    while (!rc && n < s->n_segments) {
        char path[PATH_CAP];
        rc = segment_path(dir, n, path, err);
        if (!rc)
            rc = file_open(path, &fds[n], err);
        n += !rc;
    }
    if (!rc)
        seg_set_read_ahead(&s->set, s->segments, fds);
    while (rc && n-- > 0)
        close(fds[n]);
    free(fds);
    return rc;
}

must_use static enum code open_segments(struct snapshot *s, const char *dir,
                                        const struct remote_op *op, struct err *err)
{
    uint64_t used = 0;
    s->segments = mem_zalloc(s->info.n_parts * sizeof(struct segment *));
    if (s->storage == STORAGE_MEMORY)
        TRY(reserve_memory(s, dir, err));
    for (uint32_t part = 0; part < s->info.n_parts; part++) {
        char path[PATH_CAP];
        TRY(segment_path(dir, part, path, err));
        if (s->storage == STORAGE_MEMORY)
            TRY(open_copy(s, path, op, &used, &s->segments[part], err));
        else
            TRY(open_mapped(path, &s->segments[part], err));
        s->n_segments++;
        s->n_rows += s->segments[part]->n_rows;
        s->index_bytes += seg_index_bytes(s->segments[part]);
    }
    enum code rc = seg_set_init(&s->set, s->segments, s->n_segments, err);
    if (rc)
        return err_in(err, rc, "generation %s", dir);
    return s->storage == STORAGE_DISK ? read_ahead(s, dir, err) : OK;
}

enum code snapshot_open(const char *dir, enum storage_kind storage, const struct remote_op *op,
                        struct snapshot **out_snapshot, struct err *err)
{
    struct snapshot *s = mem_zalloc(sizeof(*s));
    s->refs = 1;
    s->storage = storage;
    s->schemas = mem_zalloc(sizeof(*s->schemas));
    enum code rc = generation_read_info(dir, &s->info, err);
    if (!rc)
        rc = open_segments(s, dir, op, err);
    if (!rc && s->n_rows != s->info.n_rows)
        rc = err_set(err, E_CORRUPT, "generation %s: segments have %llu rows, table.json says %llu",
                     dir, (unsigned long long)s->n_rows, (unsigned long long)s->info.n_rows);
    if (rc) {
        snapshot_unref(s);
        return rc;
    }
    *out_snapshot = s;
    return OK;
}

enum code snapshot_open_live(const char *data_dir, const char *table, enum storage_kind storage,
                             struct snapshot **out_snapshot, struct err *err)
{
    char table_dir[PATH_CAP], dir[PATH_CAP];
    static const struct remote_op no_bound;
    uint64_t number = 0, before;
    enum code rc;
    TRY(path_format(table_dir, err, "%s/%s", data_dir, table));
    /* A server may swap and prune between the manifest and the opening: then there is a newer one. */
    do {
        before = number;
        TRY(generation_live(table_dir, &number, err));
        if (number == 0)
            return err_set(err, E_NOTFOUND, "no loaded table '%s' in %s", table, data_dir);
        TRY(generation_path(table_dir, number, dir, err));
        rc = snapshot_open(dir, storage, &no_bound, out_snapshot, err);
    } while (rc && number != before);
    return rc;
}

const struct generation_info *snapshot_info(const struct snapshot *s)
{
    return &s->info;
}

enum storage_kind snapshot_storage(const struct snapshot *s)
{
    return s->storage;
}

uint64_t snapshot_memory_bytes(const struct snapshot *s)
{
    return s->memory.len;
}

void snapshot_drop_cache(const char *dir, const struct snapshot *s)
{
    for (uint32_t part = 0; part < s->info.n_parts; part++) {
        char path[PATH_CAP];
        if (segment_path(dir, part, path, NULL) == OK)
            file_drop_cache(path);
    }
}

uint64_t snapshot_index_bytes(const struct snapshot *s)
{
    return s->index_bytes;
}

const struct schema *snapshot_schema(const struct snapshot *s)
{
    return s->set.schema;
}

struct view snapshot_schema_message(const struct snapshot *s, const struct projection *columns,
                                    struct arena *arena)
{
    return schema_cache_get(s->schemas, s->set.schema, columns, arena);
}

uint64_t snapshot_generation(const struct snapshot *s)
{
    return s->info.number;
}

uint64_t snapshot_n_rows(const struct snapshot *s)
{
    return s->n_rows;
}

uint64_t snapshot_n_slots(const struct snapshot *s)
{
    uint64_t n_slots = 0;
    for (size_t i = 0; i < s->n_segments; i++)
        n_slots += s->segments[i]->n_slots;
    return n_slots;
}

struct view snapshot_slot_key(const struct snapshot *s, uint64_t i)
{
    const struct seg_block *b = s->set.blocks;
    for (; i >= seg_block_n_slots(b); b++)
        i -= seg_block_n_slots(b);
    return seg_row_key(s->set.layout, b, b->rows + i * s->set.layout->groups[0].stride);
}

const struct found_rows *snapshot_find(const struct snapshot *s, struct key_list keys,
                                       const struct projection *columns, struct arena *arena)
{
    struct found_rows *f = arena_zalloc(arena, sizeof(*f));
    f->snapshot = s;
    f->rows = (struct seg_rows){
        .n = keys.n,
        .touch = seg_touch_of(&s->set, columns->fields, columns->n_fields),
        .row = arena_alloc(arena, keys.n * sizeof(*f->rows.row)),
        .block = arena_alloc(arena, keys.n * sizeof(*f->rows.block)),
        .slot = arena_alloc(arena, keys.n * sizeof(*f->rows.slot)),
        .present = arena_alloc(arena, column_bitmap_bytes(keys.n)),
    };
    seg_find(&s->set, keys.keys, &f->rows);
    return f;
}

size_t found_n_absent(const struct found_rows *rows)
{
    return rows->rows.n_absent;
}

enum code found_sizes(const struct found_rows *rows, const size_t *fields, size_t n_fields,
                      struct column_sizes *out_sizes, struct err *err)
{
    return seg_sizes(&rows->snapshot->set, &rows->rows, fields, n_fields, out_sizes, err);
}

void found_gather(const struct found_rows *rows, const size_t *fields, size_t n_fields,
                  struct column *columns)
{
    seg_gather(&rows->snapshot->set, &rows->rows, fields, n_fields, columns);
}
