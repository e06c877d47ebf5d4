/*
 * ARROW:schema, which Arrow writers leave among the key-value metadata, says what Parquet cannot: time
 * zones, durations, lists of one length. A hint changes a column only where it fits what the column is; a
 * broken or foreign one is ignored.
 */
#include "format/arrow/schema_hint.h"
#include "format/parquet/file_priv.h"

/* Of a value that is no list. */
static void apply_to_leaf(const struct arrow_hint *h, const struct pq_leaf *leaf, bool is_plain_int,
                          struct type *type)
{
    bool is_instant = type->zone[0] || leaf->physical == PQ_INT96;
    if (h->kind == ARROW_TIMESTAMP && leaf->type.dtype == DT_TIMESTAMP && is_instant && h->zone[0])
        memcpy(type->zone, h->zone, sizeof(type->zone));
    if (h->kind == ARROW_DURATION && is_plain_int)
        type->unit = h->unit;
}

static void apply(const struct arrow_field_hint *h, struct pq_column *col)
{
    bool is_list = col->type.dtype == DT_LIST;
    const struct arrow_hint *own = is_list ? &h->element : &h->own;
    bool is_duration = own->kind == ARROW_DURATION && col->leaf.type.dtype == DT_INT64;
    apply_to_leaf(own, &col->leaf, is_duration, &col->type);
    if (is_duration && is_list)
        col->type.element = DT_DURATION;
    else if (is_duration)
        col->type.dtype = DT_DURATION;
    bool fixed = is_list && h->own.kind == ARROW_FIXED_LIST && h->own.list_size > 0 &&
                 h->own.list_size <= TYPE_FIXED_MAX && !dtype_is_bytes(col->type.element);
    if (fixed)
        col->type.list_size = (uint32_t)h->own.list_size;
}

void pq_apply_arrow_schema(struct pq_file *f, struct view base64)
{
    AUTO(arena) struct arena scratch = {0};
    struct arrow_field_hint *hints = NULL;
    size_t n = arrow_schema_hints(base64, &scratch, &hints);
    for (size_t i = 0; i < f->n_columns && n == f->n_columns; i++) {
        struct pq_column *col = &f->columns[i];
        if (col->supported && view_eq(hints[i].name, view_of(col->name, col->name_len)))
            apply(&hints[i], col);
    }
}
