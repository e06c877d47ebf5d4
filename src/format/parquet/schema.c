/*
 * From the footer's flat, depth-first list of schema elements to top-level columns: which type each
 * of them has, or why it has none. leaf.c decides about types; this file is about shapes:
 *
 *   leaf                                     a column
 *   repeated leaf                            a list, never null, of elements never null
 *   group (LIST) { repeated leaf }           a list of elements never null
 *   group (LIST) { repeated group { leaf } } a list
 *   anything else                            nested
 */
#include "format/parquet/file_priv.h"
#include "format/parquet/thrift_ids.h"

#include <stdio.h>

enum { min_element_bytes = 3 }; /* name header, its length 0, stop */
enum { list_elements = 3 };     /* of the schema, that a list is made of at most */
enum { max_depth = 64 };        /* of nested groups */

static void parse_int_type(struct thrift *t, struct pq_schema_element *e)
{
    struct thrift_field f = {0};
    while (thrift_next(t, &f))
        if (f.id == INT_BIT_WIDTH)
            e->int_bits = thrift_i32(t, f);
        else if (f.id == INT_IS_SIGNED)
            e->int_signed = thrift_bool(t, f);
        else
            thrift_skip(t, f.type);
}

static void parse_decimal_type(struct thrift *t, struct pq_schema_element *e)
{
    struct thrift_field f = {0};
    while (thrift_next(t, &f))
        if (f.id == DECIMAL_SCALE)
            e->scale = thrift_i32(t, f);
        else if (f.id == DECIMAL_PRECISION)
            e->precision = thrift_i32(t, f);
        else
            thrift_skip(t, f.type);
}

static void parse_unit(struct thrift *t, struct pq_schema_element *e)
{
    struct thrift_field f = {0};
    while (thrift_next(t, &f)) {
        e->unit = f.id;
        thrift_skip(t, f.type);
    }
}

static void parse_time_type(struct thrift *t, struct pq_schema_element *e)
{
    struct thrift_field f = {0};
    while (thrift_next(t, &f))
        if (f.id == TIME_IS_ADJUSTED_TO_UTC)
            e->is_utc = thrift_bool(t, f);
        else if (f.id == TIME_UNIT && thrift_struct(t, f))
            parse_unit(t, e);
        else
            thrift_skip(t, f.type);
}

static void parse_logical(struct thrift *t, struct pq_schema_element *e)
{
    struct thrift_field f = {0};
    while (thrift_next(t, &f)) {
        e->logical = f.id;
        if (f.type != THRIFT_STRUCT)
            thrift_skip(t, f.type);
        else if (f.id == LOGICAL_INTEGER)
            parse_int_type(t, e);
        else if (f.id == LOGICAL_DECIMAL)
            parse_decimal_type(t, e);
        else if (f.id == LOGICAL_TIME || f.id == LOGICAL_TIMESTAMP)
            parse_time_type(t, e);
        else
            thrift_skip(t, f.type);
    }
}

/* fastparquet writes a boolean if its user said whether there are nulls. */
static int32_t parse_repetition(struct thrift *t, struct thrift_field f)
{
    bool is_bool = f.type == THRIFT_TRUE || f.type == THRIFT_FALSE;
    return is_bool ? thrift_bool(t, f) : thrift_i32(t, f);
}

static void parse_element(struct thrift *t, struct pq_schema_element *e)
{
    *e = (struct pq_schema_element){.physical = -1, .converted = -1, .field_id = PQ_NO_FIELD_ID};
    int32_t scale = 0, precision = 0;
    struct thrift_field f = {0};
    while (thrift_next(t, &f))
        if (f.id == ELEMENT_TYPE)
            e->physical = thrift_i32(t, f);
        else if (f.id == ELEMENT_TYPE_LENGTH)
            e->type_length = thrift_i32(t, f);
        else if (f.id == ELEMENT_REPETITION_TYPE)
            e->repetition = parse_repetition(t, f);
        else if (f.id == ELEMENT_NAME)
            e->name = thrift_binary(t, f);
        else if (f.id == ELEMENT_NUM_CHILDREN)
            e->n_children = thrift_size(t, f);
        else if (f.id == ELEMENT_CONVERTED_TYPE)
            e->converted = thrift_i32(t, f);
        else if (f.id == ELEMENT_SCALE)
            scale = thrift_i32(t, f);
        else if (f.id == ELEMENT_PRECISION)
            precision = thrift_i32(t, f);
        else if (f.id == ELEMENT_FIELD_ID)
            e->field_id = thrift_i32(t, f);
        else if (f.id == ELEMENT_LOGICAL_TYPE && thrift_struct(t, f))
            parse_logical(t, e);
        else
            thrift_skip(t, f.type);
    if (e->precision == 0) {
        e->precision = precision;
        e->scale = scale;
    }
}

static bool is_leaf(const struct pq_schema_element *e)
{
    return e->physical >= 0 && e->n_children == 0;
}

/* Old writers meant a list of structs of one field by these names of the repeated group. */
static bool is_struct_name(struct view repeated, struct view list)
{
    struct view ending = view_of("_tuple", 6);
    if (view_eq_cstr(repeated, "array"))
        return true;
    return repeated.len == list.len + ending.len &&
           view_eq(view_of(repeated.ptr, list.len), list) &&
           view_eq(view_of(repeated.ptr + list.len, ending.len), ending);
}

/*
 * Definition levels count the optional and repeated fields on the path that are present. So the
 * level of a value is the number of these fields (max_def), the level of an empty list is 1 if the
 * list itself is optional, else 0 (list_def), and a null list is below that. Lists inside lists
 * would need more repetition levels than one, and are not supported.
 */
/* The leaf of a list of this shape, or NULL; `n` elements in all. Sets the column's levels. */
static struct pq_schema_element *list_leaf(struct pq_schema_element *e, size_t n,
                                           struct pq_column *col)
{
    uint8_t outer = e[0].repetition == PQ_OPTIONAL;
    col->nullable = outer;
    col->list_def = outer;
    if (n == 1 && is_leaf(&e[0]) && e[0].repetition == PQ_REPEATED) {
        col->max_def = 1;
        return &e[0];
    }
    if (n < 2 || e[0].repetition == PQ_REPEATED || !pq_element_is_list(&e[0]) ||
        e[1].repetition != PQ_REPEATED)
        return NULL;
    col->max_def = outer + 1;
    if (n == 2)
        return is_leaf(&e[1]) ? &e[1] : NULL;
    if (n != 3 || is_leaf(&e[1]) || !is_leaf(&e[2]) || e[2].repetition == PQ_REPEATED ||
        is_struct_name(e[1].name, e[0].name))
        return NULL;
    col->max_def += e[2].repetition == PQ_OPTIONAL;
    return &e[2];
}

static void describe_list(struct pq_schema_element *e, size_t n, struct pq_column *col)
{
    struct pq_schema_element *leaf = list_leaf(e, n, col);
    if (!leaf) {
        col->nested = true;
        snprintf(col->why_not, sizeof(col->why_not), "nested columns are not supported: it is a %s",
                 pq_element_nesting(&e[0]));
        return;
    }
    if (!pq_leaf_describe(leaf, &col->leaf, col->why_not, sizeof(col->why_not)))
        return;
    col->is_null = pq_element_is_null(leaf);
    col->type = col->leaf.type;
    col->type.element = col->leaf.type.dtype;
    col->type.dtype = DT_LIST;
    col->supported = true;
}

/* Decide what a top-level field of `n` schema elements is here; the first few of them are in
 * `e`. */
static void describe_column(struct pq_schema_element *e, size_t n, struct pq_column *col)
{
    if (e[0].repetition < PQ_REQUIRED || e[0].repetition > PQ_REPEATED) {
        snprintf(col->why_not, sizeof(col->why_not), "repetition %d is not known", e[0].repetition);
    } else if (n != 1 || !is_leaf(&e[0]) || e[0].repetition == PQ_REPEATED) {
        describe_list(e, n, col);
    } else if (pq_leaf_describe(&e[0], &col->leaf, col->why_not, sizeof(col->why_not))) {
        col->type = col->leaf.type;
        col->nullable = e[0].repetition == PQ_OPTIONAL;
        col->max_def = col->nullable;
        col->supported = true;
    }
}

/* Parse one top-level field with all below it; `left` counts the elements not parsed yet. */
static enum code parse_column(struct pq_file *f, struct thrift *t, size_t *left, struct err *err)
{
    struct pq_column *col = &f->columns[f->n_columns];
    struct pq_schema_element e[list_elements];
    uint64_t open[max_depth] = {1}; /* children still to come, of the groups around */
    size_t n = 0, depth = 1;
    *col = (struct pq_column){.leaf_idx = f->n_leaves};
    /* The list is depth first, so a stack of counters replaces recursion; hostile depth cannot
     * exhaust ours. */
    for (; depth > 0; n++) {
        struct pq_schema_element beyond, *at = n < list_elements ? &e[n] : &beyond;
        if (*left == 0)
            return err_set(err, E_CORRUPT, "schema: a group has more children than were written");
        (*left)--;
        parse_element(t, at);
        if (t->why)
            return err_set(err, E_CORRUPT, "schema %s", t->why);
        if (at->n_children > *left)
            return err_set(err, E_CORRUPT, "schema: a group of %llu children, %zu elements left",
                           (unsigned long long)at->n_children, *left);
        f->n_leaves += is_leaf(at);
        open[depth - 1]--;
        if (at->n_children && depth == max_depth)
            return err_set(err, E_LIMIT, "schema: groups more than %d deep", max_depth);
        if (at->n_children)
            open[depth++] = at->n_children;
        while (depth > 0 && open[depth - 1] == 0)
            depth--;
    }
    col->n_leaves = f->n_leaves - col->leaf_idx;
    col->name = arena_strndup(&f->arena, e[0].name.ptr, e[0].name.len);
    col->name_len = e[0].name.len;
    col->field_id = e[0].field_id;
    col->is_null |= n == 1 && pq_element_is_null(&e[0]);
    describe_column(e, n, col);
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

bool pq_column_is_int96(const struct pq_column *col)
{
    return col->supported && col->leaf.physical == PQ_INT96;
}

const char *pq_column_printable(const struct pq_column *col, char out[static 128])
{
    return view_printable(view_of(col->name, col->name_len), out, 128);
}
