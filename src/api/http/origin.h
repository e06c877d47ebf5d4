/*
 * What browsers say of who asks. A browser sends requests of any web page to a Murr that it can
 * reach, on this machine or in its network; the page cannot forge the headers that are looked at
 * here.
 *
 *   DNS rebinding   a page of http://evil.example whose name suddenly means 127.0.0.1: its Host
 *                   is evil.example
 *   cross-site      a page that sends a form, or fetch(), to http://localhost:8080: its Origin is
 *                   another one, and Sec-Fetch-Site says so, too
 */
#ifndef MURR_API_HTTP_ORIGIN_H
#define MURR_API_HTTP_ORIGIN_H

#include <stdbool.h>

/*
 * Whether a Host header ("name:port") may be how this machine calls itself: localhost or below it,
 * a loopback address, or a name without a dot, which nobody can have on the internet.
 */
bool origin_is_local_host(const char *host);

/* Whether a Host header is an address in figures: a page cannot have its own name mean that of
 * another. */
bool origin_is_address(const char *host);

/* Whether a list, "a,b", has the name of a Host header, without its port; "*" has all. */
bool origin_lists_host(const char *list, const char *host);

/* Whether a list has an Origin header, "https://name:port"; "*" has all. */
bool origin_is_listed(const char *list, const char *origin);

/* Whether a page of another origin asks. Any of the headers may be NULL, which is no browser's. */
bool origin_is_foreign(const char *origin, const char *fetch_site, const char *host);

/* Whether any page may send this Content-Type to any server, without being asked whether it may.
 * NULL: none. */
bool origin_needs_no_leave(const char *content_type);

#endif
