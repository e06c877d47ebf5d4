/* Reading utf8 and binary: values with offsets, and views. */
#include "format/arrow/array_priv.h"

#include <inttypes.h>

static enum code not_utf8(struct arrow_read *r, size_t i, struct view value)
{
    char shown[128];
    return arrow_lies(r, i, "text is not UTF-8: %s", view_printable(value, shown, sizeof(shown)));
}

static enum code check_each(struct arrow_read *r, const struct vector *out, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (out->valid[i] && !view_is_utf8(out->views[i]))
            return not_utf8(r, i, out->views[i]);
    return OK;
}

/* Without a branch for each byte, so that the compiler checks 16 or more at a time. */
static bool is_ascii(struct view run)
{
    uint64_t seen = 0, word;
    size_t i = 0;
    for (; i + 8 <= run.len; i += 8) {
        memcpy(&word, run.ptr + i, 8);
        seen |= word;
    }
    for (; i < run.len; i++)
        seen |= run.ptr[i];
    return (seen & 0x8080808080808080u) == 0;
}

/*
 * Adjacent values are UTF-8 if all of them together are, and none begins inside a character. Only
 * if that fails is each value checked alone: nulls may hide any bytes.
 */
static enum code check_run(struct arrow_read *r, const struct vector *out, size_t n,
                           struct view run)
{
    if (is_ascii(run))
        return OK;
    bool good = view_is_utf8(run);
    for (size_t i = 0; good && i < n; i++)
        good = out->views[i].len == 0 || (out->views[i].ptr[0] & 0xC0) != 0x80;
    return good ? OK : check_each(r, out, n);
}

/* Offsets `at` .. at + n rise and end inside the data. */
static enum code check_offsets(struct arrow_read *r, const struct arrow_array *a, size_t at,
                               size_t n)
{
    uint64_t before = arrow_offset(a->offsets, a->is_wide, at);
    /* No branch for each row; if something is wrong, the second loop finds the row to blame. */
    bool bad = false;
    for (size_t i = 0; i < n; i++) {
        uint64_t end = arrow_offset(a->offsets, a->is_wide, at + i + 1);
        bad |= end < before;
        before = end;
    }
    if (!bad && before <= a->data.len)
        return OK;
    for (size_t i = 0; i < n; i++) {
        uint64_t from = arrow_offset(a->offsets, a->is_wide, at + i);
        uint64_t end = arrow_offset(a->offsets, a->is_wide, at + i + 1);
        if (end < from || end > a->data.len)
            return arrow_lies(r, i, "offsets %" PRIu64 " and %" PRIu64 " are not in %zu bytes",
                              from, end, a->data.len);
    }
    return OK; /* not reached: one of the offsets must be wrong */
}

enum code arrow_read_bytes(struct arrow_read *r, const struct arrow_array *a, size_t at, size_t n,
                           struct vector *out)
{
    at += a->offset;
    TRY(check_offsets(r, a, at, n));
    const uint64_t first = arrow_offset(a->offsets, a->is_wide, at);
    uint64_t from = first;
    for (size_t i = 0; i < n; i++) {
        uint64_t end = arrow_offset(a->offsets, a->is_wide, at + i + 1);
        out->views[i] = view_of(a->data.ptr + from, end - from);
        from = end;
    }
    if (out->type.dtype != DT_UTF8)
        return OK;
    return check_run(r, out, n, view_of(a->data.ptr + first, from - first));
}

/*
 * A view: i32 length, then up to 12 bytes of the value. A longer value has instead its first 4
 * bytes, the i32 number of a block, and an i32 offset into it.
 */
enum { VIEW_BYTES = 16, VIEW_INLINE_AT = 4, VIEW_BLOCK_AT = 8, VIEW_OFFSET_AT = 12 };

static uint32_t u32_at(const uint8_t *p)
{
    uint32_t value;
    memcpy(&value, p, sizeof(value));
    return value;
}

enum code arrow_read_views(struct arrow_read *r, const struct arrow_array *a, size_t at, size_t n,
                           struct vector *out)
{
    const uint8_t *v = a->data.ptr + (a->offset + at) * VIEW_BYTES;
    for (size_t i = 0; i < n; i++, v += VIEW_BYTES) {
        uint32_t len = u32_at(v);
        out->views[i] = view_of(v + VIEW_INLINE_AT, len);
        if (!out->valid[i] || len <= VIEW_BYTES - VIEW_INLINE_AT)
            continue;
        uint32_t block = u32_at(v + VIEW_BLOCK_AT), offset = u32_at(v + VIEW_OFFSET_AT);
        if (block >= a->n_blocks)
            return arrow_lies(r, i, "a view leads to block %u of %zu", block, a->n_blocks);
        struct view in = a->blocks[block];
        if (offset > in.len || len > in.len - offset)
            return arrow_lies(r, i, "a view of %u bytes at %u is not in %zu bytes", len, offset,
                              in.len);
        out->views[i].ptr = in.ptr + offset;
    }
    return out->type.dtype == DT_UTF8 ? check_each(r, out, n) : OK;
}
