#include "format/json/scan_priv.h"

#include <stdarg.h>
#include <stdio.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum code scan_refuse(const struct scan *s, const uint8_t *at, const char *fmt, ...)
{
    char what[400];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(what, sizeof(what), fmt, ap);
    va_end(ap);
    return err_set(s->err, E_INVALID, "malformed body at byte %zu: %s", (size_t)(at - s->start),
                   what);
}

enum code scan_expect(struct scan *s, char c)
{
    if (scan_peek(s) != (uint8_t)c)
        return scan_refuse(s, s->pos, "expected '%c', found %s", c, scan_kind(s));
    s->pos++;
    return OK;
}

const char *scan_kind(struct scan *s)
{
    switch (scan_peek(s)) {
    case '"':
        return "a string";
    case '[':
        return "an array";
    case '{':
        return "an object";
    case ',':
    case ':':
    case ']':
    case '}':
        return "punctuation";
    case 'n':
        return "null";
    case 't':
    case 'f':
        return "a boolean";
    case '-':
    case '0' ... '9':
        return "a number";
    default:
        return s->pos == s->end ? "the end" : "something that is not JSON";
    }
}

/* The first byte of a string's inside that is a quote, a backslash or a control byte, or `end`.
 * *high: whether a byte before it is not ASCII. */
static inline const uint8_t *string_stop(const uint8_t *p, const uint8_t *end, bool *high)
{
    /*
     * SSE2 has no unsigned comparison; min(v, 0x1F) == v says the same as v <= 0x1F. The top bits
     * of all bytes, which movemask collects, tell what is not ASCII, so that nearly no string needs
     * a check of its UTF-8.
     */
#ifdef __SSE2__
    const __m128i quote = _mm_set1_epi8('"'), slash = _mm_set1_epi8('\\');
    const __m128i control = _mm_set1_epi8(0x1F);
    for (; end - p >= 16; p += 16) {
        __m128i v = _mm_loadu_si128((const __m128i *)p);
        __m128i hit = _mm_or_si128(_mm_cmpeq_epi8(v, quote), _mm_cmpeq_epi8(v, slash));
        hit = _mm_or_si128(hit, _mm_cmpeq_epi8(_mm_min_epu8(v, control), v));
        unsigned stops = (unsigned)_mm_movemask_epi8(hit), highs = (unsigned)_mm_movemask_epi8(v);
        if (stops) {
            unsigned n = (unsigned)__builtin_ctz(stops);
            *high |= (highs & ((1u << n) - 1)) != 0;
            return p + n;
        }
        *high |= highs != 0;
    }
#endif
    for (; p < end && *p != '"' && *p != '\\' && *p >= 0x20; p++)
        *high |= *p >= 0x80;
    return p;
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The four digits after "\u", or -1. */
static int32_t hex4(const uint8_t *p, const uint8_t *end)
{
    int32_t value = 0;
    if (end - p < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        int digit = hex_digit(p[i]);
        if (digit < 0)
            return -1;
        value = value << 4 | digit;
    }
    return value;
}

static uint8_t *put_utf8(uint8_t *out, uint32_t c)
{
    if (c < 0x80) {
        *out++ = (uint8_t)c;
    } else if (c < 0x800) {
        *out++ = (uint8_t)(0xC0 | c >> 6);
        *out++ = (uint8_t)(0x80 | (c & 0x3F));
    } else if (c < 0x10000) {
        *out++ = (uint8_t)(0xE0 | c >> 12);
        *out++ = (uint8_t)(0x80 | (c >> 6 & 0x3F));
        *out++ = (uint8_t)(0x80 | (c & 0x3F));
    } else {
        *out++ = (uint8_t)(0xF0 | c >> 18);
        *out++ = (uint8_t)(0x80 | (c >> 12 & 0x3F));
        *out++ = (uint8_t)(0x80 | (c >> 6 & 0x3F));
        *out++ = (uint8_t)(0x80 | (c & 0x3F));
    }
    return out;
}

/* `p` is after "\u". Moves *p past the escape, or after both halves of a surrogate pair. */
static bool take_unicode(const uint8_t **p, const uint8_t *end, uint8_t **out)
{
    int32_t c = hex4(*p, end);
    if (c < 0 || (c >= 0xDC00 && c <= 0xDFFF))
        return false;
    *p += 4;
    /* A character beyond U+FFFF is written as two escapes; one half alone is no character. */
    if (c >= 0xD800 && c <= 0xDBFF) {
        if (end - *p < 6 || (*p)[0] != '\\' || (*p)[1] != 'u')
            return false;
        int32_t low = hex4(*p + 2, end);
        if (low < 0xDC00 || low > 0xDFFF)
            return false;
        *p += 6;
        c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
    }
    *out = put_utf8(*out, (uint32_t)c);
    return true;
}

/* `p` is after the backslash. */
static bool take_escape(const uint8_t **p, const uint8_t *end, uint8_t **out)
{
    static const uint8_t simple[256] = {['"'] = '"',  ['\\'] = '\\', ['/'] = '/',  ['b'] = '\b',
                                        ['f'] = '\f', ['n'] = '\n',  ['r'] = '\r', ['t'] = '\t'};
    if (*p == end)
        return false;
    uint8_t c = *(*p)++;
    if (c == 'u')
        return take_unicode(p, end, out);
    *(*out)++ = simple[c];
    return simple[c] != 0;
}

/* The closing quote of a string that has escapes, or NULL. `p` is at its first backslash. */
static const uint8_t *closing_quote(const uint8_t *p, const uint8_t *end, bool *high)
{
    while (p < end && *p == '\\' && end - p >= 2)
        p = string_stop(p + 2, end, high);
    return p < end && *p == '"' ? p : NULL;
}

/* A string with escapes: find its end, then write it out; escapes only ever make it shorter. */
must_use static enum code unescape(struct scan *s, const uint8_t *first, const uint8_t *slash,
                                   bool high, struct view *out)
{
    const uint8_t *quote = closing_quote(slash, s->end, &high);
    if (!quote)
        return scan_refuse(s, slash, "a string that does not end as it should");
    if ((size_t)(quote - first) > SCAN_ESCAPED_MAX)
        return scan_refuse(s, first, "a string with escapes of more than %d MiB",
                           SCAN_ESCAPED_MAX >> 20);
    uint8_t *text = arena_alloc(s->arena, (size_t)(quote - first));
    uint8_t *w = mempcpy(text, first, (size_t)(slash - first));
    for (const uint8_t *p = slash; p < quote;) {
        if (*p != '\\') {
            *w++ = *p++;
            continue;
        }
        const uint8_t *at = p++;
        if (!take_escape(&p, quote, &w))
            return scan_refuse(s, at, "not a JSON escape");
    }
    *out = view_of(text, (size_t)(w - text));
    s->pos = quote + 1;
    return high && !view_is_utf8(*out) ? scan_refuse(s, first, "a string that is not UTF-8") : OK;
}

enum code scan_string(struct scan *s, struct view *out_text)
{
    const uint8_t *first = s->pos + 1;
    bool high = false;
    const uint8_t *stop = string_stop(first, s->end, &high);
    if (stop == s->end)
        return scan_refuse(s, stop, "a string that does not end");
    if (*stop == '\\')
        return unescape(s, first, stop, high, out_text);
    if (*stop != '"')
        return scan_refuse(s, stop, "a control byte inside a string");
    *out_text = view_of(first, (size_t)(stop - first));
    s->pos = stop + 1;
    return high && !view_is_utf8(*out_text) ? scan_refuse(s, first, "a string that is not UTF-8")
                                            : OK;
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

/* Largest number of an integer type, and largest magnitude of a negative one. */
struct int_range {
    uint64_t most, least;
};

static struct int_range int_range(enum dtype t)
{
    switch (t) {
    case DT_INT8:
        return (struct int_range){INT8_MAX, 1ull << 7};
    case DT_INT16:
        return (struct int_range){INT16_MAX, 1ull << 15};
    case DT_INT32:
        return (struct int_range){INT32_MAX, 1ull << 31};
    case DT_INT64:
        return (struct int_range){INT64_MAX, 1ull << 63};
    case DT_UINT8:
        return (struct int_range){UINT8_MAX, 0};
    case DT_UINT16:
        return (struct int_range){UINT16_MAX, 0};
    case DT_UINT32:
        return (struct int_range){UINT32_MAX, 0};
    case DT_UINT64:
        return (struct int_range){UINT64_MAX, 0};
    case DT_UTF8:
    case DT_BINARY:
    case DT_BOOL:
    case DT_FLOAT16:
    case DT_FLOAT32:
    case DT_FLOAT64:
    case DT_DATE32:
    case DT_TIMESTAMP:
    case DT_TIME32:
    case DT_TIME64:
    case DT_DURATION:
    case DT_DECIMAL128:
    case DT_DECIMAL256:
    case DT_FIXED_BINARY:
    case DT_LIST:
        break;
    }
    return (struct int_range){0, 0};
}

/* Whether all eight bytes are '0' to '9': high halves 3, and still 3 when 6 is added to each. */
static bool are_digits(uint64_t text)
{
    const uint64_t high = 0xF0F0F0F0F0F0F0F0, zeros = 0x3030303030303030;
    return (text & high) == zeros && ((text + 0x0606060606060606) & high) == zeros;
}

/* Eight digits, the first in the lowest byte: neighbours are put together to 4 numbers of 2 digits,
 * 2 of 4, 1 of 8. */
static uint64_t eight_digits(uint64_t text)
{
    text &= 0x0F0F0F0F0F0F0F0F;
    text = (text * 10 + (text >> 8)) & 0x00FF00FF00FF00FF;
    text = (text * 100 + (text >> 16)) & 0x0000FFFF0000FFFF;
    return (text * 10000 + (text >> 32)) & 0xFFFFFFFF;
}

/* Read digits up to the first other byte. 19 digits cannot overflow; *over says whether more of
 * them did. */
static const uint8_t *take_digits(const uint8_t *p, const uint8_t *end, uint64_t *out, bool *over)
{
    const uint8_t *safe = end - p > 19 ? p + 19 : end;
    uint64_t value = 0, text;
    for (; safe - p >= 8; p += 8) {
        memcpy(&text, p, sizeof(text));
        if (!are_digits(text))
            break;
        value = value * 100000000 + eight_digits(text);
    }
    for (; p < safe && is_digit(*p); p++)
        value = value * 10 + (*p - '0');
    for (; p < end && is_digit(*p); p++)
        *over |= __builtin_mul_overflow(value, 10, &value) ||
                 __builtin_add_overflow(value, *p - '0', &value);
    *out = value;
    return p;
}

static enum code refuse_int(struct scan *s, const uint8_t *digits, const uint8_t *p,
                            enum dtype dtype)
{
    if (p == digits || (*digits == '0' && p - digits > 1))
        return scan_refuse(s, s->pos, "expected a whole number");
    if (p < s->end && (*p == '.' || *p == 'e' || *p == 'E'))
        return scan_refuse(s, s->pos, "expected a whole number, found a fraction");
    return scan_refuse(s, s->pos, "%.*s is out of range for %s",
                       VIEW_ARG(view_of(s->pos, (size_t)(p - s->pos))), dtype_name(dtype));
}

enum code scan_int(struct scan *s, enum dtype dtype, uint64_t *out_bits)
{
    const struct int_range range = int_range(dtype);
    bool negative = s->pos < s->end && *s->pos == '-', over = false;
    const uint8_t *digits = s->pos + negative;
    uint64_t value;
    const uint8_t *p = take_digits(digits, s->end, &value, &over);
    if (p == digits || (*digits == '0' && p - digits > 1) || over ||
        value > (negative ? range.least : range.most) ||
        (p < s->end && (*p == '.' || *p == 'e' || *p == 'E')))
        return refuse_int(s, digits, p, dtype);
    *out_bits = negative ? 0 - value : value;
    s->pos = p;
    return OK;
}

enum code scan_literal(struct scan *s, const char *word)
{
    size_t len = strlen(word);
    if ((size_t)(s->end - s->pos) < len || memcmp(s->pos, word, len) != 0)
        return scan_refuse(s, s->pos, "expected %s", word);
    s->pos += len;
    return OK;
}

/* At least one digit. */
static bool skip_digits(struct scan *s)
{
    const uint8_t *first = s->pos;
    while (s->pos < s->end && is_digit(*s->pos))
        s->pos++;
    return s->pos > first;
}

static bool skip_byte(struct scan *s, char c)
{
    bool there = s->pos < s->end && *s->pos == (uint8_t)c;
    s->pos += there;
    return there;
}

/* RFC 8259, section 6: no leading zero, and digits on both sides of a point. */
must_use static enum code skip_number(struct scan *s)
{
    const uint8_t *at = s->pos;
    skip_byte(s, '-');
    bool good = skip_byte(s, '0') || skip_digits(s);
    if (good && skip_byte(s, '.'))
        good = skip_digits(s);
    if (good && (skip_byte(s, 'e') || skip_byte(s, 'E'))) {
        if (!skip_byte(s, '-'))
            skip_byte(s, '+');
        good = skip_digits(s);
    }
    return good ? OK : scan_refuse(s, at, "not a JSON number");
}

must_use static enum code skip_value(struct scan *s, unsigned depth);

must_use static enum code skip_name(struct scan *s)
{
    struct view name;
    if (scan_peek(s) != '"')
        return scan_refuse(s, s->pos, "expected the name of a member");
    TRY(scan_string(s, &name));
    return scan_expect(s, ':');
}

/* An array or object; `pos` is at its bracket. */
must_use static enum code skip_nested(struct scan *s, char close, unsigned depth)
{
    bool more = true;
    if (depth == SCAN_DEPTH_MAX)
        return scan_refuse(s, s->pos, "more than %d levels of arrays and objects", SCAN_DEPTH_MAX);
    s->pos++;
    if (scan_peek(s) == (uint8_t)close) {
        s->pos++;
        return OK;
    }
    while (more) {
        if (close == '}')
            TRY(skip_name(s));
        TRY(skip_value(s, depth + 1));
        TRY(scan_next(s, close, &more));
    }
    return OK;
}

must_use static enum code skip_value(struct scan *s, unsigned depth)
{
    struct view text;
    switch (scan_peek(s)) {
    case '"':
        TRY(scan_string(s, &text));
        /* Strings of skipped values are garbage at once. */
        if (s->arena->total > SCAN_ESCAPED_MAX)
            arena_reset(s->arena);
        return OK;
    case '[':
        return skip_nested(s, ']', depth);
    case '{':
        return skip_nested(s, '}', depth);
    case 'n':
        return scan_literal(s, "null");
    case 't':
        return scan_literal(s, "true");
    case 'f':
        return scan_literal(s, "false");
    case '-':
    case '0' ... '9':
        return skip_number(s);
    default:
        return scan_refuse(s, s->pos, "expected a value, found %s", scan_kind(s));
    }
}

enum code scan_skip(struct scan *s, struct arena *scratch)
{
    struct arena *arena = s->arena;
    s->arena = scratch;
    enum code rc = skip_value(s, 0);
    s->arena = arena;
    return rc;
}
