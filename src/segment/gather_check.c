#include "segment/gather_check.h"

#include "segment/cells_priv.h"

/* For a table larger than memory: bring in the rows of another group than the first, which seg_find
 * has brought in. */
static void read_group_ahead(const struct seg_stack *stack, const struct seg_rows *rows,
                             uint32_t group, struct read_batch *batch)
{
    const struct seg_set *set = seg_stack_base(stack);
    uint32_t stride = set->layout->groups[group].stride, n_groups = set->layout->n_groups;
    for (size_t i = 0; i < rows->n; i++) {
        uint32_t block = rows->block[i];
        if (seg_is_present(rows, i) && seg_is_in_base(stack, rows, i))
            read_batch_add(batch, block / set->blocks_of_part,
                           set->group_rows[(uint64_t)block * n_groups + group] +
                               (uint64_t)rows->slot[i] * stride,
                           stride);
    }
}

static void read_groups_ahead(const struct seg_stack *stack, const struct seg_rows *rows,
                              const size_t *fields, size_t n_fields)
{
    const struct seg_set *set = seg_stack_base(stack);
    struct read_batch batch = read_batch_begin(set->ahead);
    for (size_t i = 0; i < n_fields; i++) {
        const struct seg_cell *cell = &set->layout->cells[fields[i]];
        if (!cell->in_key && cell->group != 0)
            read_group_ahead(stack, seg_rows_of(rows, fields[i]), cell->group, &batch);
    }
    read_batch_end(&batch);
}

/* Values that do not fit their cells, for a table larger than memory. */
static void read_heap_ahead(const struct seg_stack *stack, const struct seg_rows *rows,
                            size_t field_idx)
{
    const struct seg_set *set = seg_stack_base(stack);
    struct seg_place places[SEG_STACK_MAX];
    struct seg_source src = seg_source_of(stack, rows, field_idx, places);
    const uint8_t *scratch[SEG_RUN_ROWS];
    struct read_batch batch = read_batch_begin(set->ahead);
    for (size_t at = 0; at < rows->n; at += SEG_RUN_ROWS) {
        size_t n = rows->n - at < SEG_RUN_ROWS ? rows->n - at : SEG_RUN_ROWS;
        struct seg_run_cells cells = seg_cells_of(&src, at, n, scratch);
        for (size_t i = 0; i < n; i++) {
            struct seg_text text =
                seg_text_at(seg_block_at(&src, at + i), cells.rows[i] + cells.offset);
            if (text.len > SEG_VIEW_INLINE && seg_is_in_base(stack, src.rows, at + i))
                read_batch_add(&batch, src.rows->block[at + i] / set->blocks_of_part, text.ptr,
                               text.len);
        }
    }
    read_batch_end(&batch);
}

/* Whether any page that rows lie in may be unchecked. */
static bool may_be_unchecked(const struct seg_stack *stack)
{
    bool unchecked = seg_stack_base(stack)->ahead != NULL;
    for (size_t i = 0; i < stack->n_layers; i++) {
        const struct seg_pages *pages = stack->layers[i].set->pages;
        unchecked |= pages && seg_pages_has_unchecked(pages);
    }
    return unchecked;
}

/* Rows of other groups than the first, which the search has checked. Layers have one group. */
static bool groups_are_right(const struct seg_stack *stack, const struct seg_rows *rows,
                             uint32_t group)
{
    const struct seg_set *set = seg_stack_base(stack);
    uint32_t stride = set->layout->groups[group].stride, n_groups = set->layout->n_groups;
    for (size_t i = 0; i < rows->n; i++) {
        uint64_t at = (uint64_t)rows->block[i] * n_groups + group;
        if (seg_is_present(rows, i) && seg_is_in_base(stack, rows, i) &&
            !seg_pages_check(set->pages, set->group_rows[at] + (uint64_t)rows->slot[i] * stride,
                             stride))
            return false;
    }
    return true;
}

/* Check values in the heap. A cell that points outside the heap is found when sizes are
 * computed. */
static bool heap_is_right(const struct seg_stack *stack, const struct seg_rows *rows, size_t field)
{
    struct seg_place places[SEG_STACK_MAX];
    struct seg_source src = seg_source_of(stack, rows, field, places);
    const uint8_t *scratch[SEG_RUN_ROWS];
    bool right = true;
    for (size_t at = 0; at < rows->n; at += SEG_RUN_ROWS) {
        size_t n = rows->n - at < SEG_RUN_ROWS ? rows->n - at : SEG_RUN_ROWS;
        struct seg_run_cells cells = seg_cells_of(&src, at, n, scratch);
        for (size_t i = 0; i < n && right; i++) {
            struct seg_text text =
                seg_text_at(seg_block_at(&src, at + i), cells.rows[i] + cells.offset);
            struct seg_pages *pages = seg_place_at(&src, at + i)->set->pages;
            if (text.len > SEG_VIEW_INLINE && pages)
                right = seg_pages_check(pages, text.ptr, text.len);
        }
    }
    return right;
}

static bool field_is_right(const struct seg_stack *stack, const struct seg_rows *rows, size_t field)
{
    const struct seg_set *set = seg_stack_base(stack);
    const struct seg_cell *cell = &set->layout->cells[field];
    bool is_variable = type_is_variable(&set->schema->fields[field].type);
    if (cell->in_key)
        return true;
    return (cell->group == 0 || !set->pages ||
            groups_are_right(stack, seg_rows_of(rows, field), cell->group)) &&
           (!is_variable || heap_is_right(stack, rows, field));
}

enum code seg_check_read(const struct seg_stack *stack, const struct seg_rows *rows,
                         const size_t *fields, size_t n_fields, struct err *err)
{
    const struct seg_set *set = seg_stack_base(stack);
    bool right = !rows->is_damaged, unchecked = may_be_unchecked(stack);
    if (set->ahead)
        read_groups_ahead(stack, rows, fields, n_fields);
    for (size_t i = 0; i < n_fields && right; i++) {
        bool is_variable = type_is_variable(&set->schema->fields[fields[i]].type);
        if (set->ahead && is_variable && !seg_is_key(stack, fields[i]))
            read_heap_ahead(stack, rows, fields[i]);
        if (unchecked)
            right = field_is_right(stack, rows, fields[i]);
    }
    return right ? OK
                 : err_set(err, E_CORRUPT,
                           "rows that were asked for are damaged on disk (checksum mismatch)");
}
