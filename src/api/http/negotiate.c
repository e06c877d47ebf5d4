#include "api/http/negotiate.h"

#include "base/view.h"

#include <stdlib.h>
#include <strings.h>

/*
 * Content negotiation by RFC 9110, 12.5.1. For each type that we can produce (an offer), find the
 * entry of the header that names it most exactly: the type itself, before "type/" and an asterisk,
 * before two asterisks. That entry's q counts, 1 if it has none. The offer with the highest q wins;
 * among equals the one that was named more exactly, then the one that was named first. q=0 excludes
 * an offer.
 */
struct offer {
    enum accepted form;
    const char *type; /* "application/json" */
};

/* How well an entry of the header names an offer. */
enum match { MATCH_NONE, MATCH_ANY, MATCH_MAJOR, MATCH_EXACT };

/* What the header says of one offer; the most exact entry counts. */
struct preference {
    enum match match;
    double q;
    size_t position;
};

static struct view trimmed(struct view v)
{
    while (v.len && (v.ptr[0] == ' ' || v.ptr[0] == '\t'))
        v = view_of(v.ptr + 1, v.len - 1);
    while (v.len && (v.ptr[v.len - 1] == ' ' || v.ptr[v.len - 1] == '\t'))
        v.len--;
    return v;
}

/* Take what is before the next `separator` off the front of `rest`; quoted strings are kept whole.
 */
static struct view take_until(struct view *rest, char separator)
{
    bool quoted = false;
    size_t n = 0;
    for (; n < rest->len && (quoted || rest->ptr[n] != (uint8_t)separator); n++) {
        if (rest->ptr[n] == '"')
            quoted = !quoted;
        else if (quoted && rest->ptr[n] == '\\' && n + 1 < rest->len)
            n++;
    }
    struct view front = view_of(rest->ptr, n);
    size_t skip = n < rest->len ? n + 1 : n;
    *rest = view_of(rest->ptr + skip, rest->len - skip);
    return trimmed(front);
}

static bool same_word(struct view a, const char *b, size_t len)
{
    return a.len == len && strncasecmp((const char *)a.ptr, b, len) == 0;
}

static enum match match_type(struct view range, const char *type)
{
    size_t len = strlen(type), major = (size_t)(strchr(type, '/') - type) + 1;
    if (same_word(range, "*/*", 3))
        return MATCH_ANY;
    if (same_word(range, type, len))
        return MATCH_EXACT;
    bool wild = range.len == major + 1 && range.ptr[major] == '*';
    return wild && strncasecmp((const char *)range.ptr, type, major) == 0 ? MATCH_MAJOR
                                                                          : MATCH_NONE;
}

/* The q among the parameters; 1 without one, 0 for one that is no number. */
static double weight(struct view parameters)
{
    while (parameters.len) {
        struct view p = take_until(&parameters, ';');
        if (p.len < 2 || (p.ptr[0] | 0x20) != 'q' || p.ptr[1] != '=')
            continue;
        char text[8] = "";
        memcpy(text, p.ptr + 2, p.len - 2 < sizeof(text) - 1 ? p.len - 2 : sizeof(text) - 1);
        double q = strtod(text, NULL);
        return q > 1 ? 1 : q > 0 ? q : 0;
    }
    return 1;
}

static struct preference preference_for(const char *type, const char *accept)
{
    struct preference best = {0};
    struct view rest = view_cstr(accept);
    for (size_t position = 0; rest.len; position++) {
        struct view parameters = take_until(&rest, ',');
        struct view range = take_until(&parameters, ';');
        enum match match = match_type(range, type);
        if (match > best.match)
            best = (struct preference){match, weight(parameters), position};
    }
    return best;
}

static bool is_better(struct preference a, struct preference b)
{
    if (a.q != b.q)
        return a.q > b.q;
    if (a.match != b.match)
        return a.match > b.match;
    return a.position < b.position;
}

/* The best offer; those first in the list win ties. NULL: none is acceptable. */
static const struct offer *choose(const struct offer *offers, size_t n, const char *accept)
{
    const struct offer *best = NULL;
    struct preference best_preference = {0};
    for (size_t i = 0; i < n; i++) {
        struct preference p = preference_for(offers[i].type, accept);
        if (p.q > 0 && (!best || is_better(p, best_preference))) {
            best = &offers[i];
            best_preference = p;
        }
    }
    return best;
}

static bool is_blank(const char *text)
{
    return !text || text[strspn(text, " \t,")] == '\0';
}

bool negotiate_rows(const char *accept, enum accepted *out)
{
    static const struct offer offers[] = {{ACCEPTS_JSON, "application/json"},
                                          {ACCEPTS_ARROW, "application/vnd.apache.arrow.stream"},
                                          {ACCEPTS_OCTETS, "application/octet-stream"}};
    const struct offer *best = is_blank(accept) ? &offers[0] : choose(offers, 3, accept);
    if (!best)
        return false;
    *out = best->form;
    return true;
}

enum accepted negotiate_metrics(const char *accept)
{
    static const struct offer offers[] = {{ACCEPTS_PROMETHEUS, "text/plain"},
                                          {ACCEPTS_OPENMETRICS, "application/openmetrics-text"}};
    const struct offer *best = is_blank(accept) ? NULL : choose(offers, 2, accept);
    return best ? best->form : ACCEPTS_PROMETHEUS;
}

bool negotiate_is_type(const char *content_type, const char *type)
{
    struct view rest = view_cstr(content_type ? content_type : "");
    return same_word(take_until(&rest, ';'), type, strlen(type));
}
