/*
 * Where the values of a column are, for rows that were found: what gathering fixed widths
 * (gather_fixed.c), gathering values of any length (gather_var.c) and checking bytes before they
 * are read (gather_check.c) have in common.
 *
 * A column has a *place* in each layer of the stack: group, stride, offset. A *source* is a column
 * with all of its places and the rows to read. Columns are read in runs of rows, small enough that
 * what a run's rows hold stays in L1 while all columns take their part of it; seg_cells_of turns a
 * run into addresses of cells, and copying starts from these.
 *
 * What is called for each row is inline here; the rest is called once for a run and column.
 */
#ifndef MURR_SEGMENT_CELLS_PRIV_H
#define MURR_SEGMENT_CELLS_PRIV_H

#include "model/column.h"
#include "segment/stack.h"

enum { SEG_RUN_ROWS = 128 };

/* Where a column's cells lie in the rows of one layer. */
struct seg_place {
    const struct seg_set *set;
    size_t field; /* in the layer's schema */
    uint32_t group;
    uint32_t stride;
    uint32_t offset;
    int32_t null_bit;
    uint32_t null_offset;
    int32_t shift; /* of rows of group 0, see segment/stack.h */
    /* Where the layer does not have the column: zeros, which stand for its cells; else NULL. */
    const uint8_t *zeros;
};

/* Where a column's cells come from. */
struct seg_source {
    const struct seg_rows *rows;
    const struct seg_place *places; /* by layer */
    size_t n_layers;
    bool is_direct; /* cells are where the base has them, from the rows as they were found */
    bool has_nulls; /* in some layer, besides absent rows */
};

/* `places` has room for one a layer, and lives as long as the source. */
struct seg_source seg_source_of(const struct seg_stack *stack, const struct seg_rows *rows,
                                size_t field, struct seg_place *places);

/* The rows to read a column from. Columns that patches left out come from other rows than the rest
 * (segment/patch.h). */
const struct seg_rows *seg_rows_of(const struct seg_rows *rows, size_t field);

static inline bool seg_is_key(const struct seg_stack *stack, size_t field)
{
    return seg_stack_base(stack)->layout->cells[field].in_key;
}

/* Whether all cells of a column are copied from one place in the row; false for values of any
 * length, and for components of keys that follow such a value. */
bool seg_is_in_place(const struct seg_stack *stack, size_t field);

/* With the base alone, all rows have the same place. */
static inline const struct seg_place *seg_place_at(const struct seg_source *src, size_t i)
{
    return src->n_layers == 1 ? src->places : &src->places[src->rows->layer[i]];
}

/* The blocks of all rows; NULL with layers. Loops that store bytes keep this in a register: through
 * `src` it would be loaded again for each row, since a byte store may alias anything. */
static inline const struct seg_block *seg_only_blocks(const struct seg_source *src)
{
    return src->n_layers == 1 ? src->places->set->blocks : NULL;
}

static inline const struct seg_block *seg_block_at(const struct seg_source *src, size_t i)
{
    return &seg_place_at(src, i)->set->blocks[src->rows->block[i]];
}

static inline bool seg_is_in_base(const struct seg_stack *stack, const struct seg_rows *rows,
                                  size_t i)
{
    return stack->n_layers == 1 || rows->layer[i] == stack->n_layers - 1;
}

/* Whether row `i` was found. */
static inline bool seg_is_present(const struct seg_rows *rows, size_t i)
{
    return rows->present[i / 8] >> (i % 8) & 1;
}

/* Cells of a run of rows: cell i is at rows[i] + offset. */
struct seg_run_cells {
    const uint8_t *const *rows;
    uint32_t offset;
};

/* Addresses of the cells of n rows from `at`, prefetched, into `scratch`. */
void seg_cells_look_up(const struct seg_source *src, size_t at, size_t n, const uint8_t **scratch);

/* The cells of n rows from `at`, at most SEG_RUN_ROWS. Direct cells need no work; others are looked
 * up into `scratch`, which has room for n. */
static inline struct seg_run_cells seg_cells_of(const struct seg_source *src, size_t at, size_t n,
                                                const uint8_t **scratch)
{
    if (src->is_direct)
        return (struct seg_run_cells){src->rows->row + at, src->places[src->n_layers - 1].offset};
    seg_cells_look_up(src, at, n, scratch);
    return (struct seg_run_cells){scratch, 0};
}

/* Clear the validity bits of null cells. Absent rows are zeros, so they look valid here and are
 * masked by the present bits. */
void seg_mask_nulls(const struct seg_source *src, size_t at, struct seg_run_cells cells, size_t n,
                    uint8_t *validity);

/* A value of variable length. Finding it has no branch, because whether a text is short enough for
 * its cell is as unpredictable as a coin. Absent and null cells are zeros, which is the empty
 * text. */
struct seg_text {
    const uint8_t *ptr;
    size_t len; /* 0 when not sound */
    bool sound; /* it lies in its heap, if it is not in its cell */
};

static inline struct seg_text seg_text_at(const struct seg_block *block, const uint8_t *cell)
{
    uint32_t len;
    uint64_t heap_at;
    memcpy(&len, cell, sizeof(len));
    memcpy(&heap_at, cell + 8, sizeof(heap_at));
    bool is_long = len > SEG_VIEW_INLINE;
    bool fits = (heap_at <= block->heap_bytes) & (len <= block->heap_bytes - heap_at);
    uintptr_t in_cell = (uintptr_t)(cell + 4), in_heap = (uintptr_t)block->heap + heap_at;
    uintptr_t choose_heap = -(uintptr_t)(is_long & fits);
    bool sound = fits | !is_long;
    return (struct seg_text){(const uint8_t *)(in_cell ^ ((in_cell ^ in_heap) & choose_heap)),
                             len & -(size_t)sound, sound};
}

/* Component of a key that has to be taken apart; empty for absent rows. False: the key is
 * damaged. */
bool seg_key_value(const struct seg_source *src, size_t i, struct view *out);

#endif
