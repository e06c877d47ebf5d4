#include "engine/store/snapshot.h"

#include "base/mem.h"
#include "engine/spec/counters.h"
#include "engine/store/row_count.h"
#include "engine/store/snapshot_parts.h"
#include "segment/gather.h"
#include "segment/patch.h"

/*
 * A snapshot ties a base and an overlay together for lookups. Every request takes a reference; a
 * commit, a merge or a swap makes a new snapshot and replaces the table's pointer, so requests in
 * flight keep what they began with.
 *
 * (1) Layers are newest first in `stack`, and the base is the last. Lookups go from the front.
 * (2) All segments of a snapshot hash keys with one seed, so a key is hashed once a request.
 * (3) A layer may have been written before a column was added or dropped. `field_of` translates the
 *     base's fields to the layer's, once here and not in each read.
 * (4) Rows written count if their stamp is above that of the publication (docs/decisions/0032); those
 *     that publications brought always count.
 */

struct snapshot {
    _Atomic uint32_t refs;
    /* Immutable from here on. */
    struct base_generation *base;
    struct overlay *overlay;
    struct manifest_refresh refresh;
    struct generation_info info; /* the base's, with the label and times of `refresh` */
    struct seg_stack stack;
    struct table_counters *counters; /* NULL: no table serves it */
    uint64_t n_rows;
    size_t *field_of; /* (3): one list of the base's n_fields for each layer */
};

struct found_rows {
    const struct snapshot *snapshot;
    struct seg_rows rows;
    size_t n_absent;     /* keys that were not found */
    uint32_t *positions; /* index of each row's key; NULL: there is a row for each key */
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
    base_generation_unref(s->base);
    overlay_unref(s->overlay);
    table_counters_unref(s->counters);
    generation_info_done(&s->info);
    free(s->field_of);
    free(s);
}

struct table_counters *snapshot_counters(const struct snapshot *s)
{
    return s->counters;
}

void snapshot_set_counters(struct snapshot *s, struct table_counters *counters)
{
    s->counters = table_counters_ref(counters);
}

int64_t snapshot_floor(const struct generation_info *info)
{
    /* The delete's stamp is the larger of the two of one microsecond: both are then older than the
     * base. */
    return info->has_source ? seg_stamp(info->published_at_ms * 1000, true) : INT64_MIN;
}

must_use static enum code stack_layer(struct snapshot *s, size_t i, struct err *err)
{
    const struct layer *l = s->overlay->layers[i];
    const struct schema *schema = s->base->set.schema;
    size_t *field_of = s->field_of + i * schema->n_fields;
    if (l->set.hasher.seed != s->base->set.hasher.seed)
        return err_set(err, E_CORRUPT, "segment %llu of writes has another hash seed than its base",
                       (unsigned long long)l->number);
    TRY(layer_match(l, schema, field_of, err));
    s->stack.layers[i] = layer_view(l);
    s->stack.layers[i].field_of = field_of;
    s->stack.layers[i].filter_bit = s->overlay->bits[i];
    s->stack.layers[i].floor = snapshot_layer_floor(s, i);
    return OK;
}

/* The layers below layer `i`, and the base. */
static struct seg_stack stack_below(const struct snapshot *s, size_t i)
{
    struct seg_stack below = s->stack;
    below.n_layers = s->stack.n_layers - i - 1;
    memcpy(below.layers, s->stack.layers + i + 1, below.n_layers * sizeof(*below.layers));
    seg_stack_prepare(&below);
    return below;
}

uint64_t snapshot_count_rows(const struct snapshot *s)
{
    int64_t n = (int64_t)s->base->n_rows;
    for (size_t i = s->overlay->n; i-- > 0;) {
        struct seg_stack below = stack_below(s, i);
        n += row_count_added(&below, s->overlay->layers[i], snapshot_layer_floor(s, i));
    }
    return (uint64_t)n;
}

void snapshot_set_n_rows(struct snapshot *s, uint64_t n_rows)
{
    s->n_rows = n_rows;
}

static void set_info(struct snapshot *s, const struct manifest_refresh *refresh)
{
    generation_info_copy(&s->base->info, &s->info);
    if (!refresh || !refresh->label[0])
        return;
    s->refresh = *refresh;
    free(s->info.label);
    s->info.label = mem_strdup(refresh->label);
    s->info.fingerprint = refresh->fingerprint;
    s->info.n_rows = refresh->n_rows;
    s->info.has_duplicates = refresh->has_duplicates;
    s->info.sequence_number = refresh->sequence_number;
    s->info.published_at_ms = refresh->published_at_ms;
    s->info.loaded_at_ms = refresh->loaded_at_ms;
    s->info.load_seconds = refresh->load_seconds;
}

enum code snapshot_new(struct base_generation *take_base, struct overlay *take_overlay,
                       const struct manifest_refresh *refresh, struct snapshot **out_snapshot,
                       struct err *err)
{
    struct snapshot *s = mem_zalloc(sizeof(*s));
    s->refs = 1;
    s->base = take_base;
    s->overlay = take_overlay;
    size_t n = s->overlay->n;
    s->stack = seg_stack_of(&s->base->set);
    s->stack.layers[n] = s->stack.layers[0];
    s->stack.n_layers = n + 1;
    s->stack.filter = overlay_filter(s->overlay);
    s->n_rows = s->base->n_rows;
    set_info(s, refresh);
    s->field_of = mem_alloc(n * s->base->set.schema->n_fields * sizeof(*s->field_of));
    for (size_t i = 0; i < n; i++) {
        enum code rc = stack_layer(s, i, err);
        if (rc) {
            snapshot_unref(s);
            return rc;
        }
    }
    seg_stack_prepare(&s->stack);
    *out_snapshot = s;
    return OK;
}

must_use static enum code open_layers(const char *table_dir, const struct manifest *m,
                                      struct overlay **overlay, struct err *err)
{
    for (size_t i = 0; i < m->n_writes; i++) {
        struct layer *l;
        TRY(layer_open(table_dir, &m->writes[i], false, &l, err));
        struct overlay *more = overlay_push(*overlay, l);
        layer_unref(l);
        overlay_unref(*overlay);
        *overlay = more;
    }
    return OK;
}

/* Open the base and the layers that a manifest names. One that cannot be opened is an error. */
must_use static enum code snapshot_open(const char *table_dir, const struct manifest *m,
                                        enum storage_kind storage, struct snapshot **out_snapshot,
                                        struct err *err)
{
    static const struct remote_op no_bound;
    char dir[PATH_CAP];
    struct base_generation *base;
    struct overlay *overlay = overlay_new();
    enum code rc = open_layers(table_dir, m, &overlay, err);
    if (!rc)
        rc = generation_path(table_dir, m->generation, dir, err);
    if (!rc)
        rc = base_generation_open(dir, storage, &no_bound, &base, err);
    if (rc) {
        overlay_unref(overlay);
        return rc;
    }
    TRY(snapshot_new(base, overlay, &m->refresh, out_snapshot, err));
    if (m->n_writes)
        (*out_snapshot)->n_rows = m->n_rows;
    return OK;
}

enum code snapshot_open_live(const char *data_dir, const char *table, enum storage_kind storage,
                             struct snapshot **out_snapshot, struct err *err)
{
    char table_dir[PATH_CAP];
    struct manifest m = {0}, before;
    enum code rc;
    TRY(path_format(table_dir, err, "%s/%s", data_dir, table));
    /* 1. We read the manifest; 2. a server swaps and prunes; 3. we open files that are gone. A
     *    failure therefore counts only
     * when the manifest has not changed since the last attempt. */
    do {
        before = m;
        TRY(manifest_read(table_dir, &m, err));
        if (m.generation == 0)
            return err_set(err, E_NOTFOUND, "no loaded table '%s' in %s", table, data_dir);
        rc = snapshot_open(table_dir, &m, storage, out_snapshot, err);
    } while (rc && !manifest_eq(&m, &before));
    return rc;
}

struct base_generation *snapshot_base(const struct snapshot *s)
{
    return s->base;
}

const struct generation_info *snapshot_info(const struct snapshot *s)
{
    return &s->info;
}

const struct manifest_refresh *snapshot_refresh(const struct snapshot *s)
{
    return &s->refresh;
}

struct seg_stack snapshot_published(const struct snapshot *s)
{
    size_t n = overlay_n_written(s->overlay);
    return n ? stack_below(s, n - 1) : s->stack;
}

int64_t snapshot_layer_floor(const struct snapshot *s, size_t layer)
{
    return s->overlay->layers[layer]->is_published ? INT64_MIN : snapshot_floor(&s->info);
}

struct overlay *snapshot_overlay(const struct snapshot *s)
{
    return s->overlay;
}

const struct seg_stack *snapshot_stack(const struct snapshot *s)
{
    return &s->stack;
}

const struct schema *snapshot_schema(const struct snapshot *s)
{
    return s->base->set.schema;
}

struct view snapshot_schema_message(const struct snapshot *s, const struct projection *columns,
                                    struct arena *arena)
{
    return schema_cache_get(s->base->schemas, s->base->set.schema, columns, arena);
}

uint64_t snapshot_n_rows(const struct snapshot *s)
{
    return s->n_rows;
}

uint64_t snapshot_n_slots(const struct snapshot *s)
{
    uint64_t n_slots = 0;
    for (size_t i = 0; i < s->base->n_segments; i++)
        n_slots += s->base->segments[i]->n_slots;
    return n_slots;
}

struct view snapshot_slot_key(const struct snapshot *s, uint64_t i)
{
    const struct seg_block *b = s->base->set.blocks;
    for (; i >= seg_block_n_slots(b); b++)
        i -= seg_block_n_slots(b);
    return seg_row_key(s->base->set.layout, b, b->rows + i * s->base->set.layout->groups[0].stride);
}

/* Drop rows of absent keys and return the keys that stay. This comes before seg_patch_resolve,
 * which needs one key for each row. */
static struct key_list drop_absent(struct found_rows *f, struct key_list keys, struct arena *arena)
{
    f->positions = arena_alloc(arena, keys.n * sizeof(*f->positions));
    seg_rows_drop_absent(&f->rows, f->positions);
    if (f->rows.n == keys.n)
        return keys;
    struct view *kept = arena_alloc(arena, f->rows.n * sizeof(*kept));
    for (size_t i = 0; i < f->rows.n; i++)
        kept[i] = keys.keys[f->positions[i]];
    return (struct key_list){kept, f->rows.n};
}

const struct found_rows *snapshot_find(const struct snapshot *s, struct key_list keys,
                                       const struct projection *columns, enum rows_wanted wanted,
                                       struct arena *arena)
{
    struct found_rows *f = arena_zalloc(arena, sizeof(*f));
    f->snapshot = s;
    f->rows = (struct seg_rows){
        .n = keys.n,
        .row = arena_alloc(arena, keys.n * sizeof(*f->rows.row)),
        .block = arena_alloc(arena, keys.n * sizeof(*f->rows.block)),
        .slot = arena_alloc(arena, keys.n * sizeof(*f->rows.slot)),
        .present = arena_alloc(arena, column_bitmap_bytes(keys.n)),
        .layer = s->overlay->n ? arena_alloc(arena, keys.n) : NULL,
    };
    seg_stack_find(&s->stack, keys.keys, columns->fields, columns->n_fields, &f->rows, arena);
    f->n_absent = f->rows.n_absent;
    if (wanted == ROWS_OF_FOUND_KEYS)
        keys = drop_absent(f, keys, arena);
    seg_patch_resolve(&s->stack, keys.keys, columns->fields, columns->n_fields, &f->rows, arena);
    return f;
}

size_t found_n_rows(const struct found_rows *rows)
{
    return rows->rows.n;
}

size_t found_n_absent(const struct found_rows *rows)
{
    return rows->n_absent;
}

bool found_is_present(const struct found_rows *rows, size_t key_idx)
{
    return rows->rows.present[key_idx / 8] >> (key_idx % 8) & 1;
}

const uint32_t *found_positions(const struct found_rows *rows)
{
    return rows->positions;
}

enum code found_sizes(const struct found_rows *rows, const size_t *fields, size_t n_fields,
                      struct column_sizes *out_sizes, struct err *err)
{
    return seg_sizes(&rows->snapshot->stack, &rows->rows, fields, n_fields, out_sizes, err);
}

void found_gather(const struct found_rows *rows, const size_t *fields, size_t n_fields,
                  struct column *columns)
{
    seg_gather(&rows->snapshot->stack, &rows->rows, fields, n_fields, columns);
}
