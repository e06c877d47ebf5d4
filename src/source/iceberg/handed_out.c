#include "source/iceberg/handed_out.h"

#include "remote/link_local.h"
#include "remote/uri.h"

#include <strings.h>

static bool is_secure(const struct uri *u)
{
    return u->scheme.len == 5;
}

enum code handed_out_check(const char *what, const char *url, const char *catalog, struct err *err)
{
    struct uri u, of_catalog;
    struct err ignored;
    char shown[200];
    view_printable(view_cstr(url), shown, sizeof(shown));
    enum code rc = uri_parse(url, &u, err);
    if (rc)
        return err_in(err, rc, "the catalog gives %s '%s', which", what, shown);
    if (host_is_link_local(u.host))
        return err_set(
            err, E_INVALID,
            "the catalog gives %s '%s', a link-local address, which Murr does not follow", what,
            shown);
    if (!is_secure(&u) && uri_parse(catalog, &of_catalog, &ignored) == OK && is_secure(&of_catalog))
        return err_set(err, E_INVALID,
                       "the catalog gives %s '%s', which is not encrypted, as the catalog is", what,
                       shown);
    return OK;
}

static struct view port_of(const struct uri *u)
{
    return u->port.len ? u->port : view_cstr(is_secure(u) ? "443" : "80");
}

bool url_same_origin(const char *a, const char *b)
{
    struct uri x, y;
    struct err ignored;
    if (uri_parse(a, &x, &ignored) || uri_parse(b, &y, &ignored))
        return false;
    return is_secure(&x) == is_secure(&y) && view_eq(port_of(&x), port_of(&y)) &&
           x.host.len == y.host.len &&
           strncasecmp((const char *)x.host.ptr, (const char *)y.host.ptr, x.host.len) == 0;
}
