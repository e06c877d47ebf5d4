/* Reading arrays whose values are in other arrays: lists, dictionaries, runs. */
#include "format/arrow/array_priv.h"

#include <inttypes.h>

/* ---------------------------------------------------------------------------------------- lists */

/* Where the elements of a row are in the child. */
static enum code list_range(struct arrow_read *r, const struct arrow_array *a, size_t row,
                            uint64_t *out_from, uint64_t *out_n)
{
    uint64_t from, n;
    row += a->offset;
    if (a->layout == ARRAY_FIXED_LIST) {
        n = a->list_size;
        from = row * n;
    } else if (a->layout == ARRAY_LIST_VIEW) {
        from = arrow_offset(a->offsets, a->is_wide, row);
        n = arrow_offset(a->sizes, a->is_wide, row);
    } else {
        from = arrow_offset(a->offsets, a->is_wide, row);
        n = arrow_offset(a->offsets, a->is_wide, row + 1) - from; /* a negative one is too large */
    }
    size_t have = a->children[0].n_rows;
    if (from > have || n > have - from)
        return arrow_lies(r, 0, "elements %" PRIu64 " to %" PRIu64 " of a list are not in %zu",
                          from, from + n, have);
    if (n > UINT32_MAX >> 1)
        return arrow_lies(r, 0, "a list has %" PRIu64 " elements", n);
    *out_from = from;
    *out_n = n;
    return OK;
}

static void put_bits(uint8_t *bits, const uint8_t *valid, size_t n)
{
    memset(bits, 0, (n + 7) / 8);
    for (size_t i = 0; i < n; i++)
        bits[i / 8] |= (uint8_t)(valid[i] << (i % 8));
}

/*
 * The head of a value as model/list.h has it, in front of its ends and elements at `body`: there is
 * room for a u32 and the bits. Returns where the value begins.
 */
static uint8_t *put_head(uint8_t *body, const struct vector *elements)
{
    size_t n_bits = elements->n_nulls ? (elements->n + 7) / 8 : 0;
    uint32_t head = (uint32_t)elements->n << 1 | (elements->n_nulls > 0);
    if (n_bits)
        put_bits(body - n_bits, elements->valid, elements->n);
    memcpy(body - n_bits - sizeof(head), &head, sizeof(head));
    return body - n_bits - sizeof(head);
}

/* Elements of fixed width are read directly into the list value. */
static enum code read_fixed_elements(struct arrow_read *r, const struct arrow_array *child,
                                     size_t from, size_t n, struct view *out)
{
    void *valid, *room;
    size_t width = type_width(&child->type), head = sizeof(uint32_t) + (n + 7) / 8;
    TRY(arrow_read_alloc(r, n, &valid));
    TRY(arrow_read_alloc(r, head + n * width, &room));
    uint8_t *body = (uint8_t *)room + head;
    struct vector elements = {.type = child->type, .cap = n, .valid = valid, .values = body};
    TRY(arrow_read_rows(r, child, from, n, &elements));
    uint8_t *value = put_head(body, &elements);
    *out = view_of(value, (size_t)(body + n * width - value));
    return OK;
}

static enum code read_bytes_elements(struct arrow_read *r, const struct arrow_array *child,
                                     size_t from, size_t n, struct view *out)
{
    void *valid, *views, *room;
    uint64_t total = 0;
    size_t head = sizeof(uint32_t) + (n + 7) / 8;
    TRY(arrow_read_alloc(r, n, &valid));
    TRY(arrow_read_alloc(r, n * sizeof(struct view), &views));
    struct vector elements = {.type = child->type, .cap = n, .valid = valid, .values = views};
    TRY(arrow_read_rows(r, child, from, n, &elements));
    for (size_t i = 0; i < n; i++)
        total += elements.views[i].len;
    if (total > UINT32_MAX)
        return arrow_lies(r, 0, "a list has %" PRIu64 " bytes of text", total);
    TRY(arrow_read_alloc(r, head + n * sizeof(uint32_t) + total, &room));
    uint8_t *body = (uint8_t *)room + head, *to = body + n * sizeof(uint32_t);
    for (size_t i = 0; i < n; i++) {
        if (elements.views[i].len)
            memcpy(to, elements.views[i].ptr, elements.views[i].len);
        to += elements.views[i].len;
        uint32_t end = (uint32_t)(to - body - n * sizeof(uint32_t));
        memcpy(body + i * sizeof(end), &end, sizeof(end));
    }
    uint8_t *value = put_head(body, &elements);
    *out = view_of(value, (size_t)(to - value));
    return OK;
}

/* Row by row, since lists may overlap, repeat and be in any order (list views), so elements of a
 * run of rows need not be a run. */
enum code arrow_read_lists(struct arrow_read *r, const struct arrow_array *a, size_t at, size_t n,
                           struct vector *out)
{
    const struct arrow_array *child = &a->children[0];
    for (size_t i = 0; i < n; i++) {
        uint64_t from = 0, n_elements = 0;
        if (!out->valid[i])
            continue;
        struct arrow_read inside = arrow_inside(r, i);
        TRY(list_range(&inside, a, at + i, &from, &n_elements));
        TRY((dtype_is_bytes(child->type.dtype) ? read_bytes_elements : read_fixed_elements)(
            &inside, child, from, n_elements, &out->views[i]));
    }
    return OK;
}

/* --------------------------------------------------------------------------------- dictionaries */

static uint64_t index_at(const struct arrow_array *a, size_t row)
{
    uint64_t index = 0;
    memcpy(&index, a->data.ptr + (a->offset + row) * a->width, a->width);
    if (a->index_is_signed && a->width < 8 && index >> (8 * a->width - 1))
        index |= UINT64_MAX << (8 * a->width);
    return index;
}

/* The piece that has value `index`, which exists. */
static const struct arrow_piece *piece_of(const struct arrow_dictionary *d, uint64_t index)
{
    size_t low = 0, high = d->n_pieces - 1;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (index < d->pieces[middle].end)
            high = middle;
        else
            low = middle + 1;
    }
    return &d->pieces[low];
}

/*
 * Value by value: neighbouring rows rarely refer to neighbouring values. `one` is a vector of a
 * single row that is moved along the output, so that any kind of value, a list for example, is read
 * in place by the usual functions.
 */
enum code arrow_read_dictionary(struct arrow_read *r, const struct arrow_array *a, size_t at,
                                size_t n, struct vector *out)
{
    const struct arrow_dictionary *d = a->dictionary;
    size_t n_values = d->n_pieces ? d->pieces[d->n_pieces - 1].end : 0;
    size_t width = vector_width(&out->type);
    struct vector one = arrow_slice(out, 0, 1);
    for (size_t i = 0; i < n; i++) {
        if (!out->valid[i])
            continue;
        uint64_t index = index_at(a, at + i);
        if (index >= n_values)
            return arrow_lies(r, i, "index %" PRId64 " is not in a dictionary of %zu values",
                              (int64_t)index, n_values);
        const struct arrow_piece *piece = piece_of(d, index);
        struct arrow_read inside = arrow_inside(r, i);
        one.valid = out->valid + i;
        one.values = (uint8_t *)out->values + i * width;
        TRY(arrow_read_rows(&inside, piece->values, index - (piece->end - piece->values->n_rows), 1,
                            &one));
    }
    return OK;
}

/* ----------------------------------------------------------------------------------------- runs */

static int64_t run_end(const struct arrow_array *ends, size_t run)
{
    size_t width = type_width(&ends->type);
    uint64_t end = 0;
    memcpy(&end, ends->data.ptr + (ends->offset + run) * width, width);
    if (width < 8 && end >> (8 * width - 1))
        end |= UINT64_MAX << (8 * width);
    return (int64_t)end;
}

/* The run that contains `row`, by binary search, assuming that the ends ascend. The caller checks
 * the run that was found. */
static size_t run_of(const struct arrow_array *ends, size_t row)
{
    size_t low = 0, high = ends->n_rows;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (run_end(ends, middle) > (int64_t)row)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static void repeat(const struct vector *one, struct vector *out, size_t at, size_t n)
{
    size_t width = vector_width(&out->type);
    memset(out->valid + at, one->valid[0], n);
    for (size_t i = 1; i < n; i++)
        memcpy((uint8_t *)out->values + (at + i) * width, one->values, width);
}

/* Only the first run is searched for; those after it follow. Each end is checked against the row
 * that it must come after, so a column whose ends do not ascend ends in an error, not in a loop. */
enum code arrow_read_runs(struct arrow_read *r, const struct arrow_array *a, size_t at, size_t n,
                          struct vector *out)
{
    const struct arrow_array *ends = &a->children[0], *values = &a->children[1];
    at += a->offset;
    size_t run = run_of(ends, at), done = 0;
    while (done < n) {
        if (run >= ends->n_rows || run >= values->n_rows)
            return arrow_lies(r, done, "is in none of the %zu runs", ends->n_rows);
        int64_t end = run_end(ends, run);
        if (end <= (int64_t)(at + done))
            return arrow_lies(r, done, "a run ends at %" PRId64 ", before it begins", end);
        size_t many = (size_t)end - at - done;
        many = many < n - done ? many : n - done;
        struct vector one = arrow_slice(out, done, 1);
        struct arrow_read inside = arrow_inside(r, done);
        TRY(arrow_read_rows(&inside, values, run, 1, &one));
        repeat(&one, out, done, many);
        done += many;
        run++;
    }
    return OK;
}
