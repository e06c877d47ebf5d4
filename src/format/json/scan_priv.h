/*
 * The tokens of JSON (RFC 8259), read from a body that is completely in memory.
 *
 * This is the hot path of a read: 1,000 keys are about 15 kB of short strings. It is therefore the
 * one place, besides base/cursor.h, that moves pointers over foreign bytes: `pos` never passes
 * `end`, and every read is guarded by a comparison of the two. Strings are stepped over 16 bytes at
 * a time; one without escapes is a view into the body.
 */
#ifndef MURR_FORMAT_JSON_SCAN_PRIV_H
#define MURR_FORMAT_JSON_SCAN_PRIV_H

#include "base/arena.h"
#include "base/err.h"
#include "model/dtype.h"

struct scan {
    const uint8_t *start;
    const uint8_t *pos;
    const uint8_t *end;
    struct arena *arena; /* strings with escapes are written out here */
    struct err *err;
};

static inline struct scan scan_of(struct view body, struct arena *arena, struct err *err)
{
    const uint8_t *start = body.len ? body.ptr : (const uint8_t *)"";
    return (struct scan){start, start, start + body.len, arena, err};
}

/* E_INVALID "malformed body at byte 17: " and the message. */
printf_like(3, 4) enum code
    scan_refuse(const struct scan *s, const uint8_t *at, const char *fmt, ...);

static inline void scan_space(struct scan *s)
{
    while (s->pos < s->end && *s->pos <= ' ' &&
           (*s->pos == ' ' || *s->pos == '\n' || *s->pos == '\r' || *s->pos == '\t'))
        s->pos++;
}

/* The next byte that is not space, or 0 at the end (a NUL in the body fits nothing either). */
static inline uint8_t scan_peek(struct scan *s)
{
    scan_space(s);
    return s->pos < s->end ? *s->pos : 0;
}

/* What the value at `pos` looks like, for messages: "a string", "null", ... */
const char *scan_kind(struct scan *s);

/* Step over `c`, which must come next. */
must_use enum code scan_expect(struct scan *s, char c);

/* Step over ',' (then *out_more) or `close`. */
must_use static inline enum code scan_next(struct scan *s, char close, bool *out_more)
{
    uint8_t c = scan_peek(s);
    if (c != ',' && c != (uint8_t)close)
        return scan_refuse(s, s->pos, "expected ',' or '%c', found %s", close, scan_kind(s));
    s->pos++;
    *out_more = c == ',';
    return OK;
}

/* A string, of which `pos` is at the opening quote. The text is well-formed UTF-8; \u0000 gives a
 * NUL byte. One with escapes has at most SCAN_ESCAPED_MAX bytes. */
enum { SCAN_ESCAPED_MAX = 64 << 20 };
must_use enum code scan_string(struct scan *s, struct view *out_text);

/* A whole number that `dtype`, an integer type, can hold; its bits, sign-extended. */
must_use enum code scan_int(struct scan *s, enum dtype dtype, uint64_t *out_bits);

/* Step over `word`, a literal such as "null", which must come next. */
must_use enum code scan_literal(struct scan *s, const char *word);

/* Step over one value of any kind, whose syntax is checked. Objects and arrays may be
 * SCAN_DEPTH_MAX deep. `scratch` may be reset; nothing in it is needed afterwards. */
enum { SCAN_DEPTH_MAX = 32 };
must_use enum code scan_skip(struct scan *s, struct arena *scratch);

#endif
