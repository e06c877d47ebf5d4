#include "base/view.h"

/* Length of the well-formed UTF-8 sequence at `p`, or 0 (RFC 3629, section 4). Most of its rules
 * concern the second byte: after E0 and F0 it is larger, so that no character has a longer form
 * than necessary; after ED it is smaller, which excludes surrogates; after F4 too, since characters
 * end at U+10FFFF. */
static size_t utf8_sequence(const uint8_t *p, size_t n)
{
    uint8_t b = p[0];
    if (b < 0x80)
        return 1;
    size_t len = b >= 0xC2 && b <= 0xDF   ? 2
                 : (b & 0xF0) == 0xE0     ? 3
                 : b >= 0xF0 && b <= 0xF4 ? 4
                                          : 0;
    if (len == 0 || len > n)
        return 0;
    uint8_t lo = b == 0xE0 ? 0xA0 : b == 0xF0 ? 0x90 : 0x80;
    uint8_t hi = b == 0xED ? 0x9F : b == 0xF4 ? 0x8F : 0xBF;
    if (p[1] < lo || p[1] > hi)
        return 0;
    for (size_t i = 2; i < len; i++)
        if ((p[i] & 0xC0) != 0x80)
            return 0;
    return len;
}

bool view_is_utf8(struct view v)
{
    const uint8_t *p = v.ptr;
    const uint8_t *end = p + v.len;
    while (p < end) {
        /* Nearly all text is ASCII: eight bytes at a time. */
        uint64_t word;
        if (end - p >= 8 && (memcpy(&word, p, 8), (word & 0x8080808080808080u) == 0)) {
            p += 8;
            continue;
        }
        size_t len = utf8_sequence(p, (size_t)(end - p));
        if (len == 0)
            return false;
        p += len;
    }
    return true;
}

/* Valid UTF-8 is kept, so that names of columns in any language can be read; only what could break
 * a line or a quote is escaped. */
const char *view_printable(struct view v, char *out, size_t cap)
{
    static const char hex[] = "0123456789abcdef";
    size_t used = 0;
    for (size_t i = 0; i < v.len;) {
        uint8_t b = v.ptr[i];
        size_t len = utf8_sequence(v.ptr + i, v.len - i);
        bool plain = len > 1 || (len == 1 && b >= 0x20 && b != 0x7F && b != '"' && b != '\\');
        if (used + 4 + 4 > cap) { /* room for the longest step and for "..." */
            memcpy(out + used, "...", 4);
            return out;
        }
        if (plain) {
            memcpy(out + used, v.ptr + i, len);
            used += len;
            i += len;
        } else {
            out[used++] = '\\';
            out[used++] = 'x';
            out[used++] = hex[b >> 4];
            out[used++] = hex[b & 15];
            i++;
        }
    }
    out[used] = '\0';
    return out;
}

struct view view_trim(struct view v)
{
    if (v.len >= 3 && memcmp(v.ptr, "\xEF\xBB\xBF", 3) == 0)
        v = view_of(v.ptr + 3, v.len - 3);
    while (v.len && v.ptr[0] <= ' ')
        v = view_of(v.ptr + 1, v.len - 1);
    while (v.len && v.ptr[v.len - 1] <= ' ')
        v.len--;
    return v;
}
