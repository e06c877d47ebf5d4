#include "format/parquet/values.h"

#include "format/parquet/bits.h"
#include "format/parquet/strings.h"

enum { batch = 512 }; /* of scratch on the stack */

/*
 * Every encoding has a function that reads the next n values, and init chooses it, once for a page.
 * Encodings whose unit is not the caller's go through `batch` values on the stack.
 *
 * UTF-8 is checked as cheaply as possible: a page that is all ASCII, which one pass over its bytes
 * tells, needs no check of single strings; those of a dictionary are checked once, when it is
 * loaded.
 */

static enum code too_few(size_t wanted, size_t left, struct err *err)
{
    return err_set(err, E_CORRUPT, "%zu more values expected, the page has %zu", wanted, left);
}

static enum code read_fixed(struct pq_values *v, void *out, size_t n, struct err *err)
{
    struct view bytes;
    if (!cur_bytes(&v->cur, n * v->width, &bytes))
        return too_few(n, cur_left(&v->cur) / v->width, err);
    if (bytes.len)
        memcpy(out, bytes.ptr, bytes.len);
    return OK;
}

static enum code read_bits(struct pq_values *v, void *out, size_t n, struct err *err)
{
    size_t left = v->bytes.len * 8 - v->idx;
    if (n > left)
        return too_few(n, left, err);
    bits_to_bytes(v->bytes.ptr, v->idx, n, out);
    v->idx += n;
    return OK;
}

static enum code read_rle_bools(struct pq_values *v, void *out, size_t n, struct err *err)
{
    size_t n_set;
    return pq_hybrid_bools(&v->hybrid, out, n, &n_set, err);
}

static enum code read_plain_strings(struct pq_values *v, void *out, size_t n, struct err *err)
{
    TRY(pq_strings_plain(&v->cur, out, n, err));
    return v->check_utf8 ? pq_strings_check(out, n, err) : OK;
}

static enum code read_dict(struct pq_values *v, void *out, size_t n, struct err *err)
{
    uint8_t *to = out;
    while (n > 0) {
        size_t some;
        uint32_t same;
        TRY(pq_hybrid_same(&v->hybrid, n, &some, &same, err));
        if (some > 0) {
            TRY(pq_dict_fill(v->dict, same, some, to, err));
        } else {
            uint32_t idx[batch];
            pq_hybrid_packed(&v->hybrid, idx, n < batch ? n : batch, &some);
            TRY(pq_dict_gather(v->dict, idx, some, to, err));
        }
        to += some * v->width;
        n -= some;
    }
    return OK;
}

static enum code read_delta64(struct pq_values *v, void *out, size_t n, struct err *err)
{
    return pq_delta_read(&v->delta, out, n, err);
}

static enum code read_delta32(struct pq_values *v, void *out, size_t n, struct err *err)
{
    uint32_t *to = out;
    while (n > 0) {
        uint64_t wide[batch];
        size_t some = n < batch ? n : batch;
        TRY(pq_delta_read(&v->delta, wide, some, err));
        for (size_t i = 0; i < some; i++)
            to[i] = (uint32_t)wide[i];
        to += some;
        n -= some;
    }
    return OK;
}

static enum code read_delta_lengths(struct pq_values *v, void *out, size_t n, struct err *err)
{
    struct view *to = out;
    while (n > 0) {
        uint64_t lengths[batch];
        size_t some = n < batch ? n : batch;
        TRY(pq_delta_read(&v->delta, lengths, some, err));
        TRY(pq_strings_cut(&v->cur, lengths, some, to, err));
        if (v->check_utf8)
            TRY(pq_strings_check(to, some, err));
        to += some;
        n -= some;
    }
    return OK;
}

void pq_joined_done(struct pq_joined *j)
{
    pq_budget_give(j->budget, j->charged);
    arena_done(&j->arena);
    buf_done(&j->keep);
    *j = (struct pq_joined){0};
}

/* The last string is the prefix of the next one, so it survives the reset of the arena by way of
 * `keep`. */
void pq_joined_turn(struct pq_joined *j)
{
    if (j->arena.total == 0) /* then `last` lies in the page, if anywhere */
        return;
    buf_reset(&j->keep);
    buf_put(&j->keep, j->last.ptr, j->last.len);
    arena_reset(&j->arena);
    j->last = view_of(arena_strndup(&j->arena, j->keep.ptr, j->keep.len), j->keep.len);
    pq_budget_give(j->budget, j->charged);
    j->charged = 0;
}

/* The previous string, cut to `prefix` bytes, followed by `suffix`. A string that is all prefix or
 * all suffix exists already and is not copied. */
static enum code join_string(struct pq_joined *j, uint64_t prefix, struct view suffix,
                             struct view *out, struct err *err)
{
    if (prefix > j->last.len)
        return err_set(err, E_CORRUPT, "a string shares %lld bytes with one of %zu",
                       (long long)prefix, j->last.len);
    if (suffix.len == 0 || prefix == 0) {
        *out = prefix == 0 ? suffix : view_of(j->last.ptr, prefix);
        j->last = *out;
        return OK;
    }
    size_t len = prefix + suffix.len;
    if (j->arena.total > j->max_bytes || len > j->max_bytes - j->arena.total)
        return err_set(err, E_LIMIT, "strings of more than %zu bytes in one piece", j->max_bytes);
    TRY(pq_budget_resize(j->budget, 0, len, err));
    j->charged += len;
    uint8_t *bytes = arena_alloc(&j->arena, len);
    memcpy(bytes, j->last.ptr, prefix);
    memcpy(bytes + prefix, suffix.ptr, suffix.len);
    *out = view_of(bytes, len);
    j->last = *out;
    return OK;
}

static enum code join_some(struct pq_values *v, struct view *out, size_t n, struct err *err)
{
    uint64_t prefixes[batch];
    uint64_t lengths[batch];
    TRY(pq_delta_read(&v->prefix, prefixes, n, err));
    TRY(pq_delta_read(&v->delta, lengths, n, err));
    TRY(pq_strings_cut(&v->cur, lengths, n, out, err));
    for (size_t i = 0; i < n; i++)
        TRY(join_string(v->joined, prefixes[i], out[i], &out[i], err));
    return v->check_utf8 ? pq_strings_check(out, n, err) : OK;
}

static enum code read_delta_strings(struct pq_values *v, void *out, size_t n, struct err *err)
{
    for (size_t done = 0; done < n;) {
        size_t some = n - done < batch ? n - done : batch;
        TRY(join_some(v, (struct view *)out + done, some, err));
        done += some;
    }
    return OK;
}

/* Joined strings that all have the width of the column. */
static enum code read_delta_fixed(struct pq_values *v, void *out, size_t n, struct err *err)
{
    uint8_t *to = out;
    while (n > 0) {
        struct view some[batch];
        size_t n_some = n < batch ? n : batch;
        TRY(join_some(v, some, n_some, err));
        for (size_t i = 0; i < n_some; i++, to += v->width) {
            if (some[i].len != v->width)
                return err_set(err, E_CORRUPT, "a value of %zu bytes, all have %zu", some[i].len,
                               v->width);
            memcpy(to, some[i].ptr, v->width);
        }
        n -= n_some;
    }
    return OK;
}

/* Values of any width. */
static void unsplit(const uint8_t *in, size_t stride, size_t n, size_t width, uint8_t *out)
{
    for (size_t b = 0; b < width; b++)
        for (size_t i = 0; i < n; i++)
            out[i * width + b] = in[b * stride + i];
}

/* BYTE_STREAM_SPLIT: byte b of all values, then byte b + 1 of all. A constant width lets the
 * compiler vectorize the gather. */
#define UNSPLIT(type)                                     \
    for (size_t i = 0; i < n; i++) {                      \
        type value = 0;                                   \
        for (size_t b = 0; b < sizeof(type); b++)         \
            value |= (type)in[b * stride + i] << (8 * b); \
        ((type *)out)[i] = value;                         \
    }

static enum code read_split(struct pq_values *v, void *out, size_t n, struct err *err)
{
    size_t stride = v->bytes.len / v->width;
    if (n > stride - v->idx)
        return too_few(n, stride - v->idx, err);
    const uint8_t *in = v->bytes.ptr + v->idx;
    if (v->width == 4)
        UNSPLIT(uint32_t)
    else if (v->width == 8)
        UNSPLIT(uint64_t)
    else
        unsplit(in, stride, n, v->width, out);
    v->idx += n;
    return OK;
}

static enum code init_plain(struct pq_values *v, enum pq_physical physical, struct view bytes,
                            bool is_text)
{
    v->cur = cur_of(bytes);
    v->bytes = bytes;
    v->read = physical == PQ_BOOLEAN      ? read_bits
              : physical == PQ_BYTE_ARRAY ? read_plain_strings
                                          : read_fixed;
    v->check_utf8 = is_text && !pq_strings_ascii(bytes);
    return OK;
}

static enum code init_dict(struct pq_values *v, struct view bytes, const struct pq_dict *dict,
                           struct err *err)
{
    v->read = read_dict;
    v->dict = dict;
    v->lends = false; /* into the dictionary, which lives as long as the chunk */
    struct cursor cur = cur_of(bytes);
    uint8_t width = 0;
    if (!dict->loaded)
        return err_set(err, E_CORRUPT, "dictionary indexes, but there is no dictionary page");
    if (bytes.len && !cur_u8(&cur, &width)) /* no bytes at all: all values are null */
        return err_set(err, E_CORRUPT, "dictionary indexes are cut off");
    if (bytes.len == 0)
        width = 1; /* so that reading an index fails */
    return pq_hybrid_init(&v->hybrid, view_of(cur.pos, cur_left(&cur)), width, err);
}

static enum code init_rle_bools(struct pq_values *v, struct view bytes, struct err *err)
{
    v->read = read_rle_bools;
    struct cursor cur = cur_of(bytes);
    struct view runs = view_of("", 0);
    uint32_t len;
    if (bytes.len && (!cur_u32le(&cur, &len) || !cur_bytes(&cur, len, &runs)))
        return err_set(err, E_CORRUPT, "RLE booleans are cut off");
    return pq_hybrid_init(&v->hybrid, runs, 1, err);
}

static enum code init_delta(struct pq_values *v, struct view bytes, struct err *err)
{
    v->read = v->width == 4 ? read_delta32 : read_delta64;
    return pq_delta_init(&v->delta, bytes, err);
}

/* The text after the lengths. */
static enum code init_text(struct pq_values *v, bool is_text, struct err *err)
{
    struct view text;
    TRY(pq_delta_tail(&v->delta, &text, err));
    v->cur = cur_of(text);
    v->check_utf8 = is_text && !pq_strings_ascii(text);
    return OK;
}

static enum code init_delta_lengths(struct pq_values *v, struct view bytes, bool is_text,
                                    struct err *err)
{
    v->read = read_delta_lengths;
    TRY(pq_delta_init(&v->delta, bytes, err));
    return init_text(v, is_text, err);
}

/* Three streams, one after another: prefix lengths, suffix lengths, suffixes. The end of a stream
 * is found by walking it. */
static enum code init_delta_strings(struct pq_values *v, struct view bytes,
                                    struct pq_joined *joined, bool is_text, struct err *err)
{
    v->read = v->lends ? read_delta_strings : read_delta_fixed;
    v->joined = joined;
    joined->last = (struct view){0};
    struct view behind;
    TRY(pq_delta_init(&v->prefix, bytes, err));
    TRY(pq_delta_tail(&v->prefix, &behind, err));
    TRY(pq_delta_init(&v->delta, behind, err));
    return init_text(v, is_text, err);
}

static enum code init_split(struct pq_values *v, struct view bytes, struct err *err)
{
    v->read = read_split;
    v->bytes = bytes;
    v->idx = 0;
    if (bytes.len % v->width)
        return err_set(err, E_CORRUPT, "%zu bytes split into %zu streams", bytes.len, v->width);
    return OK;
}

static enum code unsupported(enum pq_physical physical, int32_t encoding, struct err *err)
{
    static const char *const names[] = {
        "PLAIN",
        "GROUP_VAR_INT",
        "PLAIN_DICTIONARY",
        "RLE",
        "BIT_PACKED",
        "DELTA_BINARY_PACKED",
        "DELTA_LENGTH_BYTE_ARRAY",
        "DELTA_BYTE_ARRAY",
        "RLE_DICTIONARY",
        "BYTE_STREAM_SPLIT",
        "ALP",
    };
    bool known = encoding >= 0 && (size_t)encoding < sizeof(names) / sizeof(names[0]);
    return err_set(err, E_UNSUPPORTED, "encoding %s (%d) of physical type %d is not supported",
                   known ? names[encoding] : "unknown", encoding, physical);
}

size_t pq_values_width(const struct pq_leaf *leaf)
{
    static const uint8_t widths[] = {
        [PQ_BOOLEAN] = 1, [PQ_INT32] = 4,  [PQ_INT64] = 8,
        [PQ_FLOAT] = 4,   [PQ_DOUBLE] = 8, [PQ_BYTE_ARRAY] = sizeof(struct view),
        [PQ_INT96] = 12,  [PQ_FIXED] = 0,
    };
    return leaf->physical == PQ_FIXED ? leaf->fixed_width : widths[leaf->physical];
}

enum code pq_values_init(struct pq_values *v, const struct pq_leaf *leaf, int32_t encoding,
                         struct view bytes, const struct pq_dict *dict, struct pq_joined *joined,
                         struct err *err)
{
    enum pq_physical physical = leaf->physical;
    bool is_int = physical == PQ_INT32 || physical == PQ_INT64;
    bool is_bytes = physical == PQ_BYTE_ARRAY, is_text = leaf->type.dtype == DT_UTF8;
    v->width = pq_values_width(leaf);
    v->lends = is_bytes;
    v->check_utf8 = false;
    v->idx = 0;
    if (encoding == PQ_PLAIN)
        return init_plain(v, physical, bytes, is_text);
    if ((encoding == PQ_RLE_DICTIONARY || encoding == PQ_PLAIN_DICTIONARY) &&
        physical != PQ_BOOLEAN)
        return init_dict(v, bytes, dict, err);
    if (encoding == PQ_RLE && physical == PQ_BOOLEAN)
        return init_rle_bools(v, bytes, err);
    if (encoding == PQ_DELTA_BINARY_PACKED && is_int)
        return init_delta(v, bytes, err);
    if (encoding == PQ_DELTA_LENGTH_BYTE_ARRAY && is_bytes)
        return init_delta_lengths(v, bytes, is_text, err);
    if (encoding == PQ_DELTA_BYTE_ARRAY && (is_bytes || physical == PQ_FIXED))
        return init_delta_strings(v, bytes, joined, is_text, err);
    if (encoding == PQ_BYTE_STREAM_SPLIT && !is_bytes && physical != PQ_BOOLEAN &&
        physical != PQ_INT96)
        return init_split(v, bytes, err);
    return unsupported(physical, encoding, err);
}
