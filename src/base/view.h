/* Borrowed bytes, passed by value, never freed. */
#ifndef MURR_BASE_VIEW_H
#define MURR_BASE_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct view {
    const uint8_t *ptr;
    size_t len;
};

static inline struct view view_of(const void *ptr, size_t len)
{
    return (struct view){ptr, len};
}

static inline struct view view_cstr(const char *s)
{
    return (struct view){(const uint8_t *)s, strlen(s)};
}

static inline bool view_eq(struct view a, struct view b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool view_eq_cstr(struct view a, const char *s)
{
    return view_eq(a, view_cstr(s));
}

/* For printf("%.*s", VIEW_ARG(v)). */
#define VIEW_ARG(v) (int)((v).len > 200 ? 200 : (v).len), (const char *)(v).ptr

/*
 * A printable copy of foreign bytes for messages: control bytes, quotes, backslashes and bytes that
 * are not UTF-8 become \xNN, and what is longer than `cap` ends in "...". Returns `out`.
 */
const char *view_printable(struct view v, char *out, size_t cap);

/* The view without a leading byte order mark and without surrounding blanks, newlines and control
 * bytes, which editors, `echo` and Kubernetes secrets add to what people type. */
struct view view_trim(struct view v);

/* Whether the bytes are well-formed UTF-8 (RFC 3629: no surrogates, nothing overlong). */
bool view_is_utf8(struct view v);

#endif
