/*
 * ARROW:schema, which Arrow writers leave among the key-value metadata, says what Parquet cannot:
 * time zones, durations, lists of one length. A hint changes a column only if it agrees with the
 * type of the column; other hints are ignored.
 */
#include "format/arrow/schema_hint.h"
#include "format/parquet/file_priv.h"

/* Of one value: the column's own, or those of its list. `dtype` is where the column says what it
 * is. */
static void apply_to_value(const struct arrow_spec *s, struct pq_leaf *leaf, struct type *type,
                           enum dtype *dtype)
{
    bool is_instant = type->zone[0] || leaf->physical == PQ_INT96;
    char zone[TYPE_ZONE_CAP];
    if (s->kind == KIND_TIMESTAMP && *dtype == DT_TIMESTAMP && is_instant) {
        if (s->zone.len && type_zone(s->zone, zone))
            memcpy(type->zone, zone, sizeof(zone));
    } else if (s->kind == KIND_DURATION && *dtype == DT_INT64 && s->unit <= UNIT_NS) {
        *dtype = DT_DURATION;
        type->unit = (enum time_unit)s->unit;
    } else if (s->kind == KIND_DECIMAL && s->bits == 256 && *dtype == DT_DECIMAL128) {
        *dtype = DT_DECIMAL256;
        leaf->type.dtype = DT_DECIMAL256;
    }
}

static void apply(const struct arrow_field_hint *h, struct pq_column *col)
{
    struct type *t = &col->type;
    if (t->dtype != DT_LIST) {
        apply_to_value(&h->own, &col->leaf, t, &t->dtype);
        return;
    }
    apply_to_value(&h->element, &col->leaf, t, &t->element);
    const struct type element = type_element(t);
    if (h->own.kind == KIND_FIXED_LIST && type_list_fits(&element, h->own.size))
        t->list_size = (uint32_t)h->own.size;
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
