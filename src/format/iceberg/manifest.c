#include "format/iceberg/manifest.h"

#include "format/iceberg/avro_get_priv.h"

#include <inttypes.h>
#include <strings.h>

enum {
    ID_STATUS = 0,
    ID_SNAPSHOT = 1,
    ID_DATA_FILE = 2,
    ID_SEQUENCE = 3,
    ID_FILE_SEQUENCE = 4,
    ID_PATH = 100,
    ID_FORMAT = 101,
    ID_PARTITION = 102,
    ID_ROWS = 103,
    ID_BYTES = 104,
    ID_LOWER = 125, /* array of {126: column, 127: value} */
    ID_LOWER_KEY = 126,
    ID_LOWER_VALUE = 127,
    ID_UPPER = 128,
    ID_UPPER_KEY = 129,
    ID_UPPER_VALUE = 130,
    ID_KEY_METADATA = 131,
    ID_CONTENT = 134,
    ID_EQUALITY_IDS = 135,
    ID_REFERENCED = 143,
    ID_CONTENT_OFFSET = 144,
    ID_CONTENT_BYTES = 145,
    COLUMN_FILE_PATH = 2147483546, /* of position delete files */
};

/* In writers too, -1 is a sequence number that is not assigned yet. */
enum { NO_SEQUENCE = -1, NO_SNAPSHOT = -1 };

/* What parsing one manifest needs everywhere. */
struct parser {
    const struct ice_manifest *what;
    int32_t spec_id;
    struct arena *arena;
};

static struct view keep_bytes(struct arena *arena, struct view v)
{
    return view_of(arena_strndup(arena, v.ptr, v.len), v.len);
}

/* The bytes of a value of Avro in the binary form of ice_value, which `room` may hold. False: it is
 * nested. */
static bool bytes_of(const struct avro_value *v, uint8_t room[static 8], struct view *out)
{
    switch (v->type->kind) {
    case AVRO_NULL:
        *out = view_of(room, 0);
        return true;
    case AVRO_BOOLEAN:
        room[0] = v->boolean;
        *out = view_of(room, 1);
        return true;
    case AVRO_INT:
        memcpy(room, &(int32_t){(int32_t)v->integer}, sizeof(int32_t));
        *out = view_of(room, sizeof(int32_t));
        return true;
    case AVRO_LONG:
        memcpy(room, &v->integer, sizeof(v->integer));
        *out = view_of(room, sizeof(v->integer));
        return true;
    case AVRO_FLOAT:
        memcpy(room, &(float){(float)v->number}, sizeof(float));
        *out = view_of(room, sizeof(float));
        return true;
    case AVRO_DOUBLE:
        memcpy(room, &v->number, sizeof(v->number));
        *out = view_of(room, sizeof(v->number));
        return true;
    case AVRO_BYTES:
    case AVRO_STRING:
    case AVRO_FIXED:
        *out = v->bytes;
        return true;
    case AVRO_RECORD:
    case AVRO_ENUM:
    case AVRO_ARRAY:
    case AVRO_MAP:
    case AVRO_UNION:
        break;
    }
    return false;
}

must_use static enum code parse_value(const struct avro_type *record, size_t i,
                                      const struct avro_value *v, struct arena *arena,
                                      struct ice_partition_value *out, struct err *err)
{
    uint8_t room[8];
    struct view bytes;
    int64_t id = record->fields[i].id;
    if (id < 0 || id > INT32_MAX)
        return err_set(err, E_CORRUPT, "partition: field %zu has no number", i);
    if (!bytes_of(v, room, &bytes))
        return err_set(err, E_CORRUPT, "partition: field %" PRId64 " is nested", id);
    out->field_id = (int32_t)id;
    out->value.is_null = v->type->kind == AVRO_NULL;
    out->value.bytes = keep_bytes(arena, bytes);
    return OK;
}

must_use static enum code parse_partition(const struct avro_value *file, struct arena *arena,
                                          struct ice_entry *e, struct err *err)
{
    const struct avro_value *record = ice_avro_find(file, ID_PARTITION);
    if (!record)
        return OK; /* some writers leave it out where the table is not partitioned */
    if (record->type->kind != AVRO_RECORD)
        return err_set(err, E_CORRUPT, "field %d: its partition is not a record", ID_PARTITION);
    struct ice_partition_value *values = arena_alloc(arena, record->n_items * sizeof(*values));
    for (size_t i = 0; i < record->n_items; i++)
        TRY(parse_value(record->type, i, &record->items[i], arena, &values[i], err));
    e->partition = values;
    e->n_partition = record->n_items;
    return OK;
}

static enum ice_file_format format_of(const char *name)
{
    static const char *const names[] = {
        [ICE_PARQUET] = "parquet", [ICE_ORC] = "orc", [ICE_AVRO] = "avro", [ICE_PUFFIN] = "puffin"};
    for (int i = 0; i < ICE_OTHER_FORMAT; i++)
        if (strcasecmp(name, names[i]) == 0)
            return (enum ice_file_format)i;
    return ICE_OTHER_FORMAT;
}

must_use static enum code parse_content(const struct parser *p, const struct avro_value *file,
                                        struct ice_entry *e, struct err *err)
{
    int32_t content = ICE_DATA;
    TRY(ice_avro_maybe_int32(file, ID_CONTENT, &content, err));
    if (content < ICE_DATA || content > ICE_EQUALITY_DELETES)
        return err_set(err, E_UNSUPPORTED, "field %d: content %" PRId32 " is not known", ID_CONTENT,
                       content);
    e->content = (enum ice_content)content;
    if ((content != ICE_DATA) != p->what->has_deletes)
        return err_set(err, E_CORRUPT, "%s file in a manifest of %s files",
                       content == ICE_DATA ? "a data" : "a delete",
                       p->what->has_deletes ? "delete" : "data");
    return OK;
}

must_use static enum code parse_equality_ids(const struct avro_value *file, struct arena *arena,
                                             struct ice_entry *e, struct err *err)
{
    const struct avro_value *array = ice_avro_find(file, ID_EQUALITY_IDS);
    size_t n = array && array->type->kind == AVRO_ARRAY ? array->n_items : 0;
    int32_t *ids = arena_alloc(arena, n * sizeof(*ids));
    for (size_t i = 0; i < n; i++) {
        enum avro_kind kind = array->items[i].type->kind; /* some writers have longs */
        int64_t id = kind == AVRO_INT || kind == AVRO_LONG ? array->items[i].integer : 0;
        if (id < 1 || id > INT32_MAX)
            return err_set(err, E_CORRUPT, "field %d: equality_ids has %" PRId64, ID_EQUALITY_IDS,
                           id);
        ids[i] = (int32_t)id;
    }
    e->equality_ids = ids;
    e->n_equality_ids = n;
    if (n == 0 && e->content == ICE_EQUALITY_DELETES)
        return err_set(err, E_CORRUPT, "equality deletes do not say which columns they compare");
    return OK;
}

/* The bound of the column file_path; empty where there is none. */
static struct view find_bound(const struct avro_value *file, int64_t id, int64_t key_id,
                              int64_t value_id)
{
    const struct avro_value *array = ice_avro_find(file, id);
    for (size_t i = 0; array && array->type->kind == AVRO_ARRAY && i < array->n_items; i++) {
        const struct avro_value *pair = &array->items[i];
        if (pair->type->kind != AVRO_RECORD)
            break;
        const struct avro_value *key = ice_avro_find(pair, key_id);
        const struct avro_value *value = ice_avro_find(pair, value_id);
        if (key && value && key->type->kind == AVRO_INT && value->type->kind == AVRO_BYTES &&
            key->integer == COLUMN_FILE_PATH)
            return value->bytes;
    }
    return (struct view){0};
}

must_use static enum code parse_deletes(const struct avro_value *file, struct arena *arena,
                                        struct ice_entry *e, struct err *err)
{
    e->content_offset = e->content_bytes = -1;
    TRY(parse_equality_ids(file, arena, e, err));
    if (e->content == ICE_DATA)
        return OK;
    TRY(ice_avro_maybe_text(file, ID_REFERENCED, arena, &e->referenced_data_file, err));
    TRY(ice_avro_maybe_size(file, ID_CONTENT_OFFSET, &e->content_offset, err));
    TRY(ice_avro_maybe_size(file, ID_CONTENT_BYTES, &e->content_bytes, err));
    bool is_vector = e->format == ICE_PUFFIN;
    if (is_vector && (!e->referenced_data_file || e->content_offset < 0 || e->content_bytes < 0))
        return err_set(err, E_CORRUPT,
                       "a deletion vector does not say of which data file it is, or where");
    if (e->content == ICE_POSITION_DELETES && !is_vector) {
        struct view lower = find_bound(file, ID_LOWER, ID_LOWER_KEY, ID_LOWER_VALUE);
        struct view upper = find_bound(file, ID_UPPER, ID_UPPER_KEY, ID_UPPER_VALUE);
        e->path_lower = keep_bytes(arena, lower);
        e->path_upper = keep_bytes(arena, upper);
    }
    return OK;
}

must_use static enum code parse_file(const struct parser *p, const struct avro_value *file,
                                     struct ice_entry *e, struct err *err)
{
    TRY(ice_avro_text(file, ID_PATH, p->arena, &e->path, err));
    TRY(ice_avro_text(file, ID_FORMAT, p->arena, &e->format_name, err));
    TRY(ice_avro_size(file, ID_ROWS, &e->n_rows, err));
    TRY(ice_avro_size(file, ID_BYTES, &e->n_bytes, err));
    e->format = format_of(e->format_name);
    e->is_encrypted = ice_avro_has_bytes(file, ID_KEY_METADATA);
    TRY(parse_content(p, file, e, err));
    TRY(parse_partition(file, p->arena, e, err));
    return parse_deletes(file, p->arena, e, err);
}

/*
 * Added files inherit the sequence number of their manifest: it is not known when the manifest is
 * written. So does every file of a manifest of version 1, where all are 0.
 */
must_use static enum code inherit(const struct parser *p, struct ice_entry *e, struct err *err)
{
    int64_t inherited = p->what->sequence_number;
    bool may = e->status == ICE_ADDED || inherited == 0;
    if (e->snapshot_id == NO_SNAPSHOT)
        e->snapshot_id = p->what->added_snapshot_id;
    if (e->sequence_number == NO_SEQUENCE && may)
        e->sequence_number = inherited;
    if (e->file_sequence_number == NO_SEQUENCE && may)
        e->file_sequence_number = inherited;
    if (e->sequence_number < NO_SEQUENCE || e->file_sequence_number < NO_SEQUENCE)
        return err_set(err, E_CORRUPT, "a sequence number is negative");
    return e->sequence_number != NO_SEQUENCE || e->status == ICE_DELETED
               ? OK
               : err_set(err, E_CORRUPT, "an existing file does not have a sequence number");
}

must_use static enum code parse_entry(const struct parser *p, const struct avro_value *r,
                                      struct ice_entry *e, struct err *err)
{
    int32_t status;
    *e = (struct ice_entry){
        .spec_id = p->spec_id,
        .snapshot_id = NO_SNAPSHOT,
        .sequence_number = NO_SEQUENCE,
        .file_sequence_number = NO_SEQUENCE,
    };
    TRY(ice_avro_int32(r, ID_STATUS, &status, err));
    if (status < ICE_EXISTING || status > ICE_DELETED)
        return err_set(err, E_UNSUPPORTED, "field %d: status %" PRId32 " is not known", ID_STATUS,
                       status);
    e->status = (enum ice_status)status;
    TRY(ice_avro_maybe_int64(r, ID_SNAPSHOT, &e->snapshot_id, err));
    TRY(ice_avro_maybe_int64(r, ID_SEQUENCE, &e->sequence_number, err));
    TRY(ice_avro_maybe_int64(r, ID_FILE_SEQUENCE, &e->file_sequence_number, err));
    TRY(inherit(p, e, err));
    const struct avro_value *file = ice_avro_find(r, ID_DATA_FILE);
    if (!file || file->type->kind != AVRO_RECORD)
        return err_set(err, E_CORRUPT, "field %d: its data file is missing", ID_DATA_FILE);
    return parse_file(p, file, e, err);
}

must_use static enum code parse_all(const struct parser *p, struct avro_file *f, ice_entry_fn fn,
                                    void *arg, struct err *err)
{
    for (uint64_t i = 0;; i++) {
        const struct avro_value *r;
        struct ice_entry e;
        TRY(avro_next(f, &r, err));
        if (!r)
            return OK;
        enum code rc = parse_entry(p, r, &e, err);
        if (!rc)
            rc = fn(arg, &e, err);
        if (rc)
            return err_in(err, rc, "entry %" PRIu64, i);
    }
}

/* Where no list says it, the manifest does. */
static int32_t find_spec(const struct ice_manifest *what, const struct avro_file *f)
{
    struct view text;
    int64_t id = 0;
    if (what->spec_id != ICE_SPEC_OF_FILE)
        return what->spec_id;
    if (!avro_metadata(f, "partition-spec-id", &text) || text.len > 9)
        return 0;
    for (size_t i = 0; i < text.len && text.ptr[i] >= '0' && text.ptr[i] <= '9'; i++)
        id = id * 10 + (text.ptr[i] - '0');
    return (int32_t)id;
}

enum code ice_manifest_parse(struct view bytes, const struct ice_manifest *what,
                             struct arena *arena, ice_entry_fn fn, void *arg, struct err *err)
{
    struct avro_file *f;
    TRY(ice_avro_open(bytes, &f, err));
    const struct parser p = {.what = what, .spec_id = find_spec(what, f), .arena = arena};
    enum code rc = parse_all(&p, f, fn, arg, err);
    avro_close(f);
    return rc;
}
