#include "engine/build/build.h"

#include "base/file.h"
#include "base/mem.h"
#include "engine/store/generation.h"
#include "segment/verify.h"

/*
 * A build runs once for each load, group of writes and merge, in two rounds over the workers:
 *
 *     blocks     take the records of a bin, drop the replaced ones, build index, rows and heap in
 *                about 10 MB of memory that stay in cache, and write them in one piece
 *     parts      write the footer, fsync, rename, open again, compare every checksum
 *
 * (1) The records of a block are exactly those of one bin, since both are cut by the same ranges of
 *     key hashes. So blocks need nothing from each other, and no lock.
 * (2) Of records with the same key the one with the largest ordinal stays, in whatever order they
 *     arrive.
 * (3) A worker holds at most worker_bytes of records, plus the piece that it is taking. Dropping
 *     replaced records early keeps this true when many rows have few keys.
 */

/* The records of the block that a worker builds. */
struct holding {
    uint8_t **pieces; /* owned runs of records */
    size_t n_pieces;
    uint64_t n_bytes;
    const struct record **records; /* into the pieces */
    size_t n_records, cap_records;
};

struct build {
    const struct build_config *config;
    struct load_progress *progress;
    struct seg_writer **writers;     /* by part */
    struct block_builder **builders; /* by worker */
    struct build_result *parts;      /* by part */
};

static void holding_done(struct holding *h)
{
    for (size_t i = 0; i < h->n_pieces; i++)
        free(h->pieces[i]);
    free(h->pieces);
    free(h->records);
    *h = (struct holding){0};
}

static void hold_piece(struct holding *h, uint8_t *take_bytes, size_t len)
{
    h->pieces = mem_realloc(h->pieces, (h->n_pieces + 1) * sizeof(*h->pieces));
    h->pieces[h->n_pieces++] = take_bytes;
    h->n_bytes += len;
    for (size_t at = 0; at < len;) {
        const struct record *r = (const struct record *)(take_bytes + at);
        if (h->n_records == h->cap_records) {
            h->cap_records = h->cap_records ? h->cap_records * 2 : 1024;
            h->records = mem_realloc(h->records, h->cap_records * sizeof(*h->records));
        }
        h->records[h->n_records++] = r;
        at += r->size;
    }
}

/* Copy the remaining records into one new piece, and free the old pieces. */
static void compact(struct holding *h)
{
    size_t len = 0;
    for (size_t i = 0; i < h->n_records; i++)
        len += h->records[i]->size;
    struct holding fresh = {0};
    uint8_t *bytes = mem_alloc(len), *at = bytes;
    for (size_t i = 0; i < h->n_records; i++) {
        memcpy(at, h->records[i], h->records[i]->size);
        at += h->records[i]->size;
    }
    hold_piece(&fresh, bytes, len);
    holding_done(h);
    *h = fresh;
}

/* Take all records of a block. Whenever the bound is reached, the replaced ones are dropped (3). */
must_use static enum code hold_block(struct build *b, unsigned worker, size_t block,
                                     struct holding *h, struct err *err)
{
    const struct build_config *c = b->config;
    for (;;) {
        uint8_t *bytes;
        size_t len;
        TRY(c->source->take(c->source, worker, block, &bytes, &len, err));
        if (len == 0)
            return OK;
        hold_piece(h, bytes, len);
        if (h->n_bytes <= c->worker_bytes)
            continue;
        h->n_records = block_drop_replaced(b->builders[worker], h->records, h->n_records);
        compact(h);
        /* Dropping must free half of the bound, or it would run again for every piece that comes
         * and cost quadratic time. With a few long rows that cannot happen, and they may fill the
         * bound. */
        uint64_t most = h->n_records <= 16 ? c->worker_bytes : c->worker_bytes / 2;
        if (h->n_bytes > most)
            return err_set(
                err, E_LIMIT,
                "%zu rows of one block have %llu bytes, but %s leaves only %llu bytes for "
                "a block; raise %s",
                h->n_records, (unsigned long long)h->n_bytes, c->setting, (unsigned long long)most,
                c->setting);
    }
}

/* Keep the newest record of every key, unless it is a delete. */
static void drop_deletes(struct block_builder *builder, struct holding *h)
{
    size_t n = 0, n_deletes = 0;
    for (size_t i = 0; i < h->n_records; i++)
        n_deletes += record_is_delete(h->records[i]);
    if (n_deletes == 0)
        return;
    h->n_records = block_drop_replaced(builder, h->records, h->n_records);
    for (size_t i = 0; i < h->n_records; i++)
        if (!record_is_delete(h->records[i]))
            h->records[n++] = h->records[i];
    h->n_records = n;
}

static enum code build_task(void *job, size_t task, unsigned worker, struct err *err)
{
    struct build *b = job;
    const struct build_config *c = b->config;
    if (atomic_load_explicit(&b->progress->cancelled, memory_order_relaxed))
        return err_set(err, E_CANCELLED, "stopped");
    AUTO(holding) struct holding h = {0};
    TRY(hold_block(b, worker, task, &h, err));
    if (c->drop_deletes)
        drop_deletes(b->builders[worker], &h);
    struct built_block built;
    TRY(block_build(b->builders[worker], h.records, h.n_records, &built, err));
    uint64_t blocks_of_part = c->n_blocks / c->n_parts;
    TRY(seg_writer_put(b->writers[task / blocks_of_part], (uint32_t)(task % blocks_of_part), &built,
                       err));
    atomic_fetch_add_explicit(&b->progress->rows_done, h.n_records, memory_order_relaxed);
    return OK;
}

/* Read the file back and compare it, before anything refers to it. */
must_use static enum code check_written(const char *path, uint64_t *out_n_rows, struct err *err)
{
    struct segment *s;
    TRY(seg_open(path, &s, err));
    enum code rc = seg_verify_checksums(s, err);
    *out_n_rows = s->n_rows;
    seg_close(s);
    return rc ? err_in(err, rc, "segment %s", path) : OK;
}

static enum code finish_task(void *job, size_t part, unsigned worker, struct err *err)
{
    (void)worker;
    struct build *b = job;
    char path[PATH_CAP];
    if (atomic_load_explicit(&b->progress->cancelled, memory_order_relaxed))
        return err_set(err, E_CANCELLED, "stopped");
    TRY(segment_path(b->config->dir, (uint32_t)part, path, err));
    TRY(seg_writer_finish(b->writers[part], &b->parts[part].disk_bytes, err));
    return check_written(path, &b->parts[part].n_rows, err);
}

must_use static enum code open_writers(struct build *b, struct err *err)
{
    const struct build_config *c = b->config;
    for (uint32_t part = 0; part < c->n_parts; part++) {
        char path[PATH_CAP];
        struct seg_plan plan = {
            .schema = c->schema,
            .layout = c->layout,
            .hash_seed = c->hash_seed,
            .part = part,
            .n_parts = c->n_parts,
            .n_blocks = (uint32_t)(c->n_blocks / c->n_parts),
            .origin = c->origin,
        };
        TRY(segment_path(c->dir, part, path, err));
        TRY(seg_writer_open(path, &plan, &b->writers[part], err));
    }
    return OK;
}

enum code build_run(const struct build_config *config, struct pool *pool,
                    struct load_progress *progress, struct build_result *out, struct err *err)
{
    struct build b = {.config = config, .progress = progress};
    unsigned n_workers = pool_size(pool);
    b.writers = mem_zalloc(config->n_parts * sizeof(struct seg_writer *));
    b.builders = mem_zalloc(n_workers * sizeof(struct block_builder *));
    b.parts = mem_zalloc(config->n_parts * sizeof(*b.parts));
    for (unsigned w = 0; w < n_workers; w++)
        b.builders[w] = block_builder_new(config->layout, config->format, config->n_blocks);
    atomic_store(&progress->rows_done, 0);
    enum code rc = open_writers(&b, err);
    if (!rc)
        rc = pool_run(pool, config->n_blocks, build_task, &b, err);
    if (!rc)
        rc = pool_run(pool, config->n_parts, finish_task, &b, err);
    struct build_result sum = {0};
    for (uint32_t part = 0; part < config->n_parts; part++) {
        sum.disk_bytes += b.parts[part].disk_bytes;
        sum.n_rows += b.parts[part].n_rows;
        seg_writer_close(b.writers[part]);
    }
    for (unsigned w = 0; w < n_workers; w++)
        block_builder_free(b.builders[w]);
    free(b.writers);
    free(b.builders);
    free(b.parts);
    if (!rc)
        *out = sum;
    return rc;
}
