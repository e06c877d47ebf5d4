/* What a handler may ask of a request: headers and the query. */
#include "net/http.h"

#include <microhttpd.h>

const char *http_request_header(const struct http_request *req, const char *name)
{
    return MHD_lookup_connection_value(req->conn, MHD_HEADER_KIND, name);
}

bool http_request_query(const struct http_request *req, const char *name)
{
    const char *value;
    size_t len;
    return MHD_lookup_connection_value_n(req->conn, MHD_GET_ARGUMENT_KIND, name, strlen(name),
                                         &value, &len) == MHD_YES;
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
static struct view decoded_value(const char *value, struct arena *arena)
{
    struct view decoded;
    char *spaced = arena_strndup(arena, value, strlen(value));
    for (char *c = spaced; (c = strchr(c, '+')); c++)
        *c = ' ';
    return http_percent_decode(view_cstr(spaced), arena, &decoded) ? decoded : view_cstr(value);
}

struct query_search {
    const char *name;
    struct http_values found;
    struct arena *arena;
};

static enum MHD_Result note_query_value(void *arg, enum MHD_ValueKind kind, const char *name,
                                        const char *value)
{
    (void)kind;
    struct query_search *q = arg;
    if (strcmp(name, q->name) != 0)
        return MHD_YES;
    struct view *longer = arena_alloc(q->arena, (q->found.n + 1) * sizeof(*longer));
    if (q->found.n)
        memcpy(longer, q->found.values, q->found.n * sizeof(*longer));
    longer[q->found.n++] = decoded_value(value ? value : "", q->arena);
    q->found.values = longer;
    return MHD_YES;
}

struct http_values http_request_query_values(const struct http_request *req, const char *name)
{
    struct query_search q = {.name = name, .arena = req->arena};
    MHD_get_connection_values(req->conn, MHD_GET_ARGUMENT_KIND, note_query_value, &q);
    return q.found;
}
