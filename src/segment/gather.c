#include "segment/gather.h"

#include "model/fill.h"
#include "model/key.h"

#include <assert.h>

/* Rows of one group, a run at a time, for so many columns. */
enum { RUN_ROWS = 128, COLUMNS_AT_ONCE = 32 };

/* Where a column's cells come from. */
struct source {
    const struct seg_set *set;
    const struct seg_rows *rows;
    uint32_t group;
    uint32_t stride;
    uint32_t offset;
    int32_t null_bit;
    uint32_t null_offset;
};

/* The offset of an integer component inside the key cell: all components before it have fixed width.
 * -1 where the key has to be taken apart. */
static int64_t key_offset(const struct seg_set *set, size_t field_idx)
{
    const struct schema *s = set->schema;
    int64_t at = 0;
    for (size_t k = 0; s->key[k] != field_idx; k++) {
        if (s->fields[s->key[k]].type.dtype == DT_UTF8)
            return -1;
        at += (int64_t)dtype_width(s->fields[s->key[k]].type.dtype);
    }
    return set->layout->key_fixed && s->fields[field_idx].type.dtype != DT_UTF8 ? at : -1;
}

static struct source source_of(const struct seg_set *set, const struct seg_rows *rows,
                               size_t field_idx)
{
    const struct seg_cell *cell = &set->layout->cells[field_idx];
    uint32_t group = cell->in_key ? 0 : cell->group;
    return (struct source){
        .set = set,
        .rows = rows,
        .group = group,
        .stride = set->layout->groups[group].stride,
        .offset = cell->in_key ? (uint32_t)key_offset(set, field_idx) : cell->offset,
        .null_bit = cell->in_key ? -1 : cell->null_bit,
        .null_offset = set->layout->groups[group].null_offset,
    };
}

/* The rows of the group for n rows from `at`: those of group 0 are known, others are computed and
 * prefetched here. */
static const uint8_t *const *group_rows(const struct source *src, size_t at, size_t n,
                                        const uint8_t **scratch)
{
    const struct seg_rows *rows = src->rows;
    if (src->group == 0)
        return rows->row + at;
    uint32_t n_groups = src->set->layout->n_groups;
    for (size_t i = 0; i < n; i++) {
        const uint8_t *base =
            src->set->group_rows[(uint64_t)rows->block[at + i] * n_groups + src->group];
        bool present = rows->present[(at + i) / 8] >> ((at + i) % 8) & 1;
        scratch[i] =
            present ? base + (uint64_t)rows->slot[at + i] * src->stride : src->set->absent_row;
        __builtin_prefetch(scratch[i] + src->offset);
    }
    return scratch;
}

/* For a table larger than memory: bring in the rows of a group besides the first, which seg_find did. */
static void read_group_ahead(const struct seg_set *set, const struct seg_rows *rows, uint32_t group,
                             struct read_batch *batch)
{
    uint32_t stride = set->layout->groups[group].stride, n_groups = set->layout->n_groups;
    for (size_t i = 0; i < rows->n; i++) {
        uint32_t block = rows->block[i];
        if (rows->present[i / 8] >> (i % 8) & 1)
            read_batch_add(batch, block / set->blocks_of_part,
                           set->group_rows[(uint64_t)block * n_groups + group] +
                               (uint64_t)rows->slot[i] * stride,
                           stride);
    }
}

static void read_groups_ahead(const struct seg_set *set, const struct seg_rows *rows,
                              const size_t *fields, size_t n_fields)
{
    struct read_batch batch = read_batch_begin(set->ahead);
    for (size_t i = 0; i < n_fields; i++) {
        const struct seg_cell *cell = &set->layout->cells[fields[i]];
        if (!cell->in_key && cell->group != 0)
            read_group_ahead(set, rows, cell->group, &batch);
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

/* Clear the validity bits of null cells. Absent rows are
 * zeros, so they look valid here and are masked by the present bits. */
static void mask_nulls(const struct source *src, const uint8_t *const *rows, size_t n,
                       uint8_t *validity)
{
    uint32_t byte = src->null_offset + (uint32_t)src->null_bit / 8;
    unsigned bit = (unsigned)src->null_bit % 8;
    for (size_t i = 0; i < n; i++)
        validity[i / 8] &= (uint8_t) ~((rows[i][byte] >> bit & 1) << (i % 8));
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

/* n rows from `at`, a multiple of 8, so that bitmaps are filled by whole bytes. */
static void gather_run(const struct source *src, size_t at, size_t n, struct column *out)
{
    const uint8_t *scratch[RUN_ROWS];
    size_t width = type_width(&out->type);
    const uint8_t *const *rows = group_rows(src, at, n, scratch);
    if (out->type.dtype == DT_BOOL)
        gather_bools(rows, n, src->offset, out->data + at / 8);
    else if (out->child)
        gather_fixed_lists(rows, n, src->offset, at, out);
    else
        gather_cells(rows, n, src->offset, width, out->data + at * width);
    if (src->null_bit >= 0)
        mask_nulls(src, rows, n, out->validity + at / 8);
}

/* The bytes of a cell of variable length. False when it points outside the heap. */
static bool view_value(const struct seg_block *block, const uint8_t *cell, struct view *out)
{
    uint32_t len;
    memcpy(&len, cell, sizeof(len));
    *out = view_of(cell + 4, len);
    if (len <= SEG_VIEW_INLINE)
        return true;
    uint64_t at;
    memcpy(&at, cell + 8, sizeof(at));
    if (at > block->heap_bytes || len > block->heap_bytes - at)
        return false;
    out->ptr = block->heap + at;
    return true;
}

/* A component of a key that has to be taken apart. */
static bool key_value(const struct source *src, size_t field_idx, size_t i, struct view *out)
{
    const struct seg_set *set = src->set;
    const uint8_t *row = src->rows->row[i];
    *out = (struct view){row, 0};
    if (!(src->rows->present[i / 8] >> (i % 8) & 1))
        return true;
    size_t k = 0;
    while (set->schema->key[k] != field_idx)
        k++;
    const struct seg_block *block = &set->blocks[src->rows->block[i]];
    return key_component(set->schema, seg_row_key(set->layout, block, row), k, out, NULL) == OK;
}

/* Values that do not fit their cells, for a table larger than memory. */
static void read_heap_ahead(const struct seg_set *set, const struct seg_rows *rows,
                            size_t field_idx)
{
    struct source src = source_of(set, rows, field_idx);
    const uint8_t *scratch[RUN_ROWS];
    read_groups_ahead(set, rows, &field_idx, 1);
    struct read_batch batch = read_batch_begin(set->ahead);
    for (size_t at = 0; at < rows->n; at += RUN_ROWS) {
        size_t n = rows->n - at < RUN_ROWS ? rows->n - at : RUN_ROWS;
        const uint8_t *const *row = group_rows(&src, at, n, scratch);
        for (size_t i = 0; i < n; i++) {
            uint32_t block = rows->block[at + i];
            struct view value;
            if (view_value(&set->blocks[block], row[i] + src.offset, &value) &&
                value.len > SEG_VIEW_INLINE)
                read_batch_add(&batch, block / set->blocks_of_part, value.ptr, value.len);
        }
    }
    read_batch_end(&batch);
}

static bool key_sizes(const struct source *src, size_t field_idx, struct column_sizes *sum)
{
    bool sound = true;
    for (size_t i = 0; i < src->rows->n; i++) {
        struct view value;
        sound &= key_value(src, field_idx, i, &value);
        sum->bytes += value.len;
    }
    return sound;
}

static bool list_sizes(const struct source *src, const struct type *type, size_t at, size_t n,
                       struct column_sizes *sum)
{
    const uint8_t *scratch[RUN_ROWS];
    const uint8_t *const *row = group_rows(src, at, n, scratch);
    bool sound = true;
    for (size_t i = 0; i < n && sound; i++) {
        const struct seg_block *block = &src->set->blocks[src->rows->block[at + i]];
        struct view value;
        sound = view_value(block, row[i] + src->offset, &value) && fill_add_sizes(type, value, sum);
    }
    return sound;
}

/* Lengths of the texts of a run; those that lie in the heap are on their way when this returns. Absent
 * and null cells are zeros, which is the empty text. Lengths are as good as random: no branch asks. */
static bool text_sizes(const struct source *src, size_t at, size_t n, struct column_sizes *sum)
{
    const uint8_t *scratch[RUN_ROWS];
    const uint8_t *const *row = group_rows(src, at, n, scratch);
    bool sound = true;
    for (size_t i = 0; i < n; i++) {
        const struct seg_block *block = &src->set->blocks[src->rows->block[at + i]];
        const uint8_t *cell = row[i] + src->offset;
        uint32_t len;
        uint64_t heap_at;
        memcpy(&len, cell, sizeof(len));
        memcpy(&heap_at, cell + 8, sizeof(heap_at));
        bool is_long = len > SEG_VIEW_INLINE;
        bool fits = (heap_at <= block->heap_bytes) & (len <= block->heap_bytes - heap_at);
        __builtin_prefetch(is_long & fits ? block->heap + heap_at : cell);
        sound &= fits | !is_long;
        sum->bytes += len;
    }
    return sound;
}

/* False: damaged. */
static bool sizes(const struct source *src, size_t field_idx, struct column_sizes *sum)
{
    const struct type *type = &src->set->schema->fields[field_idx].type;
    size_t n_rows = src->rows->n;
    bool sound = true;
    if (src->set->layout->cells[field_idx].in_key)
        return key_sizes(src, field_idx, sum);
    for (size_t at = 0; at < n_rows && sound; at += RUN_ROWS) {
        size_t n = n_rows - at < RUN_ROWS ? n_rows - at : RUN_ROWS;
        sound = type->dtype == DT_LIST ? list_sizes(src, type, at, n, sum)
                                       : text_sizes(src, at, n, sum);
    }
    return sound;
}

enum code seg_sizes(const struct seg_set *set, const struct seg_rows *rows, size_t field_idx,
                    struct column_sizes *out_sizes, struct err *err)
{
    const char *name = set->schema->fields[field_idx].name;
    struct source src = source_of(set, rows, field_idx);
    struct column_sizes sum = {0};
    if (set->ahead && !set->layout->cells[field_idx].in_key)
        read_heap_ahead(set, rows, field_idx);
    if (!sizes(&src, field_idx, &sum))
        return err_set(err, E_CORRUPT, "column '%s': a stored value is damaged", name);
    size_t most = sum.bytes > sum.n_elements ? sum.bytes : sum.n_elements;
    if (most > INT32_MAX)
        return err_set(err, E_LIMIT,
                       "column '%s': the values of this request have %zu %s, at most %d fit; "
                       "ask for fewer keys",
                       name, most, most == sum.bytes ? "bytes" : "elements", INT32_MAX);
    *out_sizes = sum;
    return OK;
}

/* The value at a cell; empty where the file was changed since seg_sizes found it sound. */
static inline struct view sound_value(const struct source *src, size_t i, const uint8_t *row)
{
    struct view value;
    if (!view_value(&src->set->blocks[src->rows->block[i]], row + src->offset, &value))
        value.len = 0;
    return value;
}

/* memcpy of mostly short texts without the call. */
static inline void copy_text(uint8_t *to, const uint8_t *from, size_t len)
{
    uint64_t a, b;
    uint32_t c, d;
    if (len > 16) {
        memcpy(to, from, len);
    } else if (len >= 8) {
        memcpy(&a, from, 8);
        memcpy(&b, from + len - 8, 8);
        memcpy(to, &a, 8);
        memcpy(to + len - 8, &b, 8);
    } else if (len >= 4) {
        memcpy(&c, from, 4);
        memcpy(&d, from + len - 4, 4);
        memcpy(to, &c, 4);
        memcpy(to + len - 4, &d, 4);
    } else {
        for (size_t i = 0; i < len; i++)
            to[i] = from[i];
    }
}

/* utf8, binary and lists of any length. */
static void gather_views(const struct source *src, struct column *out)
{
    const uint8_t *scratch[RUN_ROWS];
    struct list_fill fill = {0};
    size_t used = 0;
    for (size_t at = 0; at < out->n_rows; at += RUN_ROWS) {
        size_t n = out->n_rows - at < RUN_ROWS ? out->n_rows - at : RUN_ROWS;
        const uint8_t *const *row = group_rows(src, at, n, scratch);
        for (size_t i = 0; i < n; i++) {
            struct view value = sound_value(src, at + i, row[i]);
            if (out->child) {
                fill_list(out, at + i, value, &fill);
                continue;
            }
            out->offsets[at + i] = (int32_t)used;
            copy_text(out->data + used, value.ptr, value.len);
            used += value.len;
        }
        if (src->null_bit >= 0)
            mask_nulls(src, row, n, out->validity + at / 8);
    }
    if (!out->child)
        out->offsets[out->n_rows] = (int32_t)used;
}

/* Components of a key that has to be taken apart: utf8, and integers behind it. */
static void gather_key(const struct source *src, size_t field_idx, struct column *out)
{
    size_t width = type_width(&out->type), used = 0;
    for (size_t i = 0; i < out->n_rows; i++) {
        struct view value;
        if (!key_value(src, field_idx, i, &value))
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

/* Whether cells are copied from one place in the row. */
static bool is_in_place(const struct seg_set *set, size_t field_idx)
{
    if (set->layout->cells[field_idx].in_key)
        return key_offset(set, field_idx) >= 0;
    return !type_is_variable(&set->schema->fields[field_idx].type);
}

/* Whether the next four columns can go through gather_quad: 4 bytes each, side by side in group 0. */
static bool is_quad(const struct source *sources, struct column *const *columns, size_t n)
{
    if (n < 4)
        return false;
    for (size_t k = 0; k < 4; k++)
        if (sources[k].group != 0 || sources[k].offset != sources[0].offset + 4 * k ||
            columns[k]->child || type_width(&columns[k]->type) != 4)
            return false;
    return true;
}

static void gather_quad_run(const struct source *sources, size_t at, size_t n,
                            struct column *const *columns)
{
    const uint8_t *const *rows = sources->rows->row + at;
    uint8_t *to[4];
    for (size_t k = 0; k < 4; k++)
        to[k] = columns[k]->data + at * 4;
    gather_quad(rows, n, sources->offset, to);
    for (size_t k = 0; k < 4; k++)
        if (sources[k].null_bit >= 0)
            mask_nulls(&sources[k], rows, n, columns[k]->validity + at / 8);
}

/* Columns side by side, run by run: a run's rows are in L1 for all of them. */
static void gather_in_place(const struct source *sources, struct column *const *columns, size_t n,
                            size_t n_rows)
{
    for (size_t at = 0; at < n_rows; at += RUN_ROWS) {
        size_t run = n_rows - at < RUN_ROWS ? n_rows - at : RUN_ROWS;
        for (size_t i = 0; i < n; i++) {
            if (is_quad(&sources[i], &columns[i], n - i)) {
                gather_quad_run(&sources[i], at, run, &columns[i]);
                i += 3;
            } else {
                gather_run(&sources[i], at, run, columns[i]);
            }
        }
    }
}

static void count_nulls(const struct seg_rows *rows, const struct source *src, struct column *out)
{
    bool has_nulls = src->null_bit >= 0;
    out->n_nulls = has_nulls ? rows->n - count_bits(out->validity, rows->n) : rows->n_absent;
}

void seg_gather(const struct seg_set *set, const struct seg_rows *rows, const size_t *fields,
                size_t n_fields, struct column *columns)
{
    struct source sources[COLUMNS_AT_ONCE];
    struct column *in_place[COLUMNS_AT_ONCE];
    if (set->ahead)
        read_groups_ahead(set, rows, fields, n_fields);
    for (size_t first = 0; first < n_fields; first += COLUMNS_AT_ONCE) {
        size_t n = n_fields - first < COLUMNS_AT_ONCE ? n_fields - first : COLUMNS_AT_ONCE;
        size_t n_in_place = 0;
        for (size_t i = first; i < first + n; i++) {
            struct column *out = &columns[i];
            assert(out->n_rows == rows->n &&
                   out->type.dtype == set->schema->fields[fields[i]].type.dtype);
            memcpy(out->validity, rows->present, column_bitmap_bytes(rows->n));
            struct source src = source_of(set, rows, fields[i]);
            if (is_in_place(set, fields[i])) {
                in_place[n_in_place] = out;
                sources[n_in_place++] = src;
            } else {
                if (set->layout->cells[fields[i]].in_key)
                    gather_key(&src, fields[i], out);
                else
                    gather_views(&src, out);
                count_nulls(rows, &src, out);
            }
        }
        gather_in_place(sources, in_place, n_in_place, rows->n);
        for (size_t i = 0; i < n_in_place; i++)
            count_nulls(rows, &sources[i], in_place[i]);
    }
}
