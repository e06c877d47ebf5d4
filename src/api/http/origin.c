#include "api/http/origin.h"

#include "api/http/negotiate.h"
#include "base/view.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <strings.h>

/* The name in "name:port" or "[address]:port", without a trailing dot. */
static struct view name_of(const char *host)
{
    const char *end = host[0] == '[' ? strchr(host, ']') : strchr(host, ':');
    size_t len = end ? (size_t)(end - host) + (host[0] == '[') : strlen(host);
    if (len > 1 && host[len - 1] == '.')
        len--;
    return view_of(host, len);
}

static bool ends_with(struct view name, const char *tail)
{
    size_t len = strlen(tail);
    return name.len >= len && strncasecmp((const char *)name.ptr + name.len - len, tail, len) == 0;
}

/* A numeric address: DNS cannot make it point elsewhere. */
static bool is_address(struct view name, bool *is_loopback)
{
    char text[INET6_ADDRSTRLEN + 2];
    struct in_addr v4;
    struct in6_addr v6;
    if (name.len < 2 || name.len >= sizeof(text))
        return false;
    snprintf(text, sizeof(text), "%.*s", (int)name.len, (const char *)name.ptr);
    if (inet_pton(AF_INET, text, &v4) == 1) {
        *is_loopback = ntohl(v4.s_addr) >> 24 == IN_LOOPBACKNET;
        return true;
    }
    if (text[0] != '[' || text[name.len - 1] != ']')
        return false;
    text[name.len - 1] = '\0';
    if (inet_pton(AF_INET6, text + 1, &v6) != 1)
        return false;
    *is_loopback = IN6_IS_ADDR_LOOPBACK(&v6);
    return true;
}

bool origin_is_local_host(const char *host)
{
    struct view name = name_of(host);
    bool is_loopback;
    if (is_address(name, &is_loopback))
        return is_loopback;
    bool has_dot = memchr(name.ptr, '.', name.len) != NULL;
    return (name.len && name.ptr[0] != '[' && !has_dot) || ends_with(name, ".localhost");
}

bool origin_is_address(const char *host)
{
    bool is_loopback;
    return is_address(name_of(host), &is_loopback);
}

/* Whether the list contains the word, ignoring case. */
static bool has(const char *list, struct view word)
{
    while (*list) {
        size_t len = strcspn(list, ",");
        if ((len == 1 && list[0] == '*') ||
            (len == word.len && strncasecmp(list, (const char *)word.ptr, len) == 0))
            return true;
        list += len + (list[len] == ',');
    }
    return false;
}

bool origin_lists_host(const char *list, const char *host)
{
    return has(list, name_of(host));
}

bool origin_is_listed(const char *list, const char *origin)
{
    return has(list, view_cstr(origin));
}

/* Remove the default port of the scheme. */
static struct view without_port(struct view authority, const char *port)
{
    if (ends_with(authority, port))
        authority.len -= strlen(port);
    return authority;
}

static bool is_same(const char *origin, const char *host)
{
    const char *colon = strstr(origin, "://");
    if (!colon || !host)
        return false;
    const char *port = strncasecmp(origin, "https:", 6) == 0 ? ":443" : ":80";
    struct view a = without_port(view_cstr(colon + 3), port);
    struct view b = without_port(view_cstr(host), port);
    return a.len == b.len && strncasecmp((const char *)a.ptr, (const char *)b.ptr, a.len) == 0;
}

bool origin_is_foreign(const char *origin, const char *fetch_site, const char *host)
{
    if (fetch_site && strcasecmp(fetch_site, "same-origin") != 0 &&
        strcasecmp(fetch_site, "none") != 0)
        return true;
    return origin && !is_same(origin, host);
}

bool origin_needs_no_leave(const char *content_type)
{
    static const char *const simple[] = {"text/plain", "application/x-www-form-urlencoded",
                                         "multipart/form-data"};
    if (!content_type || !content_type[0])
        return true;
    for (size_t i = 0; i < sizeof(simple) / sizeof(simple[0]); i++)
        if (negotiate_is_type(content_type, simple[i]))
            return true;
    return false;
}
