#include "engine/write/delta.h"

#include "base/mem.h"
#include "engine/write/body_open.h"
#include "engine/build/build.h"
#include "engine/build/newer_rows.h"
#include "engine/store/layer.h"
#include "engine/build/row_sink.h"
#include "format/arrow/keys.h"
#include "format/json/fetch_request.h"

#include <limits.h>

/*
 * One delta for each group of writes: a writer thread makes it, adds its writes,
 * builds, and frees it.
 *
 * (1) Ordinals go on from write to write, so a later write wins, and of two rows with one key in
 *     one body the later row.
 * (2) A write's records are in a spill of its own until its whole body was read. A bad body frees
 *     its spill and does not move the ordinals; the other writes of the group are not affected.
 * (3) All writes of a group get one time. So unless there are deletes, rows need no stamps: the
 *     manifest has the time.
 * (4) A patch is alone in its delta. Its columns are nullable here, whatever the table says, since
 *     those that it leaves out are null under their mask bits.
 * (5) If a column says which of two rows is newer, the rows of a group are compared by it, and each
 *     with the row that is served when the group began; no other group of the table is done
 *     meanwhile. A patch that leaves the column out has no value to compare, and counts.
 */

static const uint64_t block_rows = 131072; /* as a load's */

static const uint64_t row_bytes = 64; /* of a body; a wrong guess costs only speed */

struct delta {
    struct record_source source; /* first: a source is cast back */
    struct newer_rows newer;     /* of `source` (5) */
    struct delta_config config;
    struct memory_shares shares;
    struct schema schema; /* with mask or stamp in front if rows need them (3), (4) */
    struct record_format format;
    struct seg_layout layout;
    struct spill **spills; /* of the good writes, in their order */
    size_t n_spills;
    size_t *next_spill;       /* by block: the spill to take records from next */
    struct seg_origin origin; /* (3) */
    uint64_t n_rows;          /* also the ordinal of the next row (1) */
    uint64_t n_bytes;         /* of the records */
    uint64_t *n_nulls;        /* by field */
    struct key_lengths key_lengths;
};

/* As many blocks as the rows need, and as the bytes need unless a single block may hold them
 * all. */
static uint64_t blocks_for(uint64_t n_rows, uint64_t n_bytes, const struct memory_shares *shares)
{
    uint64_t by_rows = n_rows / block_rows + 1;
    uint64_t by_bytes = n_bytes <= shares->lone_block ? 1 : n_bytes / shares->block + 1;
    uint64_t n = by_rows > by_bytes ? by_rows : by_bytes;
    return n < SEG_MAX_BLOCKS ? n : SEG_MAX_BLOCKS;
}

uint64_t delta_guess_blocks(uint64_t n_bytes, uint64_t memory_bytes, const struct pool *pool)
{
    struct memory_shares shares = memory_shares_of_writes(memory_bytes, pool_size(pool));
    return blocks_for(n_bytes / row_bytes, n_bytes, &shares);
}

uint64_t delta_wanted_blocks(const struct delta *d)
{
    return blocks_for(d->n_rows, d->n_bytes, &d->shares);
}

/* (5) */
static void set_newest_by(struct delta *d)
{
    ptrdiff_t stamp = schema_find(&d->schema, view_cstr(STAMP_FIELD));
    ptrdiff_t field =
        d->config.newest_by ? schema_find(&d->schema, view_cstr(d->config.newest_by)) : -1;
    if (stamp >= 0)
        d->format.stamp = (size_t)stamp;
    if (field >= 0)
        d->format.newest_by = (size_t)field;
}

enum code delta_new(const struct delta_config *config, struct delta **out_delta, struct err *err)
{
    struct delta *d = mem_zalloc(sizeof(*d));
    d->config = *config;
    d->shares = memory_shares_of_writes(config->memory_bytes, pool_size(config->pool));
    if (config->has_deletes || config->patched)
        layer_schema(config->schema, config->patched != NULL, &d->schema);
    else
        schema_copy(config->schema, &d->schema);
    d->spills = mem_zalloc(config->n_writes * sizeof(struct spill *));
    d->next_spill = mem_zalloc(d->config.n_blocks * sizeof(*d->next_spill));
    d->n_nulls = mem_zalloc(d->schema.n_fields * sizeof(*d->n_nulls));
    enum code rc = record_format_init(&d->format, &d->schema, err);
    if (!rc)
        set_newest_by(d);
    if (rc)
        delta_free(d);
    else
        *out_delta = d;
    return rc;
}

void delta_free(struct delta *d)
{
    if (!d)
        return;
    for (size_t i = 0; i < d->n_spills; i++)
        spill_free(d->spills[i]);
    free(d->spills);
    free(d->next_spill);
    free(d->n_nulls);
    seg_layout_done(&d->layout);
    record_format_done(&d->format);
    schema_done(&d->schema);
    free(d);
}

/* ------------------------------------------------------------------------------------ reading */

/* Called after every few hundred rows of a write, whose records have `n_bytes` so far. */
must_use static enum code check_going_on(const struct delta *d, uint64_t n_bytes, struct err *err)
{
    uint64_t quota = d->config.quota_left, left = quota > d->n_bytes ? quota - d->n_bytes : 0;
    if (n_bytes > left)
        return err_set(err, E_NOSPACE,
                       "the write does not fit into the quota (write.quota): %llu bytes are left",
                       (unsigned long long)left);
    if (atomic_load_explicit(&d->config.progress->cancelled, memory_order_relaxed))
        return err_set(err, E_CANCELLED, "stopped");
    return OK;
}

/* (4) */
static void let_lack(struct delta *d, const struct body *body)
{
    for (size_t i = 0; i < body->schema->n_fields; i++)
        d->schema.fields[d->schema.n_fields - body->schema->n_fields + i].nullable |=
            !body->is_given[i];
}

/* A column that may not be null and that the body leaves out; NULL if there is none. */
static const char *lacking(const struct body *body)
{
    for (size_t i = 0; i < body->schema->n_fields; i++)
        if (!body->is_given[i] && !body->schema->fields[i].nullable)
            return body->schema->fields[i].name;
    return NULL;
}

/* A patch of a key that does not exist makes a row with nulls in the other columns. That fails if
 * one of them may not be null. */
must_use static enum code check_patched(const struct delta *d, const struct body *body,
                                        const struct view *keys, size_t n, struct err *err)
{
    static const struct projection nothing;
    const char *name = lacking(body);
    struct arena arena = {0};
    char shown[160];
    if (!name)
        return OK;
    const struct found_rows *found = snapshot_find(d->config.patched, (struct key_list){keys, n},
                                                   &nothing, ROWS_OF_ALL_KEYS, &arena);
    enum code rc =
        found_sizes(found, NULL, 0, NULL, err); /* a damaged row does not count as absent */
    for (size_t i = 0; i < n && !rc; i++)
        if (!found_is_present(found, i))
            rc = err_set(
                err, E_INVALID,
                "the key with the bytes '%s' does not exist, and the patch leaves out column "
                "'%s', which may not be null",
                view_printable(keys[i], shown, sizeof(shown)), name);
    arena_done(&arena);
    return rc;
}

must_use static enum code put_rows(struct delta *d, const struct write_request *w, int64_t stamp,
                                   struct row_sink *sink, uint64_t *n_rows, struct err *err)
{
    struct body *body;
    struct body_config config = {
        .form = w->form,
        .bytes = w->body.bytes,
        .batches = w->body.batches,
        .schema = d->config.schema,
        .rules = w->rules,
        .stamp = stamp,
        .shares = &d->shares,
    };
    AUTO(ptr) struct type *types = mem_alloc((2 + d->config.schema->n_fields) * sizeof(*types));
    /* The body has mask and stamp in front; this many of them are not in the segment. */
    size_t skip = 2 + d->config.schema->n_fields - d->schema.n_fields;
    TRY(body_open(&config, &body, err));
    if (d->config.patched)
        let_lack(d, body);
    body_types(body, types);
    row_sink_expect(sink, types + skip);
    enum code rc;
    size_t n = 0;
    do {
        rc = body_next(body, &n, err);
        if (!rc && n)
            rc = row_sink_put(sink, body->columns + skip, n, NULL, d->n_rows + *n_rows, *n_rows,
                              err);
        if (!rc && n && d->config.patched)
            rc = check_patched(d, body, sink->keys, n, err);
        *n_rows += n;
        if (!rc)
            rc = check_going_on(d, sink->n_bytes, err);
    } while (!rc && n);
    body_close(body);
    return rc;
}

/* The columns of deletes: a stamp, and zeros everywhere else. They are not counted as nulls, which
 * would give every column of the segment a null bit. */
static struct vector *delete_columns(const struct delta *d, int64_t stamp)
{
    size_t n = d->schema.n_fields;
    struct vector *columns = mem_zalloc(n * sizeof(*columns));
    for (size_t i = 0; i < n; i++)
        vector_init(&columns[i], &d->schema.fields[i].type, ROW_SINK_ROWS);
    for (size_t i = 0; i < ROW_SINK_ROWS; i++)
        ((int64_t *)columns[0].values)[i] = stamp;
    return columns;
}

/* State of put_keys. */
struct deletes {
    const struct delta *delta;
    struct row_sink *sink;
    struct vector *columns;
    uint64_t *n_rows;
};

/* A key_list_fn. */
static enum code put_keys(void *arg, struct key_list keys, struct err *err)
{
    _Static_assert((int)KEYS_AT_ONCE <= (int)ROW_SINK_ROWS, "a sink takes them at once");
    struct deletes *t = arg;
    for (size_t i = 0; i < t->delta->schema.n_fields; i++)
        t->columns[i].n = keys.n;
    TRY(row_sink_put_keyed(t->sink, t->columns, keys.keys, keys.n, t->delta->n_rows + *t->n_rows,
                           err));
    *t->n_rows += keys.n;
    return OK;
}

must_use static enum code read_deletes(struct deletes *t, const struct write_request *w,
                                       struct err *err)
{
    const struct schema *schema = t->delta->config.schema;
    switch (w->form) {
    case WRITE_ARROW:
        return arrow_keys_read_some(w->body.bytes, schema, put_keys, t, err);
    case WRITE_BATCHES:
        return arrow_keys_import_some(w->body.batches, schema, put_keys, t, err);
    case WRITE_JSON:
        return fetch_keys_parse(w->body.bytes, schema, put_keys, t, err);
    default:
        return err_set(err, E_INVALID,
                       "keys to delete must be JSON or an Arrow stream, not a Parquet file");
    }
}

must_use static enum code put_deletes(struct delta *d, const struct write_request *w, int64_t stamp,
                                      struct row_sink *sink, uint64_t *n_rows, struct err *err)
{
    struct deletes t = {d, sink, delete_columns(d, stamp), n_rows};
    enum code rc = read_deletes(&t, w, err);
    for (size_t i = 0; i < d->schema.n_fields; i++)
        vector_done(&t.columns[i]);
    free(t.columns);
    return rc;
}

/* The write is good: keep its records (2). */
static void keep(struct delta *d, struct spill *take_spill, const struct row_sink *sink,
                 uint64_t n_rows)
{
    spill_seal(take_spill);
    d->spills[d->n_spills++] = take_spill;
    d->n_rows += n_rows;
    d->n_bytes += sink->n_bytes;
    for (size_t i = 0; i < d->schema.n_fields; i++)
        d->n_nulls[i] += sink->n_nulls[i];
    key_lengths_sum(&d->key_lengths, &sink->key_lengths);
}

enum code delta_add(struct delta *d, const struct write_request *write, int64_t time_us,
                    uint64_t *out_n_rows, struct err *err)
{
    struct spill_config config = {d->config.dir, d->shares.records / d->config.n_writes,
                                  d->config.n_blocks, 1};
    struct spill *spill = spill_new(&config);
    struct row_sink_config to = {&d->schema, &d->format, spill, d->config.n_blocks,
                                 d->config.hash_seed};
    struct row_sink *sink = mem_alloc(sizeof(*sink));
    uint64_t n_rows = 0;
    row_sink_init(sink, &to, 0);
    d->origin = (struct seg_origin){0, seg_stamp(time_us, false), seg_stamp(time_us, true)};
    enum code rc = write->verb == WRITE_DELETE
                       ? put_deletes(d, write, seg_stamp(time_us, true), sink, &n_rows, err)
                       : put_rows(d, write, seg_stamp(time_us, false), sink, &n_rows, err);
    if (rc) {
        spill_free(spill);
    } else {
        keep(d, spill, sink, n_rows);
        *out_n_rows = n_rows;
    }
    row_sink_done(sink);
    free(sink);
    return rc;
}

/* ----------------------------------------------------------------------------------- building */

/* The records of a bin, one write after the other. */
static enum code take(struct record_source *source, unsigned worker, size_t bin,
                      uint8_t **out_bytes, size_t *out_len, struct err *err)
{
    struct delta *d = (struct delta *)source;
    *out_bytes = NULL;
    *out_len = 0;
    for (; d->next_spill[bin] < d->n_spills; d->next_spill[bin]++) {
        struct record_source *from = spill_source(d->spills[d->next_spill[bin]]);
        TRY(from->take(from, worker, bin, out_bytes, out_len, err));
        if (*out_len)
            return OK;
    }
    return OK;
}

/* Whether a patch leaves out the column that decides (5). */
static bool patch_counts(void *arg, const struct record *r)
{
    const struct delta *d = arg;
    size_t i = d->format.newest_by - (d->schema.n_fields - d->config.schema->n_fields);
    if (!d->config.patched)
        return false;
    const uint8_t *mask = record_cell(&d->format, r, 0);
    return mask[i / 8] >> i % 8 & 1;
}

/* If there are fewer blocks than workers, the busy ones divide the memory of all. */
static uint64_t worker_bytes(const struct delta *d)
{
    uint64_t n_workers = pool_size(d->config.pool), n_blocks = d->config.n_blocks;
    return d->shares.build * n_workers / (n_blocks < n_workers ? n_blocks : n_workers);
}

enum code delta_build(struct delta *d, struct err *err)
{
    struct build_result built;
    d->source.take = take;
    bool compares = d->format.newest_by != RECORD_BY_ORDER;
    newer_rows_init(&d->newer, &d->source, &d->format, d->config.served, patch_counts, d);
    TRY(seg_layout_choose(&d->schema, false, &d->key_lengths, d->n_nulls, &d->layout, err));
    struct build_config config = {
        .dir = d->config.dir,
        .schema = &d->schema,
        .layout = &d->layout,
        .format = &d->format,
        .source = compares ? &d->newer.source : &d->source,
        .n_blocks = d->config.n_blocks,
        .n_parts = 1,
        .hash_seed = d->config.hash_seed,
        .origin = d->origin,
        .worker_bytes = worker_bytes(d),
        .setting = "write.memory",
    };
    return build_run(&config, d->config.pool, d->config.progress, &built, err);
}
