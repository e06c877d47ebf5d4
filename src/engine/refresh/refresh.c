#include "engine/refresh/refresh.h"

#include "base/broken.h"
#include "base/file.h"
#include "base/mem.h"
#include "engine/build/build.h"
#include "engine/build/newer_rows.h"
#include "engine/load/row_reader.h"
#include "engine/load/scatter.h"
#include "engine/load/source_files.h"
#include "engine/refresh/change.h"
#include "engine/refresh/stamped.h"
#include "engine/refresh/subset.h"
#include "engine/store/layer.h"
#include "engine/store/snapshot_parts.h"
#include "segment/format.h"
#include "segment/stack.h"

#include <stdarg.h>
#include <stdio.h>

/*
 * A refresh runs once a commit of the source. It has up to four phases, each of which reads some
 * files into one spill, and then the layer is built:
 *
 *     removed     keys of the rows of removed files                   as deletes
 *     deleted     keys of the rows that vectors or positions delete   as deletes
 *     equal       keys that equality deletes name                     as deletes
 *     added       rows of added files
 *
 * (1) Ordinals go on from phase to phase, so a row that was added replaces the delete of its key.
 * (2) A row that is deleted must be the only one with its key, or another would have to show again.
 *     So a table with duplicates is loaded in full when anything is deleted. Whether an added row
 *     makes a duplicate is seen by looking its key up in what is served: it is there, and is not among
 *     the keys that were deleted (`gone`).
 * (3) Files are added with a sequence number above all before, except by a rewrite, which keeps the
 *     old one. If such a file makes a duplicate, the served row may be the newer one.
 * (4) Whoever deletes a row by position may delete it again, and files of deletes are merged and
 *     rewritten. So what is newly deleted from a file is the difference of all that was and is
 *     deleted from it; only files for which delete files changed are looked at.
 * (5) If a column says which of two rows is newer, an added row that is older than the served one of
 *     its key is left out, unless that one is gone.
 */

static const uint64_t block_rows = 131072; /* as a load's */

struct refresh {
    const struct refresh_job *job;
    struct err *why; /* why it must be a full load */
    struct change change;
    struct memory_shares shares;
    struct table_spec spec;      /* the columns are those that are served */
    struct column_spec *columns; /* of `spec` */
    struct seg_stack served;     /* what the source published */
    int64_t before_sequence;     /* the greatest of a data file */

    struct constant row_stamp, delete_stamp;
    bool is_stamped; /* some rows are deletes */
    struct record_format format;
    struct newer_rows newer;    /* if a column decides between rows (5) */
    struct snapshot *published; /* for it: what is served without writes; NULL: not needed */
    struct schema schema;       /* of the layer */
    struct spill *spill;
    uint64_t n_blocks;
    uint64_t next_ordinal; /* (1) */
    uint64_t *n_nulls;     /* by field of the layer; of deletes all but the key */
    struct key_lengths keys;

    pthread_mutex_t lock;    /* guards `gone` while keys are added */
    struct key_numbers gone; /* (2); 1: an added row has the key again */
    struct arena *arenas;    /* by worker */
    _Atomic bool makes_duplicates, makes_old_duplicates;
    _Atomic uint64_t n_again; /* keys of `gone` that an added row has */
    uint64_t n_added, n_deleted;
};

/* One phase. Zeroed memory is empty. */
struct phase {
    struct subset subset;
    struct source_files files;
    struct resolved resolved;
    struct row_deletes deletes;
    struct pq_limits limits;
    struct pq_budget budget;
    struct scatter_result result;
};

static void phase_done(struct phase *p)
{
    scatter_result_done(&p->result);
    row_deletes_done(&p->deletes);
    resolved_done(&p->resolved);
    source_files_close(&p->files);
    subset_done(&p->subset);
}

/* Set why the publication must be loaded in full; used as "return must_load(...)". */
printf_like(2, 3) static enum code must_load(struct refresh *r, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vsnprintf(r->why->msg, sizeof(r->why->msg), fmt, args);
    va_end(args);
    return OK;
}

static bool is_off(const struct refresh *r)
{
    return r->why->msg[0] != '\0';
}

/* ------------------------------------------------------------------------------- keys that are gone */

static enum code note_gone(void *arg, size_t file, const struct view *keys, size_t n,
                           unsigned worker, struct err *err)
{
    struct refresh *r = arg;
    (void)file;
    (void)worker;
    pthread_mutex_lock(&r->lock);
    for (size_t i = 0; i < n; i++)
        key_numbers_add(&r->gone, keys[i], 0);
    bool fits = key_numbers_bytes(&r->gone) <= r->shares.deletes;
    pthread_mutex_unlock(&r->lock);
    return fits ? OK
                : err_set(err, E_LIMIT, "the keys of deleted rows need more than %llu bytes",
                          (unsigned long long)r->shares.deletes);
}

/* Which of the keys the source published before; (2). */
static void find_served(struct refresh *r, const struct view *keys, size_t n, unsigned worker,
                        struct seg_rows *rows)
{
    struct arena *a = &r->arenas[worker];
    arena_reset(a);
    *rows = (struct seg_rows){
        .n = n,
        .row = arena_alloc(a, n * sizeof(*rows->row)),
        .block = arena_alloc(a, n * sizeof(*rows->block)),
        .slot = arena_alloc(a, n * sizeof(*rows->slot)),
        .present = arena_alloc(a, (n + 7) / 8),
        .layer = arena_alloc(a, n),
    };
    seg_stack_find(&r->served, keys, NULL, 0, rows, a);
}

static enum code note_added(void *arg, size_t file, const struct view *keys, size_t n,
                            unsigned worker, struct err *err)
{
    struct refresh *r = arg;
    const struct publication *after = r->job->after;
    bool is_old = after->data_files[r->change.added[file]].sequence_number <= r->before_sequence;
    struct seg_rows rows;
    find_served(r, keys, n, worker, &rows);
    if (rows.is_damaged)
        return err_set(err, E_CORRUPT, "served rows are damaged on disk (checksum mismatch)");
    for (size_t i = 0; i < n; i++) {
        int64_t *gone = key_numbers_at(&r->gone, keys[i]);
        if (gone && __atomic_exchange_n(gone, 1, __ATOMIC_RELAXED) == 0)
            atomic_fetch_add_explicit(&r->n_again, 1, memory_order_relaxed);
        if (gone || !(rows.present[i / 8] >> i % 8 & 1))
            continue;
        atomic_store_explicit(&r->makes_duplicates, true, memory_order_relaxed);
        if (is_old) /* (3) */
            atomic_store_explicit(&r->makes_old_duplicates, true, memory_order_relaxed);
    }
    return OK;
}

/* -------------------------------------------------------------------------------------- phases */

must_use static enum code read_deletes(struct refresh *r, struct phase *p, struct err *err)
{
    const struct row_deletes_config config = {
        .publication = &p->subset.publication,
        .pool = r->job->pool,
        .shares = &r->shares,
        .limits = &p->limits,
        .op = r->job->op,
        .temp_dir = r->job->dir,
        .hash_seed = r->served.layers[0].set->hasher.seed,
    };
    p->limits =
        row_reader_limits(&r->shares, publication_bytes(&p->subset.publication), &p->budget);
    return row_deletes_read(&p->deletes, &config, err);
}

must_use static enum code open_phase(struct refresh *r, struct phase *p, struct err *err)
{
    const struct publication *of = &p->subset.publication;
    p->limits = row_reader_limits(&r->shares, publication_bytes(of), &p->budget);
    TRY(source_files_open(&p->files, of, r->job->op, &p->limits, r->shares.tails, err));
    return resolve_columns(&r->spec, of, NULL, p->files.files, &p->resolved, err);
}

must_use static enum code scatter(struct refresh *r, struct phase *p, scatter_keys_fn on_keys,
                                  struct err *err)
{
    const struct refresh_job *job = r->job;
    bool is_far = false;
    for (size_t i = 0; i < p->subset.publication.n_data_files; i++)
        is_far |= p->subset.publication.data_files[i].store->is_far;
    const struct scatter_config config = {
        .files = p->files.files,
        .n_files = p->files.n,
        .resolved = &p->resolved,
        .deletes = &p->deletes,
        .format = &r->format,
        .spill = r->spill,
        .n_blocks = r->n_blocks,
        .hash_seed = r->served.layers[0].set->hasher.seed,
        .shares = &r->shares,
        .is_far = is_far,
        .op = job->op,
        .sample_every = 1,
        .temp_dir = job->dir,
        .first_ordinal = r->next_ordinal,
        .on_keys = on_keys,
        .arg = r,
    };
    TRY(scatter_run(&config, job->pool, job->progress, &p->result, err));
    r->next_ordinal += p->result.n_rows_listed;
    key_lengths_sum(&r->keys, &p->result.keys);
    for (size_t i = 0; i < r->schema.n_fields; i++)
        r->n_nulls[i] += p->result.n_nulls[i];
    return OK;
}

/* Read the keys of a phase's rows as deletes. */
must_use static enum code delete_rows(struct refresh *r, struct phase *p, struct err *err)
{
    TRY(open_phase(r, p, err));
    resolved_stamp(&p->resolved, &r->delete_stamp, true);
    TRY(scatter(r, p, note_gone, err));
    r->n_deleted += p->result.n_rows;
    return OK;
}

must_use static enum code read_removed(struct refresh *r, struct err *err)
{
    AUTO(phase) struct phase p = {0};
    if (r->change.n_removed == 0 || is_broken("removed rows stay"))
        return OK;
    subset_init(&p.subset, r->job->before, r->change.removed, r->change.n_removed, NULL);
    TRY(read_deletes(r, &p, err));
    return delete_rows(r, &p, err);
}

must_use static enum code read_added(struct refresh *r, struct err *err)
{
    AUTO(phase) struct phase p = {0};
    if (r->change.n_added == 0)
        return OK;
    subset_init(&p.subset, r->job->after, r->change.added, r->change.n_added, NULL);
    TRY(open_phase(r, &p, err));
    TRY(read_deletes(r, &p, err));
    if (r->is_stamped)
        resolved_stamp(&p.resolved, &r->row_stamp, false);
    TRY(scatter(r, &p, note_added, err));
    r->n_added = p.result.n_rows;
    return OK;
}

/* ------------------------------------------------------------------------ deleted by position (4) */

/* Mark the common files from which some wanted delete file by position deletes rows. `common` are
 * their indexes in `whole`. */
must_use static enum code mark_touched(struct refresh *r, const struct publication *whole,
                                       const size_t *common, const bool *wanted, bool *touched,
                                       struct err *err)
{
    AUTO(phase) struct phase p = {0};
    AUTO(ptr) bool *by_position = mem_zalloc(whole->n_delete_files + 1);
    AUTO(ptr) bool *has_wanted = mem_zalloc(whole->n_data_files + 1);
    for (size_t i = 0; i < whole->n_delete_files; i++) {
        const struct delete_file *d = &whole->delete_files[i];
        by_position[i] = wanted[i] && d->kind == DELETE_POSITIONS;
        if (wanted[i] && d->kind == DELETE_VECTOR)
            has_wanted[d->data_file] = true;
    }
    for (size_t k = 0; k < r->change.n_common; k++)
        touched[k] |= has_wanted[common[k]];
    subset_init(&p.subset, whole, common, r->change.n_common, by_position);
    TRY(read_deletes(r, &p, err));
    for (size_t k = 0; p.deletes.positions && k < r->change.n_common; k++)
        touched[k] |= p.deletes.positions[k].n_pages > 0;
    return OK;
}

/* Everything that is deleted from some files of a publication, by position or by anything. */
must_use static enum code all_deletes(struct refresh *r, struct phase *p,
                                      const struct publication *whole, const size_t *files,
                                      size_t n, bool by_equality, struct err *err)
{
    AUTO(ptr) bool *wanted = mem_zalloc(whole->n_delete_files + 1);
    for (size_t i = 0; i < whole->n_delete_files; i++)
        wanted[i] = by_equality || whole->delete_files[i].kind != DELETE_EQUALITY;
    subset_init(&p->subset, whole, files, n, wanted);
    TRY(read_deletes(r, p, err));
    if (!p->deletes.positions)
        p->deletes.positions = mem_zalloc((n + 1) * sizeof(*p->deletes.positions));
    return OK;
}

/* Whether rows came back: they were deleted and are not any more. */
static bool rows_came_back(const struct row_bitmap *was, const struct row_bitmap *is)
{
    AUTO(row_bitmap) struct row_bitmap back = {0};
    row_bitmap_add_all(&back, was);
    row_bitmap_remove(&back, is);
    return row_bitmap_count(&back) > 0;
}

static void swap(struct row_bitmap *a, struct row_bitmap *b)
{
    struct row_bitmap c = *a;
    *a = *b;
    *b = c;
}

/* Of the rows that are newly deleted by position, those that were deleted by equality before have no
 * key to delete: another row may have it by now. */
must_use static enum code read_touched(struct refresh *r, const size_t *before, const size_t *after,
                                       size_t n, struct err *err)
{
    AUTO(phase) struct phase was = {0};
    AUTO(phase) struct phase is = {0};
    uint64_t n_new = 0;
    TRY(all_deletes(r, &was, r->job->before, before, n, true, err));
    TRY(all_deletes(r, &is, r->job->after, after, n, false, err));
    for (size_t i = 0; i < n; i++) {
        struct row_bitmap *now = &is.deletes.positions[i], *earlier = &was.deletes.positions[i];
        if (rows_came_back(earlier, now))
            return must_load(r, "deletes of rows of %s were taken back",
                             is.subset.publication.data_files[i].name);
        row_bitmap_remove(now, earlier);
        n_new += row_bitmap_count(now);
        swap(now, earlier);
    }
    was.deletes.is_inverse = true;
    return n_new ? delete_rows(r, &was, err) : OK;
}

must_use static enum code read_positions(struct refresh *r, struct refresh_result *out,
                                         struct err *err)
{
    const struct change *c = &r->change;
    AUTO(ptr) bool *touched = mem_zalloc(c->n_common + 1);
    AUTO(ptr) size_t *before = mem_alloc((c->n_common + 1) * sizeof(*before));
    AUTO(ptr) size_t *after = mem_alloc((c->n_common + 1) * sizeof(*after));
    size_t n = 0;
    if (c->n_new_deletes + c->n_old_deletes == 0)
        return OK;
    TRY(mark_touched(r, r->job->after, c->common_after, c->new_deletes, touched, err));
    TRY(mark_touched(r, r->job->before, c->common_before, c->old_deletes, touched, err));
    for (size_t k = 0; k < c->n_common; k++) {
        before[n] = c->common_before[k];
        after[n] = c->common_after[k];
        n += touched[k];
    }
    out->n_files_deleted_from = n;
    return n ? read_touched(r, before, after, n, err) : OK;
}

/* -------------------------------------------------------------------------- deleted by equality */

static bool has_id(const int32_t *ids, size_t n, int32_t id)
{
    for (size_t i = 0; i < n; i++)
        if (ids[i] == id)
            return true;
    return false;
}

/* Whether some file is partitioned in another way, so that deletes in a partition spare its rows. */
static bool spares_files(const struct publication *p, const struct equality_group *g)
{
    for (size_t i = 0; g->n_partition_ids && i < p->n_data_files; i++)
        if (p->data_files[i].partitioning != g->partitioning)
            return true;
    return false;
}

/* Whether the deletes of a group name keys, whatever the partition: its columns are those of the
 * key, and so are all that partition it. */
static bool names_keys(const struct refresh *r, const struct equality_group *g)
{
    const struct publication *p = r->job->after;
    size_t n_key = r->spec.n_key, n_found = 0;
    AUTO(ptr) int32_t *key = mem_alloc((n_key + 1) * sizeof(*key));
    for (size_t i = 0; i < p->n_fields; i++)
        for (size_t k = 0; k < n_key; k++)
            if (!p->fields[i].is_dropped && strcmp(p->fields[i].name, r->spec.key[k]) == 0)
                key[n_found++] = p->fields[i].id;
    bool same = n_found == n_key && g->n_field_ids == n_key;
    for (size_t i = 0; same && i < g->n_field_ids; i++)
        same = has_id(key, n_found, g->field_ids[i]);
    for (size_t i = 0; same && i < g->n_partition_ids; i++)
        same = has_id(key, n_found, g->partition_ids[i]);
    return same;
}

/* Whether a new delete of a group spares some file, since that is as new or newer. */
static bool spares_newer(const struct refresh *r, size_t group)
{
    const struct publication *after = r->job->after;
    for (size_t i = 0; i < after->n_delete_files; i++)
        if (r->change.new_deletes[i] && after->delete_files[i].kind == DELETE_EQUALITY &&
            after->delete_files[i].equality == group &&
            after->delete_files[i].sequence_number <= r->before_sequence)
            return true;
    return false;
}

must_use static enum code read_equality(struct refresh *r, size_t group, struct err *err)
{
    AUTO(phase) struct phase p = {0};
    subset_init_deletes(&p.subset, r->job->after, r->change.new_deletes, group);
    if (p.subset.publication.n_data_files == 0)
        return OK;
    if (!names_keys(r, &r->job->after->equalities[group]))
        return must_load(r, "rows are deleted by other columns than the key");
    if (spares_files(r->job->before, &r->job->after->equalities[group]))
        return must_load(r, "rows are deleted in a partition, and other files have none like it");
    if (spares_newer(r, group))
        return must_load(r, "deletes by equality came that are older than some files");
    return delete_rows(r, &p, err);
}

/* Deletes by equality of `before` that still apply and are gone: rows come back. */
static bool equalities_came_back(const struct refresh *r)
{
    const struct publication *before = r->job->before;
    AUTO(subset) struct subset s = {0};
    AUTO(ptr) bool *gone = mem_zalloc(before->n_delete_files + 1);
    for (size_t i = 0; i < before->n_delete_files; i++)
        gone[i] = r->change.old_deletes[i] && before->delete_files[i].kind == DELETE_EQUALITY;
    subset_init(&s, before, r->change.common_before, r->change.n_common, gone);
    return s.publication.n_delete_files > 0;
}

must_use static enum code read_equalities(struct refresh *r, struct err *err)
{
    if (equalities_came_back(r))
        return must_load(r, "deletes by equality were taken back");
    for (size_t g = 0; !is_off(r) && g < r->job->after->n_equalities; g++)
        TRY(read_equality(r, g, err));
    return OK;
}

/* --------------------------------------------------------------------------------------- build */

/* (5) */
static bool is_gone(void *arg, const struct record *record)
{
    const struct refresh *r = arg;
    return key_numbers_at(&r->gone, record_key(&r->format, record)) != NULL;
}

must_use static enum code choose_newest(struct refresh *r, struct err *err)
{
    const struct snapshot *served = r->job->served;
    const struct overlay *o = snapshot_overlay(served);
    ptrdiff_t field, stamp = schema_find(&r->schema, view_cstr(STAMP_FIELD));
    TRY(table_newest_by(r->job->spec, &r->schema, &field, err));
    if (stamp >= 0)
        r->format.stamp = (size_t)stamp;
    if (field < 0)
        return OK;
    r->format.newest_by = (size_t)field;
    return snapshot_new(base_generation_ref(snapshot_base(served)),
                        overlay_replace(o, 0, overlay_n_written(o), NULL), snapshot_refresh(served),
                        &r->published, err);
}

must_use static enum code build(struct refresh *r, struct refresh_result *out, struct err *err)
{
    const struct refresh_job *job = r->job;
    AUTO(seg_layout) struct seg_layout layout = {0};
    struct build_result built;
    int64_t stamp, deleted;
    memcpy(&stamp, r->row_stamp.bytes, sizeof(stamp));
    memcpy(&deleted, r->delete_stamp.bytes, sizeof(deleted));
    TRY(seg_layout_choose(&r->schema, false, &r->keys, r->n_nulls, &layout, err));
    spill_seal(r->spill);
    newer_rows_init(&r->newer, spill_source(r->spill), &r->format, r->published, is_gone, r);
    const struct build_config config = {
        .dir = job->dir,
        .schema = &r->schema,
        .layout = &layout,
        .format = &r->format,
        .source = r->published ? &r->newer.source : spill_source(r->spill),
        .n_blocks = r->n_blocks,
        .n_parts = 1,
        .hash_seed = r->served.layers[0].set->hasher.seed,
        .origin = {job->after->fingerprint, stamp, deleted},
        .worker_bytes = r->shares.build,
        .setting = "load.memory",
    };
    atomic_store(&job->progress->state, LOAD_BUILDING);
    TRY(build_run(&config, job->pool, job->progress, &built, err));
    TRY(dir_sync(job->dir, err));
    /* Rows with one key within the added files (2). */
    uint64_t n_keys_added = built.n_rows - (r->gone.n - atomic_load(&r->n_again));
    if (r->n_added > n_keys_added)
        atomic_store(&r->makes_duplicates, true);
    out->has_layer = true;
    out->newest = r->is_stamped ? deleted : stamp;
    out->disk_bytes = built.disk_bytes;
    return OK;
}

/* --------------------------------------------------------------------------------------- whole */

static void set_stamp(struct constant *c, int64_t stamp)
{
    *c = (struct constant){.is_set = true, .bytes = mem_alloc(sizeof(stamp)), .len = sizeof(stamp)};
    memcpy(c->bytes, &stamp, sizeof(stamp));
}

/* Rows are read into the served columns, whatever the configuration says or leaves out. */
static void set_columns(struct refresh *r)
{
    const struct schema *s = snapshot_schema(r->job->served);
    r->spec = *r->job->spec;
    r->columns = mem_zalloc((s->n_fields + 1) * sizeof(*r->columns));
    for (size_t i = 0; i < s->n_fields; i++)
        r->columns[i] =
            (struct column_spec){s->fields[i].name, s->fields[i].type, s->fields[i].nullable};
    r->spec.columns = r->columns;
    r->spec.n_columns = s->n_fields;
}

static uint64_t rows_of(const struct publication *p, const size_t *files, size_t n)
{
    uint64_t rows = 0;
    for (size_t i = 0; i < n; i++)
        rows += p->data_files[files[i]].n_rows;
    return rows;
}

must_use static enum code prepare(struct refresh *r, struct err *err)
{
    const struct refresh_job *job = r->job;
    const struct change *c = &r->change;
    int64_t time_us = job->after->published_at_ms * 1000;
    unsigned n_workers = pool_size(job->pool);
    uint64_t n_rows =
        rows_of(job->before, c->removed, c->n_removed) + rows_of(job->after, c->added, c->n_added);
    /* Positions of older files count again once a vector is gone. */
    r->is_stamped = c->n_removed || c->n_new_deletes || c->n_old_deletes;
    r->shares = memory_shares_of_load(job->memory_bytes, n_workers);
    r->served = snapshot_published(job->served);
    set_stamp(&r->row_stamp, seg_stamp(time_us, false));
    set_stamp(&r->delete_stamp, seg_stamp(time_us, true));
    set_columns(r);
    for (size_t i = 0; i < job->before->n_data_files; i++)
        if (job->before->data_files[i].sequence_number > r->before_sequence)
            r->before_sequence = job->before->data_files[i].sequence_number;
    if (r->is_stamped)
        layer_schema(snapshot_schema(job->served), false, &r->schema);
    else
        schema_copy(snapshot_schema(job->served), &r->schema);
    TRY(record_format_init(&r->format, &r->schema, err));
    TRY(choose_newest(r, err));
    r->n_blocks = n_rows / block_rows + 1;
    r->n_blocks = r->n_blocks < SEG_MAX_BLOCKS ? r->n_blocks : SEG_MAX_BLOCKS;
    struct spill_config spill = {job->dir, r->shares.records, r->n_blocks, n_workers};
    r->spill = spill_new(&spill);
    r->n_nulls = mem_zalloc((r->schema.n_fields + 1) * sizeof(*r->n_nulls));
    r->arenas = mem_zalloc(n_workers * sizeof(*r->arenas));
    r->gone.seed = r->served.layers[0].set->hasher.seed;
    return OK;
}

static void refresh_done(struct refresh *r)
{
    for (unsigned i = 0; r->arenas && i < pool_size(r->job->pool); i++)
        arena_done(&r->arenas[i]);
    spill_free(r->spill);
    snapshot_unref(r->published);
    record_format_done(&r->format);
    schema_done(&r->schema);
    key_numbers_done(&r->gone);
    constant_done(&r->row_stamp);
    constant_done(&r->delete_stamp);
    change_done(&r->change);
    pthread_mutex_destroy(&r->lock);
    free(r->columns);
    free(r->n_nulls);
    free(r->arenas);
}

/* What is known before anything is read. */
static void check_worth(struct refresh *r)
{
    const struct refresh_job *job = r->job;
    const struct change *c = &r->change;
    uint64_t n_served = snapshot_n_rows(job->served);
    uint64_t n_rows =
        rows_of(job->before, c->removed, c->n_removed) + rows_of(job->after, c->added, c->n_added);
    if (job->has_duplicates && (c->n_removed || c->n_new_deletes || c->n_old_deletes))
        must_load(r, "rows are deleted, and some keys are in several rows");
    else if (n_rows > n_served / 2 + 1000)
        must_load(r, "files with %llu rows changed, of a table of %llu", (unsigned long long)n_rows,
                  (unsigned long long)n_served);
}

must_use static enum code run(struct refresh *r, struct refresh_result *out, struct err *err)
{
    change_init(&r->change, r->job->before, r->job->after);
    if (r->job->is_rewritten && !r->job->has_duplicates)
        return OK; /* the rows are the same */
    check_worth(r);
    if (is_off(r))
        return OK;
    TRY(prepare(r, err));
    atomic_store(&r->job->progress->state, LOAD_READING);
    TRY(read_removed(r, err));
    TRY(read_positions(r, out, err));
    if (!is_off(r))
        TRY(read_equalities(r, err));
    if (!is_off(r))
        TRY(read_added(r, err));
    if (atomic_load(&r->makes_old_duplicates))
        must_load(r, "a rewritten file has keys that other files have, too");
    return is_off(r) || r->next_ordinal == 0 ? OK : build(r, out, err);
}

enum code refresh_run(const struct refresh_job *job, struct refresh_result *out,
                      struct err *out_why, struct err *err)
{
    struct refresh r = {.job = job, .why = out_why};
    struct refresh_result result = {0};
    out_why->msg[0] = '\0';
    pthread_mutex_init(&r.lock, NULL);
    enum code rc = run(&r, &result, err);
    atomic_store(&job->progress->state, LOAD_IDLE);
    result.n_rows_added = r.n_added;
    result.n_rows_deleted = r.n_deleted;
    result.n_files_added = r.change.n_added;
    result.n_files_removed = r.change.n_removed;
    result.has_duplicates = job->has_duplicates || atomic_load(&r.makes_duplicates);
    refresh_done(&r);
    if (!rc)
        *out = result;
    return rc;
}
