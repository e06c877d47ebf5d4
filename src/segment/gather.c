#include "segment/gather.h"

#include "segment/gather_check.h"
#include "segment/gather_fixed.h"
#include "segment/gather_var.h"

#include <assert.h>

enum { COLUMNS_AT_ONCE = 32 };

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

/* All columns of variable length, run by run, so that the rows of a run are in L1 for every
 * column. */
must_use static enum code sizes_of_some(const struct seg_stack *stack, const struct seg_rows *rows,
                                        const size_t *fields, size_t n_fields,
                                        struct column_sizes *const *out, struct err *err)
{
    struct seg_place places[COLUMNS_AT_ONCE][SEG_STACK_MAX];
    struct seg_source sources[COLUMNS_AT_ONCE];
    const struct schema *schema = seg_stack_base(stack)->schema;
    for (size_t i = 0; i < n_fields; i++)
        sources[i] = seg_source_of(stack, rows, fields[i], places[i]);
    for (size_t at = 0; at < rows->n; at += SEG_RUN_ROWS) {
        size_t n = rows->n - at < SEG_RUN_ROWS ? rows->n - at : SEG_RUN_ROWS;
        for (size_t i = 0; i < n_fields; i++) {
            const struct field *f = &schema->fields[fields[i]];
            if (!seg_run_sizes(&sources[i], &f->type, seg_is_key(stack, fields[i]), at, n, out[i]))
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
    TRY(seg_check_read(stack, rows, fields, n_fields, err));
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

/* How a column is gathered, decided once for all runs. */
enum way { WAY_FIXED, WAY_VARIABLE, WAY_QUAD };

static enum way way_of(const struct seg_source *sources, struct column *const *columns, size_t n)
{
    if (type_is_variable(&columns[0]->type))
        return WAY_VARIABLE;
    return seg_is_quad(sources, columns, n) ? WAY_QUAD : WAY_FIXED;
}

/* One column, or four at once, of n rows from `at`, a multiple of 8, so that bitmaps are filled by
 * whole bytes. Returns how many columns. */
static size_t gather_next(enum way way, const struct seg_source *sources, size_t at, size_t n,
                          struct column *const *columns, struct seg_filled *filled)
{
    switch (way) {
    case WAY_QUAD:
        seg_gather_quad(sources, at, n, columns);
        return 4;
    case WAY_VARIABLE:
        seg_gather_var(sources, at, n, columns[0], filled);
        return 1;
    case WAY_FIXED:
        seg_gather_fixed(sources, at, n, columns[0]);
        return 1;
    }
    return 1;
}

/* All columns side by side, run by run, so that the rows of a run are in L1 for every column. */
static void gather_runs(const struct seg_source *sources, struct column *const *columns,
                        size_t n_columns, size_t n_rows)
{
    struct seg_filled filled[COLUMNS_AT_ONCE] = {0};
    enum way ways[COLUMNS_AT_ONCE];
    for (size_t i = 0; i < n_columns; i += ways[i] == WAY_QUAD ? 4 : 1) {
        ways[i] = way_of(&sources[i], &columns[i], n_columns - i);
        if (columns[i]->offsets)
            columns[i]->offsets[0] = 0;
    }
    for (size_t at = 0; at < n_rows; at += SEG_RUN_ROWS) {
        size_t n = n_rows - at < SEG_RUN_ROWS ? n_rows - at : SEG_RUN_ROWS;
        for (size_t i = 0; i < n_columns;)
            i += gather_next(ways[i], &sources[i], at, n, &columns[i], &filled[i]);
    }
}

static size_t count_bits(const uint8_t *bitmap, size_t n_bits)
{
    size_t n = 0;
    for (size_t i = 0; i < column_bitmap_bytes(n_bits); i++)
        n += (size_t)__builtin_popcount(bitmap[i]);
    return n;
}

static void count_nulls(const struct seg_rows *rows, const struct seg_source *src,
                        struct column *out)
{
    out->n_nulls = src->has_nulls ? rows->n - count_bits(out->validity, rows->n) : rows->n_absent;
}

/* At most COLUMNS_AT_ONCE columns. */
static void gather_some(const struct seg_stack *stack, const struct seg_rows *rows,
                        const size_t *fields, size_t n_fields, struct column *columns)
{
    struct seg_place places[COLUMNS_AT_ONCE][SEG_STACK_MAX];
    struct seg_source sources[COLUMNS_AT_ONCE];
    struct column *chosen[COLUMNS_AT_ONCE];
    size_t n = 0;
    for (size_t i = 0; i < n_fields; i++) {
        struct column *out = &columns[i];
        assert(out->n_rows == rows->n &&
               out->type.dtype == seg_stack_base(stack)->schema->fields[fields[i]].type.dtype);
        memcpy(out->validity, rows->present, column_bitmap_bytes(rows->n));
        chosen[n] = out;
        sources[n] = seg_source_of(stack, rows, fields[i], places[n]);
        if (seg_is_key(stack, fields[i]) && !seg_is_in_place(stack, fields[i])) {
            seg_gather_key(&sources[n], out);
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
