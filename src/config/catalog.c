#include "config/catalog.h"

#include "base/mem.h"
#include "config/s3_access.h"

#include <ctype.h>
#include <stddef.h>

static const char *const kind_words[] = {"rest", "glue", "s3tables", "filesystem", NULL};

_Static_assert(sizeof(enum catalog_kind) == sizeof(unsigned), "FIELD_ENUM stores an unsigned");

#define AT(member) offsetof(struct catalog_spec, member)
static const struct config_field sigv4_members[] = {
    {"service", FIELD_STRING, AT(sigv4.service) - AT(sigv4), .fallback = ""},
    {"region", FIELD_STRING, AT(sigv4.region) - AT(sigv4), .fallback = ""},
};
static const struct field_list sigv4_fields = FIELD_LIST(sigv4_members);

static const struct config_field own_fields[] = {
    {"type", FIELD_ENUM, AT(kind), "rest", .words = kind_words},
    {"uri", FIELD_STRING, AT(uri), .fallback = ""},
    {"warehouse", FIELD_STRING, AT(warehouse), .fallback = ""},
    {"token", FIELD_SECRET, AT(token), .fallback = ""},
    {"token_file", FIELD_STRING, AT(token_file), .fallback = ""},
    {"credential", FIELD_SECRET, AT(credential), .fallback = ""},
    {"credential_file", FIELD_STRING, AT(credential_file), .fallback = ""},
    {"oauth2_server_uri", FIELD_STRING, AT(oauth2_server_uri), .fallback = ""},
    {"scope", FIELD_STRING, AT(scope), .fallback = "catalog"},
    {"locations", FIELD_NAMES, AT(locations), .fallback = ""},
    {"sigv4", FIELD_MAP, AT(sigv4), .below = &sigv4_fields},
    {"s3", FIELD_MAP, AT(s3), .below = &s3_access_fields},
};
#undef AT
const struct field_list catalog_fields = FIELD_LIST(own_fields);

/* ------------------------------------------------------------------------------------- headers */

static bool is_header_name(struct view name)
{
    bool good = name.len > 0;
    for (size_t i = 0; i < name.len; i++)
        good = good &&
               (isalnum(name.ptr[i]) || (name.ptr[i] && strchr("!#$%&'*+-.^_`|~", name.ptr[i])));
    return good;
}

static bool is_header_value(struct view value)
{
    bool good = true;
    for (size_t i = 0; i < value.len; i++)
        good = good && (value.ptr[i] >= ' ' || value.ptr[i] == '\t') && value.ptr[i] != 0x7F;
    return good;
}

/* The value is not shown, since it may be a secret. */
must_use static enum code read_header(const struct node *n, const char *path,
                                      struct catalog_spec *out, struct err *err)
{
    bool is_text = n->kind == NODE_SCALAR && (n->loose || node_scalar_type(n) != SCALAR_NULL);
    if (!is_header_name(n->name->text))
        return err_set(err, E_INVALID, "%s: %s: not the name of a header", n->name->origin, path);
    if (!is_text || !is_header_value(n->text))
        return err_set(err, E_INVALID, "%s: %s: not the value of a header", n->origin, path);
    out->headers = mem_realloc(out->headers, (out->n_headers + 1) * sizeof(*out->headers));
    out->headers[out->n_headers++] = (struct catalog_header){
        mem_strndup(n->name->text.ptr, n->name->text.len), mem_strndup(n->text.ptr, n->text.len)};
    return OK;
}

must_use static enum code read_headers(const struct node *catalog, const char *catalog_path,
                                       struct catalog_spec *out, struct err *err)
{
    char path[FIELD_PATH_CAP], below[FIELD_PATH_CAP];
    const struct node *headers = node_member(catalog, view_cstr("headers"));
    if (!headers)
        return OK;
    TRY(map_check(headers, path_below(catalog_path, view_cstr("headers"), path), err));
    for (const struct node *n = headers->first; n; n = n->next)
        TRY(read_header(n, path_below(path, n->name->text, below), out, err));
    return OK;
}

/* --------------------------------------------------------------------------------------- check */

/* Fields that only a catalog behind a server has. */
must_use static enum code check_filesystem(const struct catalog_spec *c, struct err *err)
{
    bool has_server = c->uri[0] || c->token[0] || c->token_file[0] || c->credential[0] ||
                      c->credential_file[0] || c->oauth2_server_uri[0] || c->n_headers ||
                      c->sigv4.service[0] || c->sigv4.region[0];
    if (!c->warehouse[0])
        return err_set(err, E_INVALID, "warehouse: must be given for a filesystem catalog");
    if (has_server)
        return err_set(err, E_INVALID,
                       "a filesystem catalog has a warehouse, locations and s3, and no server");
    return OK;
}

must_use static enum code check_secrets(const struct catalog_spec *c, bool is_signed,
                                        struct err *err)
{
    int n = (c->token[0] != 0) + (c->token_file[0] != 0) + (c->credential[0] != 0) +
            (c->credential_file[0] != 0);
    if (n > 1)
        return err_set(
            err, E_INVALID,
            "only one of token, token_file, credential and credential_file may be given");
    if ((n || is_signed) && catalog_spec_header(c, "Authorization"))
        return err_set(err, E_INVALID,
                       "headers: Authorization is set by what the other fields say of who we are");
    if (n && is_signed)
        return err_set(err, E_INVALID,
                       "requests signed by AWS's rules carry no token and no credential");
    if (c->oauth2_server_uri[0] && !c->credential[0] && !c->credential_file[0])
        return err_set(err, E_INVALID, "oauth2_server_uri: needs a credential");
    return OK;
}

must_use static enum code check(const struct catalog_spec *c, struct err *err)
{
    if (c->kind == CATALOG_FILESYSTEM)
        return check_filesystem(c, err);
    if (c->kind == CATALOG_REST && !c->uri[0])
        return err_set(err, E_INVALID, "uri: must be given for a rest catalog");
    if (c->kind == CATALOG_REST && c->sigv4.region[0] && !c->sigv4.service[0])
        return err_set(err, E_INVALID, "sigv4: service must be given, such as execute-api");
    if (c->kind == CATALOG_S3TABLES && !c->warehouse[0])
        return err_set(err, E_INVALID,
                       "warehouse: must be given for an s3tables catalog: the ARN of the bucket");
    TRY(config_check_url("uri", c->uri, err));
    if (strpbrk(c->uri, "?#"))
        return err_set(err, E_INVALID, "uri: '%.200s' has a '?' or '#'", c->uri);
    TRY(config_check_url("oauth2_server_uri", c->oauth2_server_uri, err));
    return check_secrets(c, c->kind != CATALOG_REST || c->sigv4.service[0], err);
}

/* ---------------------------------------------------------------------------------------- read */

enum code catalog_read(const struct node *n, struct catalog_spec *out, struct err *err)
{
    static const char *const others[] = {"headers", NULL};
    char path[FIELD_PATH_CAP];
    path_below("catalogs", n->name->text, path);
    if (n->name->text.len == 0)
        return err_set(err, E_INVALID, "%s: %s: a catalog needs a name", n->name->origin, path);
    out->name = mem_strndup(n->name->text.ptr, n->name->text.len);
    TRY(map_check(n, path, err));
    TRY(fields_check(n, catalog_fields, others, path, err));
    TRY(fields_read(n, catalog_fields, out, n->name->origin, path, err));
    TRY(read_headers(n, path, out, err));
    s3_access_init(&out->s3);
    enum code rc = s3_access_check(&out->s3, err);
    rc = rc ? err_in(err, rc, "s3") : check(out, err);
    return rc ? err_in(err, rc, "%s: %s", n->name->origin, path) : OK;
}

void catalog_print(const struct catalog_spec *spec, struct buf *out)
{
    buf_puts(out, "  ");
    yaml_put_string(out, spec->name);
    buf_puts(out, ":\n");
    fields_print(catalog_fields, spec, 4, out);
    buf_puts(out, spec->n_headers ? "    headers:\n" : "    headers: {}\n");
    for (size_t i = 0; i < spec->n_headers; i++) {
        buf_puts(out, "      ");
        yaml_put_string(out, spec->headers[i].name);
        buf_puts(out, ": \"********\"\n");
    }
}
