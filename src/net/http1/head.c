#include "net/http1/head.h"

#include <assert.h>
#include <string.h>
#include <strings.h>

enum { FIELDS_AT_FIRST = 16, DIGITS_MAX = 18 };

/* An empty line may come before the first (RFC 9112 2.2): old clients send one after a body. */
enum head_progress head_scan(struct view bytes, size_t *seen)
{
    const uint8_t *p = bytes.ptr;
    for (size_t at = *seen; at < bytes.len; at++) {
        bool after_cr = at > 0 && p[at - 1] == '\r';
        if (after_cr != (p[at] == '\n'))
            return HEAD_MALFORMED;
        if (p[at] == 0x7F || (p[at] < 0x20 && !strchr("\t\r\n", p[at])) || p[at] == '\0')
            return HEAD_MALFORMED;
        if (p[at] != '\n' || at < 3 || p[at - 2] != '\n')
            continue;
        *seen = at + 1;
        return at == 3 ? HEAD_MALFORMED : HEAD_WHOLE;
    }
    *seen = bytes.len;
    return HEAD_PARTIAL;
}

static bool is_token_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c && strchr("!#$%&'*+-.^_`|~", c));
}

/* Bytes of a token at the front. */
static size_t token_len(const char *text)
{
    size_t n = 0;
    while (is_token_char(text[n]))
        n++;
    return n;
}

static bool is_alnum(char c)
{
    return is_token_char(c) && !strchr("!#$%&'*+-.^_`|~", c);
}

/* Cuts the first line off. */
static char *take_line(char **rest)
{
    char *line = *rest, *end = strchr(line, '\r');
    *end = '\0';
    *rest = end + 2;
    return line;
}

/* Cut at the first blank and return the text after it; NULL if there is no blank. */
static char *cut_at_blank(char *text)
{
    char *blank = strchr(text, ' ');
    if (blank)
        *blank = '\0';
    return blank ? blank + 1 : NULL;
}

/* name, name:port, [v6] or [v6]:port */
static bool is_host(const char *text)
{
    size_t n = 0;
    if (text[0] == '[') {
        n = strspn(text, "[:.%0123456789abcdefABCDEF");
        if (text[n++] != ']')
            return false;
    } else {
        while (is_alnum(text[n]) || (text[n] && strchr("-._~%!$&'()*+;=", text[n])))
            n++;
    }
    size_t host_len = n;
    if (text[n] == ':')
        n += 1 + strspn(text + n + 1, "0123456789");
    return host_len && text[n] == '\0';
}

/* http://host/path: the client believes that we are its proxy. */
must_use static enum code parse_absolute(char *authority, struct arena *arena,
                                         struct http_head *out, struct err *err)
{
    size_t len = strcspn(authority, "/?");
    out->host = arena_strndup(arena, authority, len);
    if (!is_host(out->host))
        return err_set(err, E_INVALID, "the request line names no host that could be one");
    out->path = authority + len;
    if (authority[len] == '?') {
        authority[len] = '\0';
        out->query = authority + len + 1;
    }
    if (!out->path[0])
        out->path = "/";
    return OK;
}

must_use static enum code parse_target(char *target, struct arena *arena, struct http_head *out,
                                       struct err *err)
{
    for (const char *c = target; *c; c++)
        if (*c <= ' ' || *c > '~' || *c == '#')
            return err_set(err, E_INVALID,
                           "the path of the request has a byte that must be percent-encoded");
    out->path = target;
    out->query = "";
    if (strncasecmp(target, "http://", 7) == 0)
        TRY(parse_absolute(target + 7, arena, out, err));
    else if (strncasecmp(target, "https://", 8) == 0)
        TRY(parse_absolute(target + 8, arena, out, err));
    else if (target[0] != '/' && !(strcmp(target, "*") == 0 && strcmp(out->method, "OPTIONS") == 0))
        return err_set(err, E_INVALID, "the request line has no path that begins with /");
    char *query = strchr(out->path, '?');
    if (query) {
        *query = '\0';
        out->query = query + 1;
    }
    return OK;
}

/* METHOD target HTTP/1.x, with one blank between them. */
must_use static enum code parse_request_line(char *line, struct arena *arena, struct http_head *out,
                                             bool *is_old, struct err *err)
{
    char *target = cut_at_blank(line);
    char *version = target ? cut_at_blank(target) : NULL;
    out->method = line;
    if (!version || !line[0] || line[token_len(line)] != '\0')
        return err_set(err, E_INVALID, "the request does not begin with METHOD /path HTTP/1.1");
    *is_old = strcmp(version, "HTTP/1.0") == 0;
    if (!*is_old && strcmp(version, "HTTP/1.1") != 0)
        return err_set(
            err, E_INVALID,
            "the request line does not end in a version of HTTP that is spoken here: 1.1 or 1.0");
    return parse_target(target, arena, out, err);
}

/* name:value; no blank is allowed before the name, which would continue the line before, or before
 * the colon. */
must_use static enum code parse_field(char *line, struct http_field *out, struct err *err)
{
    size_t len = token_len(line);
    if (len == 0 || line[len] != ':')
        return err_set(err, E_INVALID, "a header line does not begin with NAME:");
    line[len] = '\0';
    char *value = line + len + 1, *end = value + strlen(value);
    value += strspn(value, " \t");
    while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    *end = '\0';
    *out = (struct http_field){line, value};
    return OK;
}

must_use static enum code parse_fields(char *rest, const char *end, struct arena *arena,
                                       struct http_head *out, struct err *err)
{
    size_t cap = FIELDS_AT_FIRST;
    struct http_field *fields = arena_alloc(arena, cap * sizeof(*fields));
    while (rest + 2 < end) {
        if (out->n_fields == cap) {
            struct http_field *more = arena_alloc(arena, 2 * cap * sizeof(*more));
            memcpy(more, fields, cap * sizeof(*more));
            fields = more;
            cap *= 2;
        }
        TRY(parse_field(take_line(&rest), &fields[out->n_fields++], err));
    }
    out->fields = fields;
    return OK;
}

/* The only field of that name; NULL: there is none. */
must_use static enum code single_field(const struct http_head *h, const char *name,
                                       const char **out, struct err *err)
{
    *out = NULL;
    for (size_t i = 0; i < h->n_fields; i++) {
        if (strcasecmp(h->fields[i].name, name) != 0)
            continue;
        if (*out)
            return err_set(err, E_INVALID, "the request has two %s headers", name);
        *out = h->fields[i].value;
    }
    return OK;
}

must_use static enum code read_host(struct http_head *h, bool is_old, struct err *err)
{
    const char *host;
    TRY(single_field(h, "Host", &host, err));
    if (!host && !is_old)
        return err_set(err, E_INVALID, "the request has no Host header");
    if (host && !is_host(host))
        return err_set(err, E_INVALID, "the Host header names no host that could be one");
    if (!h->host)
        h->host = host;
    return OK;
}

must_use static enum code read_length(struct http_head *h, bool *out_given, struct err *err)
{
    const char *text;
    char shown[40];
    TRY(single_field(h, "Content-Length", &text, err));
    *out_given = text != NULL;
    if (!text)
        return OK;
    size_t n_digits = strspn(text, "0123456789");
    if (n_digits == 0 || n_digits > DIGITS_MAX || text[n_digits])
        return err_set(err, E_INVALID, "Content-Length '%s' is not a number of bytes",
                       view_printable(view_cstr(text), shown, sizeof(shown)));
    h->body_bytes = strtoull(text, NULL, 10);
    return OK;
}

/* Whether the list has a word, and whether it has any other. */
static void find_in_list(const char *list, const char *word, bool *has, bool *has_others)
{
    for (const char *at = list; *at;) {
        at += strspn(at, ", \t");
        size_t len = strcspn(at, ", \t");
        bool same = len == strlen(word) && strncasecmp(at, word, len) == 0;
        *has = *has || same;
        *has_others = *has_others || (len && !same);
        at += len;
    }
}

must_use static enum code read_coding(struct http_head *h, bool is_old, bool has_length,
                                      struct err *err)
{
    const char *text;
    char shown[40];
    TRY(single_field(h, "Transfer-Encoding", &text, err));
    if (!text)
        return OK;
    if (has_length)
        return err_set(err, E_INVALID, "the request has Content-Length and Transfer-Encoding");
    if (is_old)
        return err_set(err, E_INVALID, "HTTP/1.0 has no Transfer-Encoding");
    bool chunked = false, others = false;
    find_in_list(text, "chunked", &chunked, &others);
    if (others)
        return err_set(err, E_UNSUPPORTED, "Transfer-Encoding '%s' is not known; chunked is",
                       view_printable(view_cstr(text), shown, sizeof(shown)));
    if (strcasecmp(text, "chunked") != 0)
        return err_set(err, E_INVALID, "Transfer-Encoding must be chunked, once");
    h->is_chunked = true;
    return OK;
}

static void read_connection(struct http_head *h, bool is_old)
{
    bool closes = false, keeps = false, others = false;
    for (size_t i = 0; i < h->n_fields; i++) {
        if (strcasecmp(h->fields[i].name, "Connection") != 0)
            continue;
        find_in_list(h->fields[i].value, "close", &closes, &others);
        find_in_list(h->fields[i].value, "keep-alive", &keeps, &others);
    }
    h->keeps_alive = !closes && (keeps || !is_old);
    const char *expect = head_field(h, "Expect");
    h->asks_to_send = expect && !is_old && strcasecmp(expect, "100-continue") == 0;
}

enum code head_parse(char *text, size_t len, struct arena *arena, struct http_head *out,
                     struct err *err)
{
    bool is_old, has_length;
    char *rest = text + (text[0] == '\r' ? 2 : 0);
    assert(len > 4 && strlen(text) == len);
    *out = (struct http_head){0};
    TRY(parse_request_line(take_line(&rest), arena, out, &is_old, err));
    TRY(parse_fields(rest, text + len, arena, out, err));
    TRY(read_host(out, is_old, err));
    TRY(read_length(out, &has_length, err));
    TRY(read_coding(out, is_old, has_length, err));
    read_connection(out, is_old);
    return OK;
}

const char *head_field(const struct http_head *h, const char *name)
{
    for (size_t i = 0; i < h->n_fields; i++)
        if (strcasecmp(h->fields[i].name, name) == 0)
            return h->fields[i].value;
    return NULL;
}
