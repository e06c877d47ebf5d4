#include "segment/gather.h"

#include "model/fill.h"
#include "model/key.h"

#include <assert.h>

/* Rows of one group, a run at a time, for so many columns. */
enum { RUN_ROWS = 128, COLUMNS_AT_ONCE = 32 };

/* Where a column's cells lie in the rows of one layer. */
struct place {
    const struct seg_set *set;
    size_t field; /* in the layer's schema */
    uint32_t group;
    uint32_t stride;
    uint32_t offset;
    int32_t null_bit;
    uint32_t null_offset;
    int32_t shift; /* of rows of group 0, see segment/stack.h */
    const uint8_t
        *zeros; /* the layer does not have the column: what stands for its cells; else NULL */
};

/* Where a column's cells come from. */
struct source {
    const struct seg_rows *rows;
    const struct place *places; /* by layer */
    size_t n_layers;
    bool is_direct; /* cells are where the base has them, from the rows as they were found */
    bool has_nulls; /* in some layer, besides absent rows */
};

/* The offset of a fixed component inside the key cell: all components before it have fixed width.
 * -1 where the key has to be taken apart. */
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

static struct place place_of(const struct seg_stack *stack, size_t layer, size_t base_field)
{
    const struct seg_set *set = stack->layers[layer].set;
    size_t field = seg_layer_field(&stack->layers[layer], base_field);
    if (field == SEG_NO_FIELD)
        return (struct place){
            .set = set, .null_bit = -1, .zeros = seg_stack_base(stack)->absent_row};
    const struct seg_cell *cell = &set->layout->cells[field];
    uint32_t group = cell->in_key ? 0 : cell->group;
    return (struct place){
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

static bool is_key(const struct seg_stack *stack, size_t field)
{
    return seg_stack_base(stack)->layout->cells[field].in_key;
}

static const struct seg_rows *rows_of(const struct seg_rows *rows, size_t field)
{
    return rows->of_field && rows->of_field[field] ? rows->of_field[field] : rows;
}

/* `places` has room for one a layer. */
static struct source source_of(const struct seg_stack *stack, const struct seg_rows *rows,
                               size_t field, struct place *places)
{
    struct source src = {
        .rows = rows_of(rows, field), .places = places, .n_layers = stack->n_layers};
    assert(src.n_layers > 0);
    for (size_t i = 0; i < stack->n_layers; i++) {
        places[i] = place_of(stack, i, field);
        src.has_nulls |= places[i].null_bit >= 0 || places[i].zeros;
    }
    src.is_direct = places[src.n_layers - 1].group == 0 &&
                    (src.n_layers == 1 || (stack->is_uniform && !is_key(stack, field)));
    return src;
}

/* Whether cells are copied from one place in the row. */
static bool is_in_place(const struct seg_stack *stack, size_t field)
{
    if (!is_key(stack, field))
        return !type_is_variable(&seg_stack_base(stack)->schema->fields[field].type);
    for (size_t i = 0; i < stack->n_layers; i++)
        if (key_offset(stack->layers[i].set, seg_layer_field(&stack->layers[i], field)) < 0)
            return false;
    return true;
}

/* With the base alone nothing is looked up a row. */
static inline const struct place *place_at(const struct source *src, size_t i)
{
    return src->n_layers == 1 ? src->places : &src->places[src->rows->layer[i]];
}

/* The blocks that all rows lie in; NULL with layers. Kept in a register where a loop stores bytes. */
static inline const struct seg_block *only_blocks(const struct source *src)
{
    return src->n_layers == 1 ? src->places->set->blocks : NULL;
}

static inline const struct seg_block *block_at(const struct source *src, size_t i)
{
    return &place_at(src, i)->set->blocks[src->rows->block[i]];
}

/* The row of the column's group that row `i` is. */
static inline const uint8_t *group_row(const struct source *src, size_t i)
{
    const struct seg_rows *rows = src->rows;
    const struct place *p = place_at(src, i);
    if (p->group == 0)
        return rows->row[i] - p->shift;
    if (!(rows->present[i / 8] >> (i % 8) & 1))
        return p->set->absent_row;
    uint64_t at = (uint64_t)rows->block[i] * p->set->layout->n_groups + p->group;
    return p->set->group_rows[at] + (uint64_t)rows->slot[i] * p->stride;
}

/* Cells of a run of rows: cell i is at rows[i] + offset. */
struct cells {
    const uint8_t *const *rows;
    uint32_t offset;
};

/* The cells of n rows from `at`: where they are direct as they are, else computed and prefetched here. */
static struct cells cells_of(const struct source *src, size_t at, size_t n, const uint8_t **scratch)
{
    uint32_t offset = src->places[src->n_layers - 1].offset;
    if (src->is_direct)
        return (struct cells){src->rows->row + at, offset};
    for (size_t i = 0; i < n; i++) {
        const struct place *p = place_at(src, at + i);
        scratch[i] = p->zeros ? p->zeros : group_row(src, at + i) + p->offset;
        __builtin_prefetch(scratch[i]);
    }
    return (struct cells){scratch, 0};
}

static bool is_in_base(const struct seg_stack *stack, const struct seg_rows *rows, size_t i)
{
    return stack->n_layers == 1 || rows->layer[i] == stack->n_layers - 1;
}

/* For a table larger than memory: bring in the rows of a group besides the first, which seg_find did. */
static void read_group_ahead(const struct seg_stack *stack, const struct seg_rows *rows,
                             uint32_t group, struct read_batch *batch)
{
    const struct seg_set *set = seg_stack_base(stack);
    uint32_t stride = set->layout->groups[group].stride, n_groups = set->layout->n_groups;
    for (size_t i = 0; i < rows->n; i++) {
        uint32_t block = rows->block[i];
        if ((rows->present[i / 8] >> (i % 8) & 1) && is_in_base(stack, rows, i))
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
            read_group_ahead(stack, rows_of(rows, fields[i]), cell->group, &batch);
    }
    read_batch_end(&batch);
}

/* One loop a width, so that each copy is a load and a store; unrolled, as they are all there is to do. */
static void gather_cells(const uint8_t *const *rows, size_t n, uint32_t offset, size_t width,
                         uint8_t *to)
{
    switch (width) {
    case 1:
#pragma GCC unroll 8
        for (size_t i = 0; i < n; i++)
            to[i] = rows[i][offset];
        break;
    case 2:
#pragma GCC unroll 8
        for (size_t i = 0; i < n; i++)
            memcpy(to + i * 2, rows[i] + offset, 2);
        break;
    case 4:
#pragma GCC unroll 8
        for (size_t i = 0; i < n; i++)
            memcpy(to + i * 4, rows[i] + offset, 4);
        break;
    case 8:
#pragma GCC unroll 8
        for (size_t i = 0; i < n; i++)
            memcpy(to + i * 8, rows[i] + offset, 8);
        break;
    default:
        for (size_t i = 0; i < n; i++)
            memcpy(to + i * width, rows[i] + offset, width);
        break;
    }
}

typedef uint32_t quad __attribute__((vector_size(16), aligned(4)));

/* Four columns of 4 bytes whose cells are neighbours: four rows are loaded whole and turned, which takes
 * half the instructions of sixteen single copies. */
static void gather_quad(const uint8_t *const *rows, size_t n, uint32_t offset, uint8_t *const to[4])
{
    size_t i = 0;
    for (; i + 4 <= n; i += 4) {
        quad r[4], c[4];
        for (size_t k = 0; k < 4; k++)
            memcpy(&r[k], rows[i + k] + offset, sizeof(quad));
        quad low01 = __builtin_shufflevector(r[0], r[1], 0, 4, 1, 5);
        quad low23 = __builtin_shufflevector(r[2], r[3], 0, 4, 1, 5);
        quad high01 = __builtin_shufflevector(r[0], r[1], 2, 6, 3, 7);
        quad high23 = __builtin_shufflevector(r[2], r[3], 2, 6, 3, 7);
        c[0] = __builtin_shufflevector(low01, low23, 0, 1, 4, 5);
        c[1] = __builtin_shufflevector(low01, low23, 2, 3, 6, 7);
        c[2] = __builtin_shufflevector(high01, high23, 0, 1, 4, 5);
        c[3] = __builtin_shufflevector(high01, high23, 2, 3, 6, 7);
        for (size_t k = 0; k < 4; k++)
            memcpy(to[k] + i * 4, &c[k], sizeof(quad));
    }
    for (; i < n; i++)
        for (size_t k = 0; k < 4; k++)
            memcpy(to[k] + i * 4, rows[i] + offset + k * 4, 4);
}

static void gather_bools(const uint8_t *const *rows, size_t n, uint32_t offset, uint8_t *to)
{
    memset(to, 0, column_bitmap_bytes(n));
    for (size_t i = 0; i < n; i++)
        to[i / 8] |= (uint8_t)((rows[i][offset] != 0) << (i % 8));
}

/* Rows of several layers, each with its own null bits. */
static void mask_nulls_of_layers(const struct source *src, size_t at, size_t n, uint8_t *validity)
{
    for (size_t i = 0; i < n; i++) {
        const struct place *p = place_at(src, at + i);
        bool is_null = p->zeros != NULL;
        if (p->null_bit >= 0) {
            uint32_t byte = p->null_offset + (uint32_t)p->null_bit / 8;
            is_null = group_row(src, at + i)[byte] >> (p->null_bit % 8) & 1;
        }
        validity[i / 8] &= (uint8_t) ~(is_null << (i % 8));
    }
}

/* Clear the validity bits of null cells. Absent rows are zeros, so they look valid here and are masked by the present
 * bits. */
static void mask_nulls(const struct source *src, size_t at, struct cells cells, size_t n,
                       uint8_t *validity)
{
    const struct place *p = src->places;
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

static size_t count_bits(const uint8_t *bitmap, size_t n_bits)
{
    size_t n = 0;
    for (size_t i = 0; i < column_bitmap_bytes(n_bits); i++)
        n += (size_t)__builtin_popcount(bitmap[i]);
    return n;
}

/* Lists of one length: their elements are the values of the child, none of them null. */
static void gather_fixed_lists(const uint8_t *const *rows, size_t n, uint32_t offset, size_t at,
                               struct column *out)
{
    struct column *child = out->child;
    size_t width = type_width(&out->type), n_elements = out->type.list_size;
    if (child->type.dtype == DT_BOOL)
        for (size_t i = 0; i < n; i++)
            fill_bits(child->data, (at + i) * n_elements, rows[i] + offset, n_elements);
    else
        gather_cells(rows, n, offset, width, child->data + at * width);
    fill_ones(child->validity, at * n_elements, n * n_elements);
    child->n_nulls = 0;
}

/* Cells in one place. */
static void gather_run(const struct source *src, size_t at, size_t n, struct column *out)
{
    const uint8_t *scratch[RUN_ROWS];
    size_t width = type_width(&out->type);
    struct cells cells = cells_of(src, at, n, scratch);
    if (out->type.dtype == DT_BOOL)
        gather_bools(cells.rows, n, cells.offset, out->data + at / 8);
    else if (out->child)
        gather_fixed_lists(cells.rows, n, cells.offset, at, out);
    else
        gather_cells(cells.rows, n, cells.offset, width, out->data + at * width);
    mask_nulls(src, at, cells, n, out->validity + at / 8);
}

/* A value of variable length, found without a branch: whether texts are short is as good as random. Absent and
 * null cells are zeros, which is the empty text. */
struct text {
    const uint8_t *ptr;
    size_t len; /* 0 when not sound */
    bool sound; /* it lies in its heap, if it is not in its cell */
};

static inline struct text text_at(const struct seg_block *block, const uint8_t *cell)
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
    return (struct text){(const uint8_t *)(in_cell ^ ((in_cell ^ in_heap) & choose_heap)),
                         len & -(size_t)sound, sound};
}

/* A component of a key that has to be taken apart. */
static bool key_value(const struct source *src, size_t i, struct view *out)
{
    const struct place *p = place_at(src, i);
    const struct seg_set *set = p->set;
    const uint8_t *row = src->rows->row[i] - p->shift;
    *out = (struct view){row, 0};
    if (!(src->rows->present[i / 8] >> (i % 8) & 1))
        return true;
    size_t k = 0;
    while (set->schema->key[k] != p->field)
        k++;
    return key_component(set->schema, seg_row_key(set->layout, block_at(src, i), row), k, out,
                         NULL) == OK;
}

/* Values that do not fit their cells, for a table larger than memory. */
static void read_heap_ahead(const struct seg_stack *stack, const struct seg_rows *rows,
                            size_t field_idx)
{
    const struct seg_set *set = seg_stack_base(stack);
    struct place places[SEG_STACK_MAX];
    struct source src = source_of(stack, rows, field_idx, places);
    const uint8_t *scratch[RUN_ROWS];
    struct read_batch batch = read_batch_begin(set->ahead);
    for (size_t at = 0; at < rows->n; at += RUN_ROWS) {
        size_t n = rows->n - at < RUN_ROWS ? rows->n - at : RUN_ROWS;
        struct cells cells = cells_of(&src, at, n, scratch);
        for (size_t i = 0; i < n; i++) {
            struct text text = text_at(block_at(&src, at + i), cells.rows[i] + cells.offset);
            if (text.len > SEG_VIEW_INLINE && is_in_base(stack, src.rows, at + i))
                read_batch_add(&batch, src.rows->block[at + i] / set->blocks_of_part, text.ptr,
                               text.len);
        }
    }
    read_batch_end(&batch);
}

/* Whether something may have to be checked of what rows are in. */
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
        if ((rows->present[i / 8] >> (i % 8) & 1) && is_in_base(stack, rows, i) &&
            !seg_pages_check(set->pages, set->group_rows[at] + (uint64_t)rows->slot[i] * stride,
                             stride))
            return false;
    }
    return true;
}

/* Values that do not fit their cells; a cell that points outside is found later. */
static bool heap_is_right(const struct seg_stack *stack, const struct seg_rows *rows, size_t field)
{
    struct place places[SEG_STACK_MAX];
    struct source src = source_of(stack, rows, field, places);
    const uint8_t *scratch[RUN_ROWS];
    bool right = true;
    for (size_t at = 0; at < rows->n; at += RUN_ROWS) {
        size_t n = rows->n - at < RUN_ROWS ? rows->n - at : RUN_ROWS;
        struct cells cells = cells_of(&src, at, n, scratch);
        for (size_t i = 0; i < n && right; i++) {
            struct text text = text_at(block_at(&src, at + i), cells.rows[i] + cells.offset);
            struct seg_pages *pages = place_at(&src, at + i)->set->pages;
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
            groups_are_right(stack, rows_of(rows, field), cell->group)) &&
           (!is_variable || heap_is_right(stack, rows, field));
}

/* Bring in what of these columns the search did not, and check it. */
must_use static enum code check_read(const struct seg_stack *stack, const struct seg_rows *rows,
                                     const size_t *fields, size_t n_fields, struct err *err)
{
    const struct seg_set *set = seg_stack_base(stack);
    bool right = !rows->is_damaged, unchecked = may_be_unchecked(stack);
    if (set->ahead)
        read_groups_ahead(stack, rows, fields, n_fields);
    for (size_t i = 0; i < n_fields && right; i++) {
        bool is_variable = type_is_variable(&set->schema->fields[fields[i]].type);
        if (set->ahead && is_variable && !is_key(stack, fields[i]))
            read_heap_ahead(stack, rows, fields[i]);
        if (unchecked)
            right = field_is_right(stack, rows, fields[i]);
    }
    return right ? OK
                 : err_set(err, E_CORRUPT,
                           "rows that were asked for are damaged on disk (checksum mismatch)");
}

static bool key_sizes(const struct source *src, size_t at, size_t n, struct column_sizes *sum)
{
    bool sound = true;
    for (size_t i = at; i < at + n; i++) {
        struct view value;
        sound &= key_value(src, i, &value);
        sum->bytes += value.len;
    }
    return sound;
}

static bool list_sizes(const struct source *src, const struct type *type, size_t at, size_t n,
                       struct column_sizes *sum)
{
    const uint8_t *scratch[RUN_ROWS];
    struct cells cells = cells_of(src, at, n, scratch);
    bool sound = true;
    for (size_t i = 0; i < n && sound; i++) {
        struct text text = text_at(block_at(src, at + i), cells.rows[i] + cells.offset);
        sound = text.sound && fill_add_sizes(type, view_of(text.ptr, text.len), sum);
    }
    return sound;
}

/* Lengths of the texts of a run; those that lie in the heap are on their way when this returns. */
static bool text_sizes(const struct source *src, size_t at, size_t n, struct column_sizes *sum)
{
    const uint8_t *scratch[RUN_ROWS];
    struct cells cells = cells_of(src, at, n, scratch);
    const struct seg_block *only = only_blocks(src);
    const uint32_t *block_of = src->rows->block + at;
    size_t bytes = 0;
    bool sound = true;
    for (size_t i = 0; i < n; i++) {
        const struct seg_block *block = only ? &only[block_of[i]] : block_at(src, at + i);
        struct text text = text_at(block, cells.rows[i] + cells.offset);
        __builtin_prefetch(text.ptr);
        __builtin_prefetch(text.ptr + text.len); /* the line of its end */
        sound &= text.sound;
        bytes += text.len;
    }
    sum->bytes += bytes;
    return sound;
}

static bool run_sizes(const struct source *src, const struct type *type, bool in_key, size_t at,
                      size_t n, struct column_sizes *sum)
{
    if (in_key)
        return key_sizes(src, at, n, sum);
    return type->dtype == DT_LIST ? list_sizes(src, type, at, n, sum) : text_sizes(src, at, n, sum);
}

must_use static enum code check_sizes(const char *name, const struct column_sizes *sum,
                                      struct err *err)
{
    size_t most = sum->bytes > sum->n_elements ? sum->bytes : sum->n_elements;
    if (most <= INT32_MAX)
        return OK;
    return err_set(err, E_LIMIT,
                   "column '%s': the values of this request have %zu %s, at most %d fit; "
                   "ask for fewer keys",
                   name, most, most == sum->bytes ? "bytes" : "elements", INT32_MAX);
}

/* Columns whose values differ in length, run by run: what a run's rows hold is in L1 for all of them. */
must_use static enum code sizes_of_some(const struct seg_stack *stack, const struct seg_rows *rows,
                                        const size_t *fields, size_t n_fields,
                                        struct column_sizes *const *out, struct err *err)
{
    struct place places[COLUMNS_AT_ONCE][SEG_STACK_MAX];
    struct source sources[COLUMNS_AT_ONCE];
    const struct schema *schema = seg_stack_base(stack)->schema;
    for (size_t i = 0; i < n_fields; i++)
        sources[i] = source_of(stack, rows, fields[i], places[i]);
    for (size_t at = 0; at < rows->n; at += RUN_ROWS) {
        size_t n = rows->n - at < RUN_ROWS ? rows->n - at : RUN_ROWS;
        for (size_t i = 0; i < n_fields; i++) {
            const struct field *f = &schema->fields[fields[i]];
            if (!run_sizes(&sources[i], &f->type, is_key(stack, fields[i]), at, n, out[i]))
                return err_set(err, E_CORRUPT, "column '%s': a stored value is damaged", f->name);
        }
    }
    for (size_t i = 0; i < n_fields; i++)
        TRY(check_sizes(schema->fields[fields[i]].name, out[i], err));
    return OK;
}

enum code seg_sizes(const struct seg_stack *stack, const struct seg_rows *rows,
                    const size_t *fields, size_t n_fields, struct column_sizes *out_sizes,
                    struct err *err)
{
    const struct schema *schema = seg_stack_base(stack)->schema;
    size_t chosen[COLUMNS_AT_ONCE], n = 0;
    struct column_sizes *out[COLUMNS_AT_ONCE];
    TRY(check_read(stack, rows, fields, n_fields, err));
    for (size_t i = 0; i < n_fields; i++) {
        out_sizes[i] = (struct column_sizes){0};
        if (!type_is_variable(&schema->fields[fields[i]].type))
            continue;
        chosen[n] = fields[i];
        out[n++] = &out_sizes[i];
        if (n < COLUMNS_AT_ONCE)
            continue;
        TRY(sizes_of_some(stack, rows, chosen, n, out, err));
        n = 0;
    }
    return sizes_of_some(stack, rows, chosen, n, out, err);
}

/* How far a column of variable length is filled. */
struct filled {
    size_t bytes;
    struct list_fill list;
};

static void gather_lists(const struct source *src, struct cells cells, size_t at, size_t n,
                         struct column *out, struct list_fill *fill)
{
    for (size_t i = 0; i < n; i++) {
        struct text text = text_at(block_at(src, at + i), cells.rows[i] + cells.offset);
        fill_list(out, at + i, view_of(text.ptr, text.len), fill);
    }
}

/*
 * Short texts are copied as 32 bytes where there is room, what is too much being overwritten by the next one:
 * two loads and two stores instead of a call and a branch for each length. Behind any cell or heap
 * that much of the segment follows.
 */
static size_t gather_texts(const struct source *src, struct cells cells, size_t at, size_t n,
                           struct column *out, size_t used)
{
    enum { AT_ONCE = 32 };
    assert(out->offsets);
    int32_t *restrict ends = out->offsets + at + 1;
    uint8_t *restrict data = out->data;
    const struct seg_block *only = only_blocks(src);
    const uint32_t *block_of = src->rows->block + at;
    size_t room = out->data_room;
    for (size_t i = 0; i < n; i++) {
        const struct seg_block *block = only ? &only[block_of[i]] : block_at(src, at + i);
        struct text text = text_at(block, cells.rows[i] + cells.offset);
        if (text.len <= AT_ONCE && used + AT_ONCE <= room)
            memcpy(data + used, text.ptr, AT_ONCE);
        else
            memcpy(data + used, text.ptr, text.len);
        used += text.len;
        ends[i] = (int32_t)used;
    }
    return used;
}

/* utf8, binary and lists of any length. */
static void gather_views(const struct source *src, size_t at, size_t n, struct column *out,
                         struct filled *filled)
{
    const uint8_t *scratch[RUN_ROWS];
    struct cells cells = cells_of(src, at, n, scratch);
    if (out->child)
        gather_lists(src, cells, at, n, out, &filled->list);
    else
        filled->bytes = gather_texts(src, cells, at, n, out, filled->bytes);
    mask_nulls(src, at, cells, n, out->validity + at / 8);
}

/* Components of a key that has to be taken apart: utf8, and what is behind it. */
static void gather_key(const struct source *src, struct column *out)
{
    size_t width = type_width(&out->type), used = 0;
    for (size_t i = 0; i < out->n_rows; i++) {
        struct view value;
        if (!key_value(src, i, &value))
            value.len = 0;
        if (out->offsets) {
            out->offsets[i] = (int32_t)used;
        } else {
            used = i * width;
            memset(out->data + used, 0, width);
        }
        if (value.len)
            memcpy(out->data + used, value.ptr, value.len);
        used += value.len;
    }
    if (out->offsets)
        out->offsets[out->n_rows] = (int32_t)used;
}

/* Whether four columns are side by side in group 0 of a layer. */
static bool are_neighbours(const struct source *sources, size_t layer)
{
    const struct place *first = &sources[0].places[layer];
    for (size_t k = 0; k < 4; k++) {
        const struct place *p = &sources[k].places[layer];
        if (p->group != 0 || p->zeros || p->offset != first->offset + 4 * k ||
            sources[k].is_direct != sources[0].is_direct || sources[k].rows != sources[0].rows)
            return false;
    }
    return true;
}

/* Whether the next four columns can go through gather_quad: 4 bytes each, side by side in all layers. */
static bool is_quad(const struct source *sources, struct column *const *columns, size_t n)
{
    if (n < 4)
        return false;
    for (size_t k = 0; k < 4; k++)
        if (columns[k]->child || type_width(&columns[k]->type) != 4)
            return false;
    for (size_t layer = sources->is_direct ? sources->n_layers - 1 : 0; layer < sources->n_layers;
         layer++)
        if (!are_neighbours(sources, layer))
            return false;
    return true;
}

static void gather_quad_run(const struct source *sources, size_t at, size_t n,
                            struct column *const *columns)
{
    const uint8_t *scratch[RUN_ROWS];
    struct cells cells = cells_of(sources, at, n, scratch);
    uint8_t *to[4];
    for (size_t k = 0; k < 4; k++)
        to[k] = columns[k]->data + at * 4;
    gather_quad(cells.rows, n, cells.offset, to);
    for (size_t k = 0; k < 4; k++)
        mask_nulls(&sources[k], at, (struct cells){cells.rows, cells.offset + 4 * (uint32_t)k}, n,
                   columns[k]->validity + at / 8);
}

/* One column, or four at once, of n rows from `at`, a multiple of 8, so that bitmaps are filled by whole
 * bytes. Returns how many columns. */
static size_t gather_next(const struct source *sources, size_t at, size_t n,
                          struct column *const *columns, size_t n_columns, struct filled *filled)
{
    if (is_quad(sources, columns, n_columns)) {
        gather_quad_run(sources, at, n, columns);
        return 4;
    }
    if (type_is_variable(&columns[0]->type))
        gather_views(sources, at, n, columns[0], filled);
    else
        gather_run(sources, at, n, columns[0]);
    return 1;
}

/* Columns side by side, run by run: what a run's rows hold is in L1 for all of them. */
static void gather_runs(const struct source *sources, struct column *const *columns,
                        size_t n_columns, size_t n_rows)
{
    struct filled filled[COLUMNS_AT_ONCE] = {0};
    for (size_t i = 0; i < n_columns; i++)
        if (columns[i]->offsets)
            columns[i]->offsets[0] = 0;
    for (size_t at = 0; at < n_rows; at += RUN_ROWS) {
        size_t n = n_rows - at < RUN_ROWS ? n_rows - at : RUN_ROWS;
        for (size_t i = 0; i < n_columns;)
            i += gather_next(&sources[i], at, n, &columns[i], n_columns - i, &filled[i]);
    }
}

static void count_nulls(const struct seg_rows *rows, const struct source *src, struct column *out)
{
    out->n_nulls = src->has_nulls ? rows->n - count_bits(out->validity, rows->n) : rows->n_absent;
}

/* At most COLUMNS_AT_ONCE columns. */
static void gather_some(const struct seg_stack *stack, const struct seg_rows *rows,
                        const size_t *fields, size_t n_fields, struct column *columns)
{
    struct place places[COLUMNS_AT_ONCE][SEG_STACK_MAX];
    struct source sources[COLUMNS_AT_ONCE];
    struct column *chosen[COLUMNS_AT_ONCE];
    size_t n = 0;
    for (size_t i = 0; i < n_fields; i++) {
        struct column *out = &columns[i];
        assert(out->n_rows == rows->n &&
               out->type.dtype == seg_stack_base(stack)->schema->fields[fields[i]].type.dtype);
        memcpy(out->validity, rows->present, column_bitmap_bytes(rows->n));
        chosen[n] = out;
        sources[n] = source_of(stack, rows, fields[i], places[n]);
        if (is_key(stack, fields[i]) && !is_in_place(stack, fields[i])) {
            gather_key(&sources[n], out);
            out->n_nulls = rows->n_absent;
        } else {
            n++;
        }
    }
    gather_runs(sources, chosen, n, rows->n);
    for (size_t i = 0; i < n; i++)
        count_nulls(rows, &sources[i], chosen[i]);
}

void seg_gather(const struct seg_stack *stack, const struct seg_rows *rows, const size_t *fields,
                size_t n_fields, struct column *columns)
{
    for (size_t first = 0; first < n_fields; first += COLUMNS_AT_ONCE) {
        size_t n = n_fields - first < COLUMNS_AT_ONCE ? n_fields - first : COLUMNS_AT_ONCE;
        gather_some(stack, rows, fields + first, n, columns + first);
    }
}
