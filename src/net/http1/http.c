/* What a handler may ask of a request: headers and the query. */
#include "net/http1/head.h"
#include "net/http1/http.h"

#include <string.h>

const char *http_request_header(const struct http_request *req, const char *name)
{
    return head_field(req->head, name);
}

const char *http_request_host(const struct http_request *req)
{
    return req->head->host;
}

/* Cut the next name=value off the front; false at the end. */
static bool next_parameter(struct view *rest, struct view *out_name, struct view *out_value)
{
    if (rest->len == 0)
        return false;
    const uint8_t *and = memchr(rest->ptr, '&', rest->len);
    size_t len = and? (size_t)(and-rest->ptr) : rest->len;
    const uint8_t *equals = memchr(rest->ptr, '=', len);
    size_t name_len = equals ? (size_t)(equals - rest->ptr) : len;
    *out_name = view_of(rest->ptr, name_len);
    *out_value = equals ? view_of(equals + 1, len - name_len - 1) : (struct view){0};
    *rest = view_of(rest->ptr + len + (and != NULL), rest->len - len - (and != NULL));
    return true;
}

bool http_request_query(const struct http_request *req, const char *name)
{
    struct view rest = view_cstr(req->head->query), have, value;
    while (next_parameter(&rest, &have, &value))
        if (view_eq_cstr(have, name))
            return true;
    return false;
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool http_percent_decode(struct view text, struct arena *arena, struct view *out)
{
    uint8_t *decoded = arena_alloc(arena, text.len), *w = decoded;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.ptr[i];
        if (c == '%') {
            int high = i + 2 < text.len ? hex_digit(text.ptr[i + 1]) : -1;
            int low = i + 2 < text.len ? hex_digit(text.ptr[i + 2]) : -1;
            if (high < 0 || low < 0 || (high | low) == 0)
                return false;
            c = (uint8_t)(high << 4 | low);
            i += 2;
        }
        *w++ = c;
    }
    *out = view_of(decoded, (size_t)(w - decoded));
    return true;
}

/* As forms write it: '+' for a space. What is malformed stays as it is. */
static struct view decoded_value(struct view value, struct arena *arena)
{
    struct view decoded;
    char *spaced = arena_strndup(arena, value.ptr, value.len);
    for (char *c = spaced; (c = strchr(c, '+')); c++)
        *c = ' ';
    return http_percent_decode(view_cstr(spaced), arena, &decoded) ? decoded : value;
}

struct http_values http_request_query_values(const struct http_request *req, const char *name)
{
    struct view rest = view_cstr(req->head->query), have, value;
    struct http_values found = {0};
    while (next_parameter(&rest, &have, &value)) {
        if (!view_eq_cstr(have, name))
            continue;
        struct view *longer = arena_alloc(req->arena, (found.n + 1) * sizeof(*longer));
        if (found.n)
            memcpy(longer, found.values, found.n * sizeof(*longer));
        longer[found.n++] = decoded_value(value, req->arena);
        found.values = longer;
    }
    return found;
}
