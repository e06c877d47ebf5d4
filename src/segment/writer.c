#include "segment/writer.h"

#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"

#include <assert.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

struct seg_writer {
    char *path;
    char *tmp_path;
    int fd;
    struct seg_plan plan;
    pthread_mutex_t lock; /* guards all below; held while positions are taken, not while writing */
    uint64_t end;         /* of the payloads so far */
    struct seg_block_desc *blocks;
    struct seg_entry *data_entries; /* by block */
    uint32_t **page_sums;           /* by block: of its pages */
    struct buf pilots;
    struct buf extras;
    uint64_t n_rows, key_bytes, value_bytes;
    uint64_t *n_nulls; /* by field */
    struct buf tail_entries;
};

static uint64_t align_up(uint64_t at, uint64_t unit)
{
    return (at + unit - 1) & ~(unit - 1);
}

static uint64_t n_pages_of(uint64_t bytes)
{
    return align_up(bytes, SEG_PAGE_BYTES) / SEG_PAGE_BYTES;
}

enum code seg_writer_open(const char *path, const struct seg_plan *plan,
                          struct seg_writer **out_writer, struct err *err)
{
    char tmp[PATH_CAP];
    TRY(path_format(tmp, err, "%s.tmp", path));
    int fd = open(tmp, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0)
        return err_errno(err, code_of_errno(), "cannot create %s", tmp);
    struct seg_writer *w = mem_zalloc(sizeof(*w));
    w->path = mem_strdup(path);
    w->tmp_path = mem_strdup(tmp);
    w->fd = fd;
    w->plan = *plan;
    w->end = SEG_PAGE_BYTES;
    w->blocks = mem_zalloc(plan->n_blocks * sizeof(*w->blocks));
    w->data_entries = mem_zalloc(plan->n_blocks * sizeof(*w->data_entries));
    w->page_sums = mem_zalloc(plan->n_blocks * sizeof(*w->page_sums));
    w->n_nulls = mem_zalloc(plan->schema->n_fields * sizeof(*w->n_nulls));
    pthread_mutex_init(&w->lock, NULL);
    *out_writer = w;
    return OK;
}

void seg_writer_close(struct seg_writer *w)
{
    if (!w)
        return;
    if (w->fd >= 0) {
        close(w->fd);
        unlink(w->tmp_path);
    }
    pthread_mutex_destroy(&w->lock);
    buf_done(&w->pilots);
    buf_done(&w->extras);
    buf_done(&w->tail_entries);
    free(w->path);
    free(w->tmp_path);
    free(w->blocks);
    free(w->data_entries);
    for (uint32_t i = 0; i < w->plan.n_blocks; i++)
        free(w->page_sums[i]);
    free(w->page_sums);
    free(w->n_nulls);
    free(w);
}

/*
 * Blocks arrive in any order from several threads. Under the lock, a block only takes its place in
 * the file, in the tables and in the sums; checksums and the write itself, which take long, come
 * after it. So the file has holes until the last block is written, and its head is written last of
 * all: a file without magic is never taken for a segment.
 */
static struct seg_entry entry_of(enum seg_kind kind, const char *name, uint32_t ordinal,
                                 uint64_t offset, struct view payload)
{
    struct seg_entry e = {.kind = kind,
                          .ordinal = ordinal,
                          .offset = offset,
                          .size = payload.len,
                          .checksum = hash_checksum(payload)};
    snprintf(e.name, sizeof(e.name), "%s", name);
    return e;
}

/* The last page is filled up with zeros, as the file is. */
static uint32_t *sum_pages(struct view data)
{
    size_t n = n_pages_of(data.len), last_bytes = data.len % SEG_PAGE_BYTES;
    uint32_t *sums = mem_alloc(n * sizeof(*sums));
    uint8_t last[SEG_PAGE_BYTES] = {0};
    for (size_t i = 0; i < n; i++) {
        const uint8_t *page = data.ptr + i * SEG_PAGE_BYTES;
        if (i == n - 1 && last_bytes)
            page = memcpy(last, page, last_bytes);
        sums[i] = hash_page(page, SEG_PAGE_BYTES);
    }
    return sums;
}

enum code seg_writer_put(struct seg_writer *w, uint32_t block_idx, const struct built_block *block,
                         struct err *err)
{
    assert(block_idx < w->plan.n_blocks);
    const struct block_shape *shape = &block->shape;

    pthread_mutex_lock(&w->lock);
    struct seg_block_desc desc = {
        .data_offset = w->end,
        .data_bytes = shape->data_bytes,
        .heap_offset = shape->heap_offset,
        .pilot_offset = w->pilots.len,
        .extra_offset = w->extras.len / sizeof(struct seg_extra),
        .seed = shape->index.seed,
        .n_rows = shape->n_rows,
        .n_index_slots = shape->index.n_slots,
        .n_buckets = shape->index.n_buckets,
        .n_extras = shape->n_extras,
    };
    w->end = align_up(w->end + shape->data_bytes, SEG_PAGE_BYTES);
    w->blocks[block_idx] = desc;
    buf_put(&w->pilots, block->pilots.ptr, block->pilots.len);
    buf_put(&w->extras, block->extras, shape->n_extras * sizeof(struct seg_extra));
    w->n_rows += shape->n_rows;
    w->key_bytes += block->key_bytes;
    w->value_bytes += block->value_bytes;
    for (size_t i = 0; i < w->plan.schema->n_fields; i++)
        w->n_nulls[i] += block->n_nulls[i];
    pthread_mutex_unlock(&w->lock);

    char name[16];
    snprintf(name, sizeof(name), "data.%u", block_idx);
    w->page_sums[block_idx] = sum_pages(block->data);
    w->data_entries[block_idx] = entry_of(SEG_DATA, name, block_idx, desc.data_offset, block->data);
    enum code rc = fd_write_at(w->fd, block->data, desc.data_offset, err);
    return rc ? err_in(err, rc, "%s", w->tmp_path) : OK;
}

static void put_u32(struct buf *out, uint32_t v)
{
    buf_put(out, &v, sizeof(v));
}

static void put_u64(struct buf *out, uint64_t v)
{
    buf_put(out, &v, sizeof(v));
}

static void put_meta(const struct seg_plan *plan, struct buf *out)
{
    put_u64(out, plan->hash_seed);
    put_u32(out, plan->part);
    put_u32(out, plan->n_parts);
    put_u32(out, plan->n_blocks);
    put_u32(out, (uint32_t)plan->schema->n_fields);
    put_u32(out, (uint32_t)plan->schema->n_key);
    for (size_t i = 0; i < plan->schema->n_fields; i++) {
        const struct field *f = &plan->schema->fields[i];
        put_u32(out, f->type.dtype);
        put_u32(out, (f->nullable ? SEG_NULLABLE : 0u) | (f->lossy ? SEG_LOSSY : 0u));
        put_u32(out, (uint32_t)strlen(f->name));
        buf_puts(out, f->name);
        if (!dtype_has_parameters(f->type.dtype))
            continue;
        char text[TYPE_TEXT_CAP];
        put_u32(out, (uint32_t)strlen(type_text(&f->type, text)));
        buf_puts(out, text);
    }
    for (size_t k = 0; k < plan->schema->n_key; k++)
        put_u32(out, (uint32_t)plan->schema->key[k]);
    seg_layout_put(plan->layout, out);
}

must_use static enum code write_payload(struct seg_writer *w, enum seg_kind kind, const char *name,
                                        struct view payload, struct err *err)
{
    TRY(fd_write_at(w->fd, payload, w->end, err));
    struct seg_entry e = entry_of(kind, name, 0, w->end, payload);
    buf_put(&w->tail_entries, &e, sizeof(e));
    w->end = align_up(w->end + payload.len, SEG_ALIGN);
    return OK;
}

/* By page of the file; the page before the first block has no checksum. */
static void put_page_sums(const struct seg_writer *w, uint64_t data_end, struct buf *out)
{
    buf_put_zeros(out, data_end / SEG_PAGE_BYTES * sizeof(uint32_t));
    for (uint32_t i = 0; i < w->plan.n_blocks; i++) {
        const struct seg_block_desc *d = &w->blocks[i];
        if (d->data_bytes)
            memcpy(out->ptr + d->data_offset / SEG_PAGE_BYTES * sizeof(uint32_t), w->page_sums[i],
                   n_pages_of(d->data_bytes) * sizeof(uint32_t));
    }
}

must_use static enum code write_tables(struct seg_writer *w, struct err *err)
{
    AUTO(buf) struct buf meta = {0};
    put_meta(&w->plan, &meta);
    AUTO(buf) struct buf stats = {0};
    put_u64(&stats, w->n_rows);
    put_u64(&stats, w->key_bytes);
    put_u64(&stats, w->value_bytes);
    buf_put(&stats, w->n_nulls, w->plan.schema->n_fields * sizeof(*w->n_nulls));
    AUTO(buf) struct buf pages = {0};
    put_page_sums(w, w->end, &pages);
    struct view blocks = view_of(w->blocks, w->plan.n_blocks * sizeof(*w->blocks));
    TRY(write_payload(w, SEG_META, "meta", buf_view(&meta), err));
    TRY(write_payload(w, SEG_STATS, "stats", buf_view(&stats), err));
    TRY(write_payload(w, SEG_BLOCKS, "blocks", blocks, err));
    TRY(write_payload(w, SEG_EXTRAS, "extras", buf_view(&w->extras), err));
    TRY(write_payload(w, SEG_PAGES, "pages", buf_view(&pages), err));
    TRY(write_payload(w, SEG_ORIGIN, "origin", view_of(&w->plan.origin, sizeof(w->plan.origin)),
                      err));
    return write_payload(w, SEG_PILOTS, "pilots", buf_view(&w->pilots), err);
}

must_use static enum code write_footer(struct seg_writer *w, uint64_t *out_file_bytes,
                                       struct err *err)
{
    AUTO(buf) struct buf footer = {0};
    buf_put(&footer, w->tail_entries.ptr, w->tail_entries.len);
    buf_put(&footer, w->data_entries, w->plan.n_blocks * sizeof(*w->data_entries));
    put_u64(&footer, hash_checksum(buf_view(&footer)));
    put_u32(&footer, (uint32_t)footer.len + 4);
    TRY(fd_write_at(w->fd, buf_view(&footer), w->end, err));
    *out_file_bytes = w->end + footer.len;

    AUTO(buf) struct buf head = {0};
    buf_puts(&head, SEG_MAGIC);
    put_u32(&head, SEG_VERSION);
    return fd_write_at(w->fd, buf_view(&head), 0, err);
}

/* The name is the promise that the file is complete, so it comes after the fsync. Durability of the
 * name itself is the caller's, who syncs the directory once for all segments. */
enum code seg_writer_finish(struct seg_writer *w, uint64_t *out_file_bytes, struct err *err)
{
    enum code rc = write_tables(w, err);
    if (!rc)
        rc = write_footer(w, out_file_bytes, err);
    if (rc)
        return err_in(err, rc, "%s", w->tmp_path);
    if (fsync(w->fd) < 0)
        return err_errno(err, code_of_errno(), "cannot fsync %s", w->tmp_path);
    if (rename(w->tmp_path, w->path) < 0)
        return err_errno(err, code_of_errno(), "cannot rename %s to %s", w->tmp_path, w->path);
    close(w->fd);
    w->fd = -1;
    return OK;
}
