#include "source/iceberg/plan.h"

#include "base/mem.h"
#include "source/iceberg/constant.h"

/*
 * (1) A partition is a spec with its values. Two are the same if the values are, whatever the width
 *     that they were written in: a column may have been widened since. Each gets a number; 0 is all
 *     files, for equality deletes of a spec without fields.
 * (2) Equality deletes form a group if they compare the same columns and belong to the same
 *     partition.
 * (3) A column that deletes compare may have been dropped since. It is then a field of the
 *     publication that is_dropped, with the type of the latest schema that has it.
 */

enum { ALL_PARTITIONS = 0 };

struct planner {
    struct locations *locations;
    const struct ice_metadata *metadata;
    const struct ice_schema *schema;
    struct manifest_files *files;
    struct publication *out;
    uint32_t *data_partitions, *delete_partitions; /* by entry (1) */
    size_t *by_uri;                                /* indexes of data files, sorted by URI */
};

/* ---------------------------------------------------------------------------- schema and names */

must_use static enum code add_field(struct planner *p, const struct ice_field *f, bool is_dropped,
                                    struct err *err)
{
    struct publication *out = p->out;
    struct err why;
    struct publication_field *added;
    out->fields = mem_realloc(out->fields, (out->n_fields + 1) * sizeof(*out->fields));
    added = &out->fields[out->n_fields++];
    *added = (struct publication_field){f->id, mem_strdup(f->name), .is_dropped = is_dropped};
    if (ice_type_model(&f->type, &added->type, &why)) {
        added->why_not = mem_strdup(why.msg);
        return OK;
    }
    if (!f->has_initial_default || added->type.dtype == DT_LIST)
        return OK;
    enum code rc = iceberg_constant(&f->type, &f->initial_default, &added->initial, err);
    return rc ? err_in(err, rc, "the default of column '%.100s'", f->name) : OK;
}

must_use static enum code add_schema(struct planner *p, struct err *err)
{
    const struct ice_metadata *m = p->metadata;
    for (size_t i = 0; i < p->schema->n_fields; i++)
        TRY(add_field(p, &p->schema->fields[i], false, err));
    p->out->has_names = m->has_mapping;
    p->out->names = mem_zalloc((m->n_mapping + 1) * sizeof(*p->out->names));
    for (size_t i = 0; i < m->n_mapping; i++)
        p->out->names[p->out->n_names++] =
            (struct publication_name){mem_strdup(m->mapping[i].name), m->mapping[i].field_id};
    return OK;
}

/* (3) */
must_use static enum code add_dropped(struct planner *p, int32_t id, struct err *err)
{
    const struct ice_metadata *m = p->metadata;
    const struct ice_field *field = NULL;
    if (publication_field(p->out, id))
        return OK;
    for (size_t i = 0; i < m->n_schemas; i++) {
        const struct ice_field *f = ice_schema_field(&m->schemas[i], id);
        field = f ? f : field;
    }
    if (!field)
        return err_set(err, E_UNSUPPORTED,
                       "deletes compare column %d, which no schema of the table has on its top "
                       "level",
                       id);
    return add_field(p, field, true, err);
}

/* ------------------------------------------------------------------------------- partitions (1) */

static const struct ice_partition_field *partition_field(const struct ice_spec *spec,
                                                         int32_t field_id)
{
    for (size_t i = 0; spec && i < spec->n_fields; i++)
        if (spec->fields[i].field_id == field_id)
            return &spec->fields[i];
    return NULL;
}

/* Append a value in the widest form of its column's type. */
static void put_value(const struct ice_field *source, const struct ice_value *value,
                      struct buf *out)
{
    static const struct ice_type wide = {.kind = ICE_LONG};
    AUTO(constant) struct constant c = {0};
    bool is_widened =
        source && (source->type.kind == ICE_LONG || source->type.kind == ICE_DECIMAL ||
                   source->type.kind == ICE_DOUBLE);
    struct view bytes = value->bytes;
    if (is_widened && !value->is_null) {
        const struct ice_type *type = source->type.kind == ICE_LONG ? &wide : &source->type;
        if (iceberg_constant(type, value, &c, NULL) == OK)
            bytes = view_of(c.bytes, c.len);
    }
    uint64_t len = value->is_null ? UINT64_MAX : bytes.len;
    buf_put(out, &len, sizeof(len));
    if (!value->is_null)
        buf_put(out, bytes.ptr, bytes.len);
}

static void put_partition(const struct planner *p, const struct ice_entry *e, struct buf *out)
{
    const struct ice_spec *spec = ice_metadata_spec(p->metadata, e->spec_id);
    buf_put(out, &e->spec_id, sizeof(e->spec_id));
    for (size_t i = 0; i < e->n_partition; i++) {
        const struct ice_partition_field *f = partition_field(spec, e->partition[i].field_id);
        const struct ice_field *source = f ? ice_schema_field(p->schema, f->source_id) : NULL;
        buf_put(out, &e->partition[i].field_id, sizeof(int32_t));
        put_value(source, &e->partition[i].value, out);
    }
}

/* A partition of an entry, before it has a number. */
struct unnumbered {
    struct view key;
    uint32_t *out;
};

static int view_cmp(struct view a, struct view b)
{
    size_t len = a.len < b.len ? a.len : b.len;
    int c = len ? memcmp(a.ptr, b.ptr, len) : 0;
    return c ? c : (a.len > b.len) - (a.len < b.len);
}

static int compare_unnumbered(const void *a, const void *b)
{
    return view_cmp(((const struct unnumbered *)a)->key, ((const struct unnumbered *)b)->key);
}

static void list_partitions(struct planner *p, const struct ice_entry *entries, size_t n,
                            uint32_t *numbers, struct unnumbered *out)
{
    AUTO(buf) struct buf key = {0};
    for (size_t i = 0; i < n; i++) {
        buf_reset(&key);
        put_partition(p, &entries[i], &key);
        out[i].key = view_of(arena_strndup(&p->files->arena, key.ptr, key.len), key.len);
        out[i].out = &numbers[i];
    }
}

static void number_partitions(struct planner *p)
{
    struct manifest_files *f = p->files;
    size_t n = f->n_data + f->n_deletes;
    AUTO(ptr) struct unnumbered *all = mem_alloc((n + 1) * sizeof(*all));
    p->data_partitions = mem_alloc((f->n_data + 1) * sizeof(uint32_t));
    p->delete_partitions = mem_alloc((f->n_deletes + 1) * sizeof(uint32_t));
    list_partitions(p, f->data, f->n_data, p->data_partitions, all);
    list_partitions(p, f->deletes, f->n_deletes, p->delete_partitions, all + f->n_data);
    qsort(all, n, sizeof(*all), compare_unnumbered);
    uint32_t number = ALL_PARTITIONS;
    for (size_t i = 0; i < n; i++) {
        number += i == 0 || !view_eq(all[i].key, all[i - 1].key);
        *all[i].out = number;
    }
}

/* ---------------------------------------------------------------------------------- data files */

static int compare_entries(const void *a, const void *b)
{
    const struct ice_entry *x = a, *y = b;
    int c = (x->sequence_number > y->sequence_number) - (x->sequence_number < y->sequence_number);
    return c ? c : strcmp(x->path, y->path);
}

must_use static enum code find_file(struct planner *p, const struct ice_entry *e,
                                    struct object_store **out_store, struct object_info *out,
                                    struct err *err)
{
    TRY(locations_find(p->locations, e->path, out_store, &out->name, err));
    out->version = mem_strdup("");
    if (e->n_bytes < 0)
        return err_set(err, E_CORRUPT, "%.200s: a file of %lld bytes", e->path,
                       (long long)e->n_bytes);
    out->size = (uint64_t)e->n_bytes;
    return OK;
}

/* The values that all rows of a file have in columns that partition it. */
must_use static enum code add_constants(const struct planner *p, const struct ice_entry *e,
                                        struct data_file *f, struct err *err)
{
    const struct ice_spec *spec = ice_metadata_spec(p->metadata, e->spec_id);
    f->constants = mem_zalloc((e->n_partition + 1) * sizeof(*f->constants));
    for (size_t i = 0; i < e->n_partition; i++) {
        const struct ice_partition_field *part = partition_field(spec, e->partition[i].field_id);
        const struct ice_field *field =
            part && part->is_identity ? ice_schema_field(p->schema, part->source_id) : NULL;
        struct type ignored;
        if (!field || ice_type_model(&field->type, &ignored, NULL))
            continue;
        struct file_constant *c = &f->constants[f->n_constants++];
        c->field_id = field->id;
        enum code rc = iceberg_constant(&field->type, &e->partition[i].value, &c->value, err);
        if (rc)
            return err_in(err, rc, "%.200s: partition '%.100s'", e->path, part->name);
    }
    return OK;
}

must_use static enum code add_data_files(struct planner *p, struct err *err)
{
    const struct manifest_files *files = p->files;
    p->out->data_files = mem_zalloc((files->n_data + 1) * sizeof(*p->out->data_files));
    for (size_t i = 0; i < files->n_data; i++) {
        const struct ice_entry *e = &files->data[i];
        struct data_file *f = &p->out->data_files[p->out->n_data_files++];
        TRY(find_file(p, e, &f->store, &f->info, err));
        f->uri = mem_strdup(e->path);
        f->name = f->uri;
        f->n_rows = e->n_rows > 0 ? (uint64_t)e->n_rows : 0;
        f->sequence_number = e->sequence_number;
        f->partition = p->data_partitions[i];
        f->partitioning = e->spec_id;
        TRY(add_constants(p, e, f, err));
    }
    return OK;
}

/* ------------------------------------------------------------------------------------- deletes */

static int compare_uris(const void *a, const void *b, void *arg)
{
    const struct data_file *files = arg;
    return strcmp(files[*(const size_t *)a].uri, files[*(const size_t *)b].uri);
}

static void sort_uris(struct planner *p)
{
    size_t n = p->out->n_data_files;
    p->by_uri = mem_alloc((n + 1) * sizeof(*p->by_uri));
    for (size_t i = 0; i < n; i++)
        p->by_uri[i] = i;
    qsort_r(p->by_uri, n, sizeof(*p->by_uri), compare_uris, p->out->data_files);
}

/* SIZE_MAX: no live data file has that URI. */
static size_t find_uri(const struct planner *p, const char *uri)
{
    size_t from = 0, end = p->out->n_data_files;
    while (from < end) {
        size_t mid = from + (end - from) / 2;
        int c = strcmp(p->out->data_files[p->by_uri[mid]].uri, uri);
        if (c == 0)
            return p->by_uri[mid];
        if (c < 0)
            from = mid + 1;
        else
            end = mid;
    }
    return SIZE_MAX;
}

static bool is_vector(const struct ice_entry *e)
{
    return e->content == ICE_POSITION_DELETES && e->format == ICE_PUFFIN;
}

/* A deletion vector for its data file; ignored where that is not live. */
must_use static enum code plan_vector(struct planner *p, const struct ice_entry *e,
                                      struct delete_file *f, bool *out_is_wanted, struct err *err)
{
    if (!e->referenced_data_file || e->content_offset < 0 || e->content_bytes < 0)
        return err_set(err, E_CORRUPT,
                       "%.200s: a deletion vector without its data file, offset or size", e->path);
    f->kind = DELETE_VECTOR;
    f->offset = (uint64_t)e->content_offset;
    f->len = (uint64_t)e->content_bytes;
    f->data_file = find_uri(p, e->referenced_data_file);
    *out_is_wanted = f->data_file != SIZE_MAX;
    uint64_t end;
    if (__builtin_add_overflow(f->offset, f->len, &end) || end > f->info.size)
        return err_set(err, E_CORRUPT, "%.200s: a deletion vector past the end of the file",
                       e->path);
    if (!*out_is_wanted)
        return OK;
    struct data_file *data = &p->out->data_files[f->data_file];
    if (data->has_vector)
        return err_set(err, E_CORRUPT, "%.200s has two deletion vectors", data->uri);
    data->has_vector = true;
    return OK;
}

static int compare_ids(const void *a, const void *b)
{
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

/* (2): the group of an equality delete. `partitions` are those of the groups so far. */
static size_t group_of(struct publication *out, const int32_t *ids, size_t n, uint32_t partition,
                       uint32_t **partitions)
{
    for (size_t g = 0; g < out->n_equalities; g++)
        if ((*partitions)[g] == partition && out->equalities[g].n_field_ids == n &&
            memcmp(out->equalities[g].field_ids, ids, n * sizeof(*ids)) == 0)
            return g;
    size_t g = out->n_equalities++;
    out->equalities = mem_realloc(out->equalities, (g + 1) * sizeof(*out->equalities));
    *partitions = mem_realloc(*partitions, (g + 1) * sizeof(**partitions));
    (*partitions)[g] = partition;
    out->equalities[g] =
        (struct equality_group){.field_ids = mem_alloc((n + 1) * sizeof(*ids)), .n_field_ids = n};
    memcpy(out->equalities[g].field_ids, ids, n * sizeof(*ids));
    return g;
}

/* The columns that a spec partitions by; of one that the metadata does not have, none that there
 * is. */
static void set_partition_ids(struct equality_group *g, const struct ice_spec *spec,
                              size_t n_values)
{
    size_t n = spec ? spec->n_fields : n_values;
    if (g->partition_ids)
        return;
    g->partition_ids = mem_zalloc((n + 1) * sizeof(*g->partition_ids));
    for (; g->n_partition_ids < n; g->n_partition_ids++)
        if (spec)
            g->partition_ids[g->n_partition_ids] = spec->fields[g->n_partition_ids].source_id;
}

must_use static enum code plan_equality(struct planner *p, const struct ice_entry *e,
                                        uint32_t partition, struct delete_file *f,
                                        uint32_t **partitions, struct err *err)
{
    const struct ice_spec *spec = ice_metadata_spec(p->metadata, e->spec_id);
    AUTO(ptr) int32_t *ids = mem_alloc((e->n_equality_ids + 1) * sizeof(*ids));
    if (e->n_equality_ids == 0)
        return err_set(err, E_CORRUPT, "%.200s: an equality delete without columns", e->path);
    for (size_t k = 0; k < e->n_equality_ids; k++) {
        ids[k] = e->equality_ids[k];
        TRY(add_dropped(p, ids[k], err));
    }
    qsort(ids, e->n_equality_ids, sizeof(*ids), compare_ids);
    bool is_global = spec ? spec->n_fields == 0 : e->n_partition == 0;
    f->kind = DELETE_EQUALITY;
    f->equality = group_of(p->out, ids, e->n_equality_ids, is_global ? ALL_PARTITIONS : partition,
                           partitions);
    set_partition_ids(&p->out->equalities[f->equality], spec, e->n_partition);
    p->out->equalities[f->equality].partitioning = e->spec_id;
    return OK;
}

must_use static enum code plan_delete(struct planner *p, size_t i, uint32_t **partitions,
                                      struct err *err)
{
    const struct ice_entry *e = &p->files->deletes[i];
    struct delete_file *f = &p->out->delete_files[p->out->n_delete_files++];
    bool is_wanted = true;
    TRY(find_file(p, e, &f->store, &f->info, err));
    f->uri = mem_strdup(e->path);
    f->sequence_number = e->sequence_number;
    f->partition = p->delete_partitions[i];
    if (is_vector(e))
        TRY(plan_vector(p, e, f, &is_wanted, err));
    else if (e->content == ICE_EQUALITY_DELETES)
        TRY(plan_equality(p, e, f->partition, f, partitions, err));
    if (!is_wanted) {
        object_info_done(&f->info);
        free(f->uri);
        p->out->n_delete_files--;
    }
    return OK;
}

/* Which groups apply to each data file. */
static void spread_equalities(struct publication *out, const uint32_t *partitions)
{
    AUTO(ptr) int64_t *newest = mem_zalloc((out->n_equalities + 1) * sizeof(*newest));
    for (size_t i = 0; i < out->n_delete_files; i++) {
        const struct delete_file *d = &out->delete_files[i];
        if (d->kind == DELETE_EQUALITY && d->sequence_number > newest[d->equality])
            newest[d->equality] = d->sequence_number;
    }
    for (size_t i = 0; out->n_equalities && i < out->n_data_files; i++) {
        struct data_file *f = &out->data_files[i];
        f->equalities = mem_alloc(out->n_equalities * sizeof(*f->equalities));
        for (size_t g = 0; g < out->n_equalities; g++)
            if ((partitions[g] == ALL_PARTITIONS || partitions[g] == f->partition) &&
                newest[g] > f->sequence_number)
                f->equalities[f->n_equalities++] = g;
    }
}

must_use static enum code add_deletes(struct planner *p, struct err *err)
{
    AUTO(ptr) uint32_t *partitions = mem_zalloc(sizeof(*partitions)); /* by group */
    size_t n = p->files->n_deletes;
    p->out->delete_files = mem_zalloc((n + 1) * sizeof(*p->out->delete_files));
    sort_uris(p);
    for (size_t i = 0; i < n; i++)
        TRY(plan_delete(p, i, &partitions, err));
    spread_equalities(p->out, partitions);
    return OK;
}

/* --------------------------------------------------------------------------------------- whole */

must_use static enum code plan_files(struct planner *p, struct err *err)
{
    if (p->files->n_data)
        qsort(p->files->data, p->files->n_data, sizeof(*p->files->data), compare_entries);
    number_partitions(p);
    TRY(add_data_files(p, err));
    return add_deletes(p, err);
}

enum code iceberg_plan(struct locations *l, const struct ice_metadata *m,
                       const struct iceberg_choice *choice, const struct remote_op *op,
                       struct publication *out, struct err *err)
{
    AUTO(manifest_files) struct manifest_files files = {0};
    struct planner p = {l, m, choice->schema, &files, out, NULL, NULL, NULL};
    TRY(add_schema(&p, err));
    if (!choice->snapshot)
        return OK;
    TRY(manifest_files_read(l, choice->snapshot, op, &files, err));
    enum code rc = plan_files(&p, err);
    free(p.data_partitions);
    free(p.delete_partitions);
    free(p.by_uri);
    return rc;
}
