#include "format/puffin/roaring.h"

#include <inttypes.h>

/*
 * A bitmap of 64 bits: u64 number of bitmaps, then for each u32 key, the upper half of its
 * positions, and a bitmap of 32 bits. Keys ascend.
 *
 * A bitmap of 32 bits holds containers of 65,536 positions each:
 *
 *   cookie        u32 12346, u32 number of containers; where some hold runs instead u16 12347,
 *                 u16 number of containers - 1, a bit for each: whether it holds runs
 *   descriptions  for each: u16 key, the upper half of its positions; u16 cardinality - 1
 *   offsets       for each: u32, counted from the cookie; left out with cookie 12347 where there
 *                 are fewer than 4 containers
 *   containers    runs: u16 number of runs, for each u16 first, u16 length - 1
 *                 up to 4096 positions: u16 each, ascending
 *                 else: 65,536 bits
 *
 * Invariants, each of which is checked: keys ascend (1); a container has as many positions as its
 * description says (2); positions and runs ascend and runs do not overlap (3); containers follow
 * each other without gaps, where their offsets say (4); no bytes are left at the end (5).
 */
enum {
    COOKIE_PLAIN = 12346,
    COOKIE_RUNS = 12347,
    CONTAINERS_MAX = 1 << 16,
    CONTAINER_SIZE = 1 << 16,
    ARRAY_MAX = 4096,
    OFFSETS_MIN = 4, /* containers from which on a bitmap with runs has offsets */
    WORDS = CONTAINER_SIZE / 64,
};

/* Joins positions to ranges. Numbers in `first` and `n` are of the range that may still grow. */
struct sink {
    roaring_fn fn;
    void *arg;
    uint64_t end;
    uint64_t first, n;
};

struct bitmap32 {
    struct cursor cur;
    const uint8_t *begin; /* the cookie */
    uint64_t base;        /* added to each position */
    uint32_t n;           /* containers */
    struct view has_runs; /* a bit each; empty: none has */
    struct view descriptions;
    struct view offsets; /* empty: left out */
};

struct container {
    uint64_t base; /* added to each position */
    uint32_t cardinality;
    bool has_runs;
    uint32_t offset; /* where it must begin */
};

must_use static enum code ends_early(struct err *err)
{
    return err_set(err, E_CORRUPT, "a bitmap ends in the middle");
}

static void flush(struct sink *s)
{
    if (s->n)
        s->fn(s->arg, s->first, s->n);
    s->n = 0;
}

must_use static enum code add(struct sink *s, uint64_t first, uint64_t n, struct err *err)
{
    if (first >= s->end || n > s->end - first)
        return err_set(err, E_CORRUPT,
                       "a bitmap has position %" PRIu64 ", which is not below %" PRIu64,
                       first < s->end ? s->end : first, s->end);
    if (s->n && s->first + s->n == first) {
        s->n += n;
    } else {
        flush(s);
        s->first = first;
        s->n = n;
    }
    return OK;
}

must_use static enum code read_runs(struct cursor *cur, const struct container *c, struct sink *s,
                                    struct err *err)
{
    uint16_t n, first, more;
    uint32_t next = 0, sum = 0;
    if (!cur_u16le(cur, &n))
        return ends_early(err);
    for (unsigned i = 0; i < n; i++, next = first + more + 1u, sum += more + 1u) {
        if (!cur_u16le(cur, &first) || !cur_u16le(cur, &more))
            return ends_early(err);
        if (first < next || first + more >= CONTAINER_SIZE)
            return err_set(err, E_CORRUPT, "a run of %u from %u on comes after %u", more + 1u,
                           first, next);
        TRY(add(s, c->base + first, more + 1u, err));
    }
    return sum == c->cardinality ? OK
                                 : err_set(err, E_CORRUPT, "runs have %u positions instead of %u",
                                           sum, c->cardinality);
}

must_use static enum code read_array(struct cursor *cur, const struct container *c, struct sink *s,
                                     struct err *err)
{
    for (uint32_t i = 0, next = 0; i < c->cardinality; i++) {
        uint16_t v;
        if (!cur_u16le(cur, &v))
            return ends_early(err);
        if (v < next)
            return err_set(err, E_CORRUPT, "position %u comes after %u", v, next - 1);
        TRY(add(s, c->base + v, 1, err));
        next = v + 1u;
    }
    return OK;
}

/* Ranges of set bits of a word. */
must_use static enum code read_word(uint64_t word, uint64_t base, struct sink *s, struct err *err)
{
    for (unsigned at = 0; word;) {
        unsigned zeros = (unsigned)__builtin_ctzll(word);
        word >>= zeros;
        unsigned ones = word == UINT64_MAX ? 64 : (unsigned)__builtin_ctzll(~word);
        TRY(add(s, base + at + zeros, ones, err));
        word = ones == 64 ? 0 : word >> ones;
        at += zeros + ones;
    }
    return OK;
}

must_use static enum code read_bits(struct cursor *cur, const struct container *c, struct sink *s,
                                    struct err *err)
{
    uint32_t sum = 0;
    for (uint64_t i = 0, word; i < WORDS; i++) {
        if (!cur_u64le(cur, &word))
            return ends_early(err);
        sum += (uint32_t)__builtin_popcountll(word);
        TRY(read_word(word, c->base + i * 64, s, err));
    }
    return sum == c->cardinality ? OK
                                 : err_set(err, E_CORRUPT, "bits have %u positions instead of %u",
                                           sum, c->cardinality);
}

must_use static enum code read_cookie(struct bitmap32 *b, struct err *err)
{
    uint32_t cookie;
    if (!cur_u32le(&b->cur, &cookie))
        return ends_early(err);
    if (cookie == COOKIE_PLAIN) {
        if (!cur_u32le(&b->cur, &b->n))
            return ends_early(err);
        return b->n <= CONTAINERS_MAX
                   ? OK
                   : err_set(err, E_CORRUPT, "a bitmap of %" PRIu32 " containers", b->n);
    }
    if ((cookie & 0xFFFF) != COOKIE_RUNS)
        return err_set(err, E_CORRUPT, "a bitmap begins with %#" PRIx32, cookie);
    b->n = (cookie >> 16) + 1;
    return cur_bytes(&b->cur, (b->n + 7) / 8, &b->has_runs) ? OK : ends_early(err);
}

must_use static enum code read_head(struct bitmap32 *b, struct err *err)
{
    TRY(read_cookie(b, err));
    bool has_offsets = b->has_runs.len == 0 || b->n >= OFFSETS_MIN;
    return cur_bytes(&b->cur, 4 * (uint64_t)b->n, &b->descriptions) &&
                   cur_bytes(&b->cur, has_offsets ? 4 * (uint64_t)b->n : 0, &b->offsets)
               ? OK
               : ends_early(err);
}

/* `next_key` is what the container's key must reach. */
must_use static enum code read_description(struct bitmap32 *b, uint32_t i, uint32_t *next_key,
                                           struct container *c, struct err *err)
{
    struct cursor descriptions = cur_of(b->descriptions), offsets = cur_of(b->offsets);
    uint32_t here = (uint32_t)(b->cur.pos - b->begin);
    uint16_t key, less;
    if (!cur_skip(&descriptions, 4 * (uint64_t)i) || !cur_u16le(&descriptions, &key) ||
        !cur_u16le(&descriptions, &less))
        return ends_early(err);
    c->base = b->base + ((uint64_t)key << 16);
    c->cardinality = less + 1u;
    c->has_runs = b->has_runs.len && b->has_runs.ptr[i / 8] >> i % 8 & 1;
    if (!cur_skip(&offsets, 4 * (uint64_t)i) || !cur_u32le(&offsets, &c->offset))
        c->offset = here;
    if (key < *next_key)
        return err_set(err, E_CORRUPT, "container %u comes after %u", key, *next_key - 1);
    if (c->offset != here)
        return err_set(err, E_CORRUPT, "container %u is at %" PRIu32 " instead of %" PRIu32, key,
                       here, c->offset);
    *next_key = key + 1u;
    return OK;
}

must_use static enum code read_container(struct cursor *cur, const struct container *c,
                                         struct sink *s, struct err *err)
{
    if (c->has_runs)
        return read_runs(cur, c, s, err);
    return c->cardinality <= ARRAY_MAX ? read_array(cur, c, s, err) : read_bits(cur, c, s, err);
}

must_use static enum code read_bitmap32(struct cursor *cur, uint64_t base, struct sink *s,
                                        struct err *err)
{
    struct bitmap32 b = {.cur = *cur, .begin = cur->pos, .base = base};
    TRY(read_head(&b, err));
    for (uint32_t i = 0, next_key = 0; i < b.n; i++) {
        struct container c;
        TRY(read_description(&b, i, &next_key, &c, err));
        TRY(read_container(&b.cur, &c, s, err));
    }
    *cur = b.cur;
    return OK;
}

must_use static enum code finish(struct sink *s, const struct cursor *cur, struct err *err)
{
    if (cur_left(cur))
        return err_set(err, E_CORRUPT, "%zu bytes are left after the last bitmap", cur_left(cur));
    flush(s);
    return OK;
}

enum code roaring32_read(struct view bytes, uint64_t end, roaring_fn fn, void *arg, struct err *err)
{
    struct cursor cur = cur_of(bytes);
    struct sink s = {.fn = fn, .arg = arg, .end = end};
    TRY(read_bitmap32(&cur, 0, &s, err));
    return finish(&s, &cur, err);
}

enum code roaring64_read(struct view bytes, uint64_t end, roaring_fn fn, void *arg, struct err *err)
{
    struct cursor cur = cur_of(bytes);
    struct sink s = {.fn = fn, .arg = arg, .end = end};
    uint64_t n, next_key = 0;
    if (!cur_u64le(&cur, &n))
        return ends_early(err);
    for (uint64_t i = 0; i < n; i++) {
        uint32_t key;
        if (!cur_u32le(&cur, &key))
            return ends_early(err);
        if (key < next_key)
            return err_set(err, E_CORRUPT, "bitmap %" PRIu32 " comes after %" PRIu64, key,
                           next_key - 1);
        next_key = key + UINT64_C(1);
        TRY(read_bitmap32(&cur, (uint64_t)key << 32, &s, err));
    }
    return finish(&s, &cur, err);
}
