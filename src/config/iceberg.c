#include "config/iceberg.h"

#include "base/mem.h"
#include "base/suggest.h"
#include "config/map.h"
#include "config/s3_access.h"

#include <stddef.h>

static bool has_no_catalog(const void *base)
{
    return ((const struct source_spec *)base)->iceberg.catalog[0] == '\0';
}

#define AT(member) offsetof(struct source_spec, iceberg.member)
static const struct config_field rewrite_members[] = {
    {"from", FIELD_STRING, AT(rewrite.from) - AT(rewrite), .fallback = ""},
    {"to", FIELD_STRING, AT(rewrite.to) - AT(rewrite), .fallback = ""},
};
static const struct field_list rewrite_fields = FIELD_LIST(rewrite_members);

static const struct config_field own_fields[] = {
    {"catalog", FIELD_STRING, AT(catalog), .fallback = ""},
    {"table", FIELD_STRING, AT(table), .fallback = ""},
    {"metadata", FIELD_STRING, AT(metadata), .fallback = ""},
    {"location", FIELD_STRING, AT(location), .fallback = ""},
    {"ref", FIELD_STRING, AT(ref), .fallback = ""},
    {"snapshot", FIELD_COUNT, AT(snapshot), "0", .max = INT64_MAX},
    {"as_of", FIELD_TIME, AT(as_of_ms), .fallback = ""},
    {"rewrite", FIELD_MAP, AT(rewrite), .below = &rewrite_fields},
    {"locations", FIELD_NAMES, AT(locations), .fallback = ""},
    {"s3", FIELD_MAP, AT(s3), .below = &s3_access_fields, .applies = has_no_catalog},
};
#undef AT
const struct field_list iceberg_fields = FIELD_LIST(own_fields);

/* Exactly one of a catalog with a table, a metadata file, and a location. */
must_use static enum code check_place(const struct iceberg_spec *s, struct err *err)
{
    bool has_catalog = s->catalog[0] || s->table[0];
    if (has_catalog + (s->metadata[0] != 0) + (s->location[0] != 0) != 1)
        return err_set(err, E_INVALID,
                       "exactly one of catalog with table, metadata, and location must be given");
    if (has_catalog && !(s->catalog[0] && s->table[0]))
        return err_set(err, E_INVALID, "catalog and table must be given together");
    return OK;
}

must_use static enum code check_snapshot(const struct iceberg_spec *s, struct err *err)
{
    if ((s->ref[0] != 0) + (s->snapshot != 0) + (s->as_of_ms != 0) > 1)
        return err_set(err, E_INVALID, "only one of ref, snapshot and as_of may be given");
    return OK;
}

/* "namespace.table", where a namespace may have several levels. */
must_use static enum code check_table(const char *table, struct err *err)
{
    const char *dot = strrchr(table, '.');
    char shown[100];
    bool good = dot && dot > table && dot[1] && table[0] != '.' && !strstr(table, "..");
    for (const char *p = table; *p; p++)
        good = good && (unsigned char)*p >= ' ' && *p != 0x7F;
    if (good)
        return OK;
    return err_set(err, E_INVALID, "table: '%s' is not a name such as namespace.table",
                   view_printable(view_cstr(table), shown, sizeof(shown)));
}

must_use static enum code find_catalog(const struct config *config, struct iceberg_spec *s,
                                       struct err *err)
{
    char hint[SUGGEST_CAP], shown[100];
    struct suggest close = suggest_init(view_cstr(s->catalog));
    for (size_t i = 0; i < config->n_catalogs; i++) {
        suggest_offer(&close, config->catalogs[i].name);
        if (strcmp(config->catalogs[i].name, s->catalog) == 0)
            s->catalog_of = &config->catalogs[i];
    }
    if (s->catalog_of)
        return OK;
    return err_set(err, E_INVALID, "catalog: '%s' is not among the catalogs%s",
                   view_printable(view_cstr(s->catalog), shown, sizeof(shown)),
                   suggest_text(&close, hint));
}

enum code iceberg_check(const struct node *n, const struct config *config, struct source_spec *s,
                        struct err *err)
{
    struct iceberg_spec *i = &s->iceberg;
    s3_access_init(&i->s3);
    TRY(check_place(i, err));
    TRY(check_snapshot(i, err));
    if (!i->rewrite.from[0] != !i->rewrite.to[0])
        return err_set(err, E_INVALID, "rewrite: from and to must be given together");
    if (!i->catalog[0]) {
        enum code rc = s3_access_check(&i->s3, err);
        return rc ? err_in(err, rc, "s3") : OK;
    }
    if (node_member(n, view_cstr("s3")))
        return err_set(err, E_INVALID, "s3: belongs to the catalog, catalogs.%.100s.s3",
                       i->catalog);
    TRY(check_table(i->table, err));
    return find_catalog(config, i, err);
}

static bool names_a_file(const char *uri)
{
    static const char *const ends[] = {".json", ".json.gz", ".json.zst"};
    size_t len = strlen(uri);
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
        if (len > strlen(ends[i]) && strcmp(uri + len - strlen(ends[i]), ends[i]) == 0)
            return true;
    return false;
}

enum code iceberg_of_uri(const char *uri, struct source_spec *out, struct err *err)
{
    *out = (struct source_spec){.kind = SOURCE_ICEBERG};
    TRY(fields_read(NULL, iceberg_fields, out, "the command line", "iceberg", err));
    s3_access_init(&out->iceberg.s3);
    char **place = names_a_file(uri) ? &out->iceberg.metadata : &out->iceberg.location;
    free(*place);
    *place = mem_strdup(uri);
    return OK;
}
