#include "segment/cells_priv.h"

#include "model/key.h"

#include <assert.h>

/* The offset of a component inside the key cell, if it and all components before it have a fixed
 * width; -1 where the key has to be taken apart. */
static int64_t key_offset(const struct seg_set *set, size_t field_idx)
{
    const struct schema *s = set->schema;
    int64_t at = 0;
    for (size_t k = 0; s->key[k] != field_idx; k++) {
        if (s->fields[s->key[k]].type.dtype == DT_UTF8)
            return -1;
        at += (int64_t)type_width(&s->fields[s->key[k]].type);
    }
    return set->layout->key_fixed && s->fields[field_idx].type.dtype != DT_UTF8 ? at : -1;
}

static struct seg_place place_of(const struct seg_stack *stack, size_t layer, size_t base_field)
{
    const struct seg_set *set = stack->layers[layer].set;
    size_t field = seg_layer_field(&stack->layers[layer], base_field);
    if (field == SEG_NO_FIELD)
        return (struct seg_place){
            .set = set, .null_bit = -1, .zeros = seg_stack_base(stack)->absent_row};
    const struct seg_cell *cell = &set->layout->cells[field];
    uint32_t group = cell->in_key ? 0 : cell->group;
    return (struct seg_place){
        .set = set,
        .field = field,
        .group = group,
        .stride = set->layout->groups[group].stride,
        .offset = cell->in_key ? (uint32_t)key_offset(set, field) : cell->offset,
        .null_bit = cell->in_key ? -1 : cell->null_bit,
        .null_offset = set->layout->groups[group].null_offset,
        .shift = stack->layers[layer].shift,
    };
}

const struct seg_rows *seg_rows_of(const struct seg_rows *rows, size_t field)
{
    return rows->of_field && rows->of_field[field] ? rows->of_field[field] : rows;
}

struct seg_source seg_source_of(const struct seg_stack *stack, const struct seg_rows *rows,
                                size_t field, struct seg_place *places)
{
    struct seg_source src = {
        .rows = seg_rows_of(rows, field), .places = places, .n_layers = stack->n_layers};
    assert(src.n_layers > 0);
    for (size_t i = 0; i < stack->n_layers; i++) {
        places[i] = place_of(stack, i, field);
        src.has_nulls |= places[i].null_bit >= 0 || places[i].zeros;
    }
    src.is_direct = places[src.n_layers - 1].group == 0 &&
                    (src.n_layers == 1 || (stack->is_uniform && !seg_is_key(stack, field)));
    return src;
}

bool seg_is_in_place(const struct seg_stack *stack, size_t field)
{
    if (!seg_is_key(stack, field))
        return !type_is_variable(&seg_stack_base(stack)->schema->fields[field].type);
    for (size_t i = 0; i < stack->n_layers; i++)
        if (key_offset(stack->layers[i].set, seg_layer_field(&stack->layers[i], field)) < 0)
            return false;
    return true;
}

/* The row of the column's group that row `i` is. */
static inline const uint8_t *group_row(const struct seg_source *src, size_t i)
{
    const struct seg_rows *rows = src->rows;
    const struct seg_place *p = seg_place_at(src, i);
    if (p->group == 0)
        return rows->row[i] - p->shift;
    if (!seg_is_present(rows, i))
        return p->set->absent_row;
    uint64_t at = (uint64_t)rows->block[i] * p->set->layout->n_groups + p->group;
    return p->set->group_rows[at] + (uint64_t)rows->slot[i] * p->stride;
}

/* By layer and by group: two rows of a run may be in different layers, and a group is another array
 * of rows. */
void seg_cells_look_up(const struct seg_source *src, size_t at, size_t n, const uint8_t **scratch)
{
    for (size_t i = 0; i < n; i++) {
        const struct seg_place *p = seg_place_at(src, at + i);
        scratch[i] = p->zeros ? p->zeros : group_row(src, at + i) + p->offset;
        __builtin_prefetch(scratch[i]);
    }
}

/* Rows come from several layers, and each layer has null bits of its own. */
static void mask_nulls_of_layers(const struct seg_source *src, size_t at, size_t n,
                                 uint8_t *validity)
{
    for (size_t i = 0; i < n; i++) {
        const struct seg_place *p = seg_place_at(src, at + i);
        bool is_null = p->zeros != NULL;
        if (p->null_bit >= 0) {
            uint32_t byte = p->null_offset + (uint32_t)p->null_bit / 8;
            is_null = group_row(src, at + i)[byte] >> (p->null_bit % 8) & 1;
        }
        validity[i / 8] &= (uint8_t) ~(is_null << (i % 8));
    }
}

void seg_mask_nulls(const struct seg_source *src, size_t at, struct seg_run_cells cells, size_t n,
                    uint8_t *validity)
{
    const struct seg_place *p = src->places;
    if (!src->has_nulls)
        return;
    if (src->n_layers > 1) {
        mask_nulls_of_layers(src, at, n, validity);
        return;
    }
    ptrdiff_t byte = (ptrdiff_t)p->null_offset + p->null_bit / 8 - p->offset + cells.offset;
    unsigned bit = (unsigned)p->null_bit % 8;
    for (size_t i = 0; i < n; i++)
        validity[i / 8] &= (uint8_t) ~((cells.rows[i][byte] >> bit & 1) << (i % 8));
}

bool seg_key_value(const struct seg_source *src, size_t i, struct view *out)
{
    const struct seg_place *p = seg_place_at(src, i);
    const struct seg_set *set = p->set;
    const uint8_t *row = src->rows->row[i] - p->shift;
    *out = (struct view){row, 0};
    if (!seg_is_present(src->rows, i))
        return true;
    size_t k = 0;
    while (set->schema->key[k] != p->field)
        k++;
    return key_component(set->schema, seg_row_key(set->layout, seg_block_at(src, i), row), k, out,
                         NULL) == OK;
}
