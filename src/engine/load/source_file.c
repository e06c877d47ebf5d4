#include "engine/load/source_file.h"

#include "base/mem.h"

/* Most footers are in the last 64 KiB, so one read is enough; a longer footer takes a second
 * read. */
static size_t tail_bytes(uint64_t size)
{
    return size < PQ_TAIL_GOOD ? (size_t)size : PQ_TAIL_GOOD;
}

/* Open the object in its version, and ask for its end. */
must_use static enum code open_object(struct source_file *f, const struct object_info *info,
                                      const struct remote_op *op, struct err *err)
{
    f->size = info->size;
    TRY(object_open(f->store, info, &f->object, err));
    size_t len = tail_bytes(f->size);
    struct byte_range range = {f->size - len, len, buf_reserve(&f->tail, len), true};
    f->opening = object_read_start(f->object, &range, 1, op);
    return OK;
}

/* Begin anew with what the store says of the object. */
must_use static enum code open_as_it_is(struct source_file *f, const char *name,
                                        const struct remote_op *op, struct err *err)
{
    object_close(f->object);
    f->object = NULL;
    enum code rc = object_store_stat(f->store, name, op, &f->own, err);
    if (rc == E_NOTFOUND)
        return err_set(err, E_CHANGED, "file %s is gone", f->name);
    return rc ? rc : open_object(f, &f->own, op, err);
}

enum code source_file_start(const struct data_file *file, const struct remote_op *op,
                            struct source_file *out_file, struct err *err)
{
    struct source_file *f = out_file;
    *f = (struct source_file){.name = file->name, .store = file->store};
    if (!file->info.version[0])
        f->own.name = mem_strdup(file->info.name); /* until open_as_it_is */
    enum code rc = open_object(f, &file->info, op, err);
    if (rc == E_CHANGED && f->own.name) {
        AUTO(ptr) char *name = f->own.name;
        f->own.name = NULL;
        rc = open_as_it_is(f, name, op, err);
    }
    if (rc)
        source_file_close(f);
    return rc;
}

must_use static enum code finish_opening(struct source_file *f, const struct remote_op *op,
                                         struct err *err)
{
    struct object_read *opening = f->opening;
    f->opening = NULL;
    enum code rc = object_read_finish(opening, err);
    if (rc != E_CHANGED || !f->own.name || f->own.version)
        return rc;
    AUTO(ptr) char *name = f->own.name;
    f->own.name = NULL;
    TRY(open_as_it_is(f, name, op, err));
    return finish_opening(f, op, err);
}

must_use static enum code read_footer(struct source_file *f, const struct remote_op *op,
                                      const struct pq_limits *limits, struct err *err)
{
    uint64_t offset;
    uint32_t len;
    TRY(finish_opening(f, op, err));
    f->tail.len = tail_bytes(f->size);
    TRY(pq_footer_locate(buf_view(&f->tail), f->size, limits, &offset, &len, err));
    uint64_t tail_offset = f->size - f->tail.len;
    if (offset >= tail_offset)
        return pq_file_parse(view_of(f->tail.ptr + (offset - tail_offset), len), f->size, limits,
                             &f->pq, err);
    AUTO(buf) struct buf footer = {0};
    struct byte_range range = {offset, len, buf_reserve(&footer, len), false};
    TRY(object_read_now(f->object, &range, 1, op, err));
    footer.len = len;
    return pq_file_parse(buf_view(&footer), f->size, limits, &f->pq, err);
}

enum code source_file_open(struct source_file *f, const struct remote_op *op,
                           const struct pq_limits *limits, struct err *err)
{
    enum code rc = read_footer(f, op, limits, err);
    if (rc && rc != E_CANCELLED)
        err_write_in(err, "file %s", f->name);
    return rc;
}

void source_file_drop_tail(struct source_file *f)
{
    buf_done(&f->tail);
    f->tail = (struct buf){0};
}

void source_file_close(struct source_file *f)
{
    struct err ignored;
    if (f->opening && object_read_finish(f->opening, &ignored))
        f->opening = NULL; /* the bytes are not wanted, so neither is the error */
    pq_file_free(f->pq);
    object_close(f->object);
    object_info_done(&f->own);
    source_file_drop_tail(f);
    *f = (struct source_file){0};
}

static bool copy_from_tail(const struct source_file *f, const struct byte_range *range)
{
    uint64_t tail_offset = f->size - f->tail.len;
    if (f->tail.len == 0 || range->offset < tail_offset || range->offset + range->len > f->size)
        return false;
    memcpy(range->out, f->tail.ptr + (range->offset - tail_offset), range->len);
    return true;
}

struct object_read *source_file_read(const struct source_file *f, const struct byte_range *ranges,
                                     size_t n, const struct remote_op *op)
{
    AUTO(ptr) struct byte_range *missing = mem_alloc((n + 1) * sizeof(*missing));
    size_t n_missing = 0;
    for (size_t i = 0; i < n; i++)
        if (!copy_from_tail(f, &ranges[i]))
            missing[n_missing++] = ranges[i];
    return object_read_start(f->object, missing, n_missing, op);
}
