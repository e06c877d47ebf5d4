#include "segment/gather_fixed.h"

#include "model/fill.h"

/* One loop for each width, so that each copy is one load and one store. Unrolled, because the loop
 * itself would cost as much as the copies. */
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

/*
 * A table of features has many float32 columns side by side, so this is the loop that most answers
 * spend their time in. Copying column by column loads 4 bytes of a row for each column; here one
 * load of 16 bytes serves four columns. Four such loads are a 4 x 4 matrix, with a row of the table
 * in each vector. Its transpose has a column in each vector, which is stored at once. The transpose
 * is two rounds of pairwise interleaving: halves of rows first, then pairs of them.
 */
typedef uint32_t quad __attribute__((vector_size(16), aligned(4)));

/* Four columns of 4 bytes whose cells are neighbours: four rows are loaded whole and turned, which
 * takes half the instructions of sixteen single copies. */
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

void seg_gather_fixed(const struct seg_source *src, size_t at, size_t n, struct column *out)
{
    const uint8_t *scratch[SEG_RUN_ROWS];
    size_t width = type_width(&out->type);
    struct seg_run_cells cells = seg_cells_of(src, at, n, scratch);
    if (out->type.dtype == DT_BOOL)
        gather_bools(cells.rows, n, cells.offset, out->data + at / 8);
    else if (out->child)
        gather_fixed_lists(cells.rows, n, cells.offset, at, out);
    else
        gather_cells(cells.rows, n, cells.offset, width, out->data + at * width);
    seg_mask_nulls(src, at, cells, n, out->validity + at / 8);
}

/* Whether four columns are side by side in group 0 of a layer. */
static bool are_neighbours(const struct seg_source *sources, size_t layer)
{
    const struct seg_place *first = &sources[0].places[layer];
    for (size_t k = 0; k < 4; k++) {
        const struct seg_place *p = &sources[k].places[layer];
        if (p->group != 0 || p->zeros || p->offset != first->offset + 4 * k ||
            sources[k].is_direct != sources[0].is_direct || sources[k].rows != sources[0].rows)
            return false;
    }
    return true;
}

bool seg_is_quad(const struct seg_source *sources, struct column *const *columns, size_t n)
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

void seg_gather_quad(const struct seg_source *sources, size_t at, size_t n,
                     struct column *const *columns)
{
    const uint8_t *scratch[SEG_RUN_ROWS];
    struct seg_run_cells cells = seg_cells_of(sources, at, n, scratch);
    uint8_t *to[4];
    for (size_t k = 0; k < 4; k++)
        to[k] = columns[k]->data + at * 4;
    gather_quad(cells.rows, n, cells.offset, to);
    for (size_t k = 0; k < 4; k++)
        seg_mask_nulls(&sources[k], at,
                       (struct seg_run_cells){cells.rows, cells.offset + 4 * (uint32_t)k}, n,
                       columns[k]->validity + at / 8);
}
