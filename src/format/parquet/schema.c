/*
 * From the footer's flat, depth-first list of schema elements to top-level columns: which dtype
 * each has here, or why it has none.
 *
 * LogicalType wins over the older ConvertedType where both are written.
 */
#include "format/parquet/file_priv.h"

#include <stdio.h>

enum { min_element_bytes = 3 }; /* name header, its length 0, stop */

enum repetition { REQUIRED = 0, OPTIONAL = 1, REPEATED = 2 };

/* Field numbers of the LogicalType union. */
enum logical {
    LOGICAL_NONE = 0,
    LOGICAL_STRING = 1,
    LOGICAL_ENUM = 4,
    LOGICAL_DECIMAL = 5,
    LOGICAL_DATE = 6,
    LOGICAL_TIME = 7,
    LOGICAL_TIMESTAMP = 8,
    LOGICAL_INTEGER = 10,
    LOGICAL_UNKNOWN = 11,
    LOGICAL_JSON = 12,
};

static const char *const logical_names[] = {
    [1] = "STRING",    [2] = "MAP",        [3] = "LIST",      [4] = "ENUM",     [5] = "DECIMAL",
    [6] = "DATE",      [7] = "TIME",       [8] = "TIMESTAMP", [10] = "INT",     [11] = "NULL",
    [12] = "JSON",     [13] = "BSON",      [14] = "UUID",     [15] = "FLOAT16", [16] = "VARIANT",
    [17] = "GEOMETRY", [18] = "GEOGRAPHY", [19] = "FILE",
};

static const char *const physical_names[] = {
    "BOOLEAN", "INT32", "INT64", "INT96", "FLOAT", "DOUBLE", "BYTE_ARRAY", "FIXED_LEN_BYTE_ARRAY",
};
enum { n_physical = sizeof(physical_names) / sizeof(physical_names[0]) };

/* ConvertedType, told in terms of LogicalType. */
static const struct {
    uint8_t logical;
    uint8_t bits;
    bool is_signed;
} converted_types[] = {
    [0] = {LOGICAL_STRING, 0, false},
    [1] = {2, 0, false},
    [2] = {2, 0, false},
    [3] = {3, 0, false},
    [4] = {LOGICAL_ENUM, 0, false},
    [5] = {LOGICAL_DECIMAL, 0, false},
    [6] = {LOGICAL_DATE, 0, false},
    [7] = {LOGICAL_TIME, 0, false},
    [8] = {LOGICAL_TIME, 0, false},
    [9] = {LOGICAL_TIMESTAMP, 0, false},
    [10] = {LOGICAL_TIMESTAMP, 0, false},
    [11] = {LOGICAL_INTEGER, 8, false},
    [12] = {LOGICAL_INTEGER, 16, false},
    [13] = {LOGICAL_INTEGER, 32, false},
    [14] = {LOGICAL_INTEGER, 64, false},
    [15] = {LOGICAL_INTEGER, 8, true},
    [16] = {LOGICAL_INTEGER, 16, true},
    [17] = {LOGICAL_INTEGER, 32, true},
    [18] = {LOGICAL_INTEGER, 64, true},
    [19] = {LOGICAL_JSON, 0, false},
    [20] = {13, 0, false},
    [21] = {255, 0, false}, /* INTERVAL has no LogicalType */
    [22] = {255, 0, false},
    [23] = {255, 0, false},
    [24] = {LOGICAL_UNKNOWN, 0, false}, /* NULL of old parquet-cpp */
};
enum { n_converted = sizeof(converted_types) / sizeof(converted_types[0]) };

static void parse_int_type(struct thrift *t, struct pq_schema_element *e)
{
    struct thrift_field f = {0};
    while (thrift_next(t, &f))
        if (f.id == 1)
            e->int_bits = thrift_i32(t, f);
        else if (f.id == 2)
            e->int_signed = thrift_bool(t, f);
        else
            thrift_skip(t, f.type);
}

static void parse_logical(struct thrift *t, struct pq_schema_element *e)
{
    struct thrift_field f = {0};
    while (thrift_next(t, &f)) {
        e->logical = f.id;
        if (f.id == LOGICAL_INTEGER && f.type == THRIFT_STRUCT)
            parse_int_type(t, e);
        else
            thrift_skip(t, f.type);
    }
}

static void parse_element(struct thrift *t, struct pq_schema_element *e)
{
    *e = (struct pq_schema_element){.physical = -1, .converted = -1};
    struct thrift_field f = {0};
    while (thrift_next(t, &f)) {
        if (f.id == 1)
            e->physical = thrift_i32(t, f);
        else if (f.id == 3)
            e->repetition = thrift_i32(t, f);
        else if (f.id == 4)
            e->name = thrift_binary(t, f);
        else if (f.id == 5)
            e->n_children = thrift_size(t, f);
        else if (f.id == 6)
            e->converted = thrift_i32(t, f);
        else if (f.id == 10 && thrift_struct(t, f))
            parse_logical(t, e);
        else
            thrift_skip(t, f.type);
    }
}

/* Fold ConvertedType into the logical fields, where there is no LogicalType. */
static void unify_annotation(struct pq_schema_element *e)
{
    if (e->logical != LOGICAL_NONE || e->converted < 0)
        return;
    if (e->converted >= n_converted) {
        e->logical = 255;
        return;
    }
    e->logical = converted_types[e->converted].logical;
    e->int_bits = converted_types[e->converted].bits;
    e->int_signed = converted_types[e->converted].is_signed;
}

static bool int_dtype(const struct pq_schema_element *e, enum dtype *out)
{
    bool in_32 = e->int_bits == 8 || e->int_bits == 16 || e->int_bits == 32;
    if (!(e->physical == PQ_INT32 && in_32) && !(e->physical == PQ_INT64 && e->int_bits == 64))
        return false;
    switch (e->int_bits) {
    case 8:
        *out = e->int_signed ? DT_INT8 : DT_UINT8;
        break;
    case 16:
        *out = e->int_signed ? DT_INT16 : DT_UINT16;
        break;
    case 32:
        *out = e->int_signed ? DT_INT32 : DT_UINT32;
        break;
    default:
        *out = e->int_signed ? DT_INT64 : DT_UINT64;
    }
    return true;
}

static bool plain_dtype(int32_t physical, enum dtype *out)
{
    static const int8_t dtypes[n_physical] = {
        [PQ_BOOLEAN] = DT_BOOL,  [PQ_INT32] = DT_INT32,    [PQ_INT64] = DT_INT64, [PQ_INT96] = -1,
        [PQ_FLOAT] = DT_FLOAT32, [PQ_DOUBLE] = DT_FLOAT64, [PQ_BYTE_ARRAY] = -1,  [PQ_FIXED] = -1,
    };
    if (dtypes[physical] < 0)
        return false;
    *out = (enum dtype)dtypes[physical];
    return true;
}

static bool leaf_dtype(const struct pq_schema_element *e, enum dtype *out)
{
    switch (e->logical) {
    case LOGICAL_NONE:
        return plain_dtype(e->physical, out);
    case LOGICAL_INTEGER:
        return int_dtype(e, out);
    case LOGICAL_STRING:
    case LOGICAL_ENUM:
    case LOGICAL_JSON:
        *out = DT_UTF8;
        return e->physical == PQ_BYTE_ARRAY;
    default:
        return false;
    }
}

static void explain_leaf(const struct pq_schema_element *e, char *out, size_t cap)
{
    const char *logical = NULL;
    if (e->logical > 0 && (size_t)e->logical < sizeof(logical_names) / sizeof(logical_names[0]))
        logical = logical_names[e->logical];
    const char *physical = physical_names[e->physical];
    if (e->logical == LOGICAL_INTEGER)
        snprintf(out, cap, "INT of %d bits in %s is not supported", e->int_bits, physical);
    else if (logical)
        snprintf(out, cap, "%s in %s is not supported yet", logical, physical);
    else if (e->logical != LOGICAL_NONE)
        snprintf(out, cap, "annotation %d of %s is not known", e->converted, physical);
    else if (e->physical == PQ_BYTE_ARRAY)
        snprintf(out, cap, "binary is not supported yet");
    else
        snprintf(out, cap, "type %s is not supported yet", physical);
}

/* Decide what a top-level field is here. */
static void describe_column(const struct pq_schema_element *e, struct pq_column *col)
{
    if (e->physical < 0 || e->n_children > 0)
        snprintf(col->why_not, sizeof(col->why_not), "nested columns are not supported");
    else if (e->physical >= n_physical)
        snprintf(col->why_not, sizeof(col->why_not), "type %d is not known", e->physical);
    else if (e->repetition == REPEATED)
        snprintf(col->why_not, sizeof(col->why_not), "repeated columns are not supported");
    else if (e->repetition != REQUIRED && e->repetition != OPTIONAL)
        snprintf(col->why_not, sizeof(col->why_not), "repetition %d is not known", e->repetition);
    else if (!leaf_dtype(e, &col->dtype))
        explain_leaf(e, col->why_not, sizeof(col->why_not));
    else
        col->supported = true;
    if (col->supported) {
        col->physical = (enum pq_physical)e->physical;
        col->nullable = e->repetition == OPTIONAL;
    }
}

/* Parse one top-level field with all below it; `left` counts the elements not parsed yet. */
static enum code parse_column(struct pq_file *f, struct thrift *t, size_t *left, struct err *err)
{
    struct pq_column *col = &f->columns[f->n_columns];
    *col = (struct pq_column){.leaf_idx = f->n_leaves};
    for (uint64_t wanted = 1, first = 1; wanted > 0; wanted--, first = 0) {
        if (*left == 0)
            return err_set(err, E_CORRUPT, "schema: a group has more children than were written");
        (*left)--;
        struct pq_schema_element e;
        parse_element(t, &e);
        if (t->why)
            return err_set(err, E_CORRUPT, "schema %s", t->why);
        if (e.n_children > *left)
            return err_set(err, E_CORRUPT, "schema: a group of %llu children, %zu elements left",
                           (unsigned long long)e.n_children, *left);
        if (first) {
            unify_annotation(&e);
            col->name = arena_strndup(&f->arena, e.name.ptr, e.name.len);
            col->name_len = e.name.len;
            describe_column(&e, col);
        }
        if (e.physical >= 0 && e.n_children == 0)
            f->n_leaves++;
        wanted += e.n_children;
    }
    f->n_columns++;
    return OK;
}

enum code pq_schema_parse(struct pq_file *f, struct thrift *t, struct thrift_field list,
                          struct err *err)
{
    size_t left = thrift_structs(t, list, min_element_bytes);
    if (!t->why && left == 0)
        return err_set(err, E_CORRUPT, "schema is empty");
    if (left > f->limits.n_columns)
        return err_set(err, E_LIMIT, "schema of %zu elements, the limit is %zu", left,
                       f->limits.n_columns);
    struct pq_schema_element root;
    parse_element(t, &root);
    if (t->why)
        return err_set(err, E_CORRUPT, "schema %s", t->why);
    left--;
    if (root.n_children > left)
        return err_set(err, E_CORRUPT, "schema: %llu columns in %zu elements",
                       (unsigned long long)root.n_children, left);
    f->columns = arena_alloc(&f->arena, root.n_children * sizeof(*f->columns));
    f->n_columns = 0;
    f->n_leaves = 0;
    for (uint64_t i = 0; i < root.n_children; i++)
        TRY(parse_column(f, t, &left, err));
    if (left)
        return err_set(err, E_CORRUPT, "schema: %zu elements belong to no column", left);
    return OK;
}

const char *pq_column_printable(const struct pq_column *col, char out[static 128])
{
    return view_printable(view_of(col->name, col->name_len), out, 128);
}
