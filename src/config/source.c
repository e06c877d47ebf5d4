#include "config/source.h"

#include "remote/uri.h"

#include <stddef.h>

static const char *const partition_words[] = {"dated", "hive", "hourly", "none", "pointer", NULL};
static const char *const addressing_words[] = {"auto", "path", "virtual", NULL};

_Static_assert(sizeof(enum partition_kind) == sizeof(unsigned) &&
                   sizeof(enum s3_addressing) == sizeof(unsigned),
               "FIELD_ENUM stores an unsigned");

#define AT(member) offsetof(struct source_spec, member)

/* How folders of Parquet files are published. Local folders and buckets share these fields. */
#define LAYOUT_FIELDS                                                               \
    {"partitions", FIELD_ENUM, AT(layout.kind), "dated", .words = partition_words}, \
        {"marker", FIELD_STRING, AT(layout.marker), "_SUCCESS", .min = 1},          \
    {                                                                               \
        "pointer", FIELD_STRING, AT(layout.pointer), "_latest", .min = 1            \
    }

static const struct config_field local_fields[] = {
    {"path", FIELD_STRING, AT(local.path), NULL, .min = 1},
    LAYOUT_FIELDS,
};

static const struct config_field s3_fields[] = {
    {"bucket", FIELD_STRING, AT(s3.bucket), .min = 1},
    {"prefix", FIELD_STRING, AT(s3.prefix), .fallback = ""},
    {"region", FIELD_STRING, AT(s3.region), .fallback = ""},
    {"endpoint", FIELD_STRING, AT(s3.endpoint), .fallback = ""},
    {"addressing", FIELD_ENUM, AT(s3.addressing), "auto", .words = addressing_words},
    {"requester_pays", FIELD_BOOL, AT(s3.requester_pays), .fallback = "false"},
    {"ca_file", FIELD_STRING, AT(s3.ca_file), .fallback = ""},
    {"proxy", FIELD_SECRET, AT(s3.proxy), .fallback = ""}, /* may hold a password */
    {"access_key_id", FIELD_STRING, AT(s3.access_key_id), .fallback = ""},
    {"secret_access_key", FIELD_SECRET, AT(s3.secret_access_key), .fallback = ""},
    {"session_token", FIELD_SECRET, AT(s3.session_token), .fallback = ""},
    {"anonymous", FIELD_BOOL, AT(s3.anonymous), .fallback = "false"},
    {"profile", FIELD_STRING, AT(s3.profile), .fallback = ""},
    {"role_arn", FIELD_STRING, AT(s3.role_arn), .fallback = ""},
    {"external_id", FIELD_SECRET, AT(s3.external_id), .fallback = ""},
    {"requests_in_flight", FIELD_UINT, AT(s3.requests_in_flight), "16", .min = 1, .max = 256},
    {"part_size", FIELD_BYTES, AT(s3.part_bytes), "8MiB", .min = 65536, .max = 1ull << 30},
    {"max_attempts", FIELD_UINT, AT(s3.max_attempts), "8", .min = 1, .max = 100},
    {"retry_delay", FIELD_DURATION, AT(s3.retry_delay_ms), "100ms", .min = 1, .max = 20000},
    {"connect_timeout", FIELD_DURATION, AT(s3.connect_timeout_ms), "5s", .min = 10, .max = 600000},
    {"stall_timeout", FIELD_DURATION, AT(s3.stall_timeout_ms), "10s", .min = 1000, .max = 600000},
    LAYOUT_FIELDS,
};
#undef AT

must_use static enum code check_layout(const struct source_spec *s, struct err *err)
{
    if (strchr(s->layout.marker, '/') || strchr(s->layout.pointer, '/'))
        return err_set(err, E_INVALID, "marker and pointer are names of files, without '/'");
    return OK;
}

/* Check that fields fit together and that the endpoint is a URL. */
must_use static enum code check_s3(const struct source_spec *s, struct err *err)
{
    const struct s3_config *c = &s->s3;
    struct uri endpoint;
    if (c->endpoint[0]) {
        enum code rc = uri_parse(c->endpoint, &endpoint, err);
        if (rc)
            return err_in(err, rc, "endpoint: '%.200s'", c->endpoint);
    }
    if (strchr(c->bucket, '/'))
        return err_set(err, E_INVALID, "bucket: '%.100s' has a '/'; what follows it is the prefix",
                       c->bucket);
    if (!c->access_key_id[0] != !c->secret_access_key[0])
        return err_set(err, E_INVALID,
                       "access_key_id and secret_access_key must be given together");
    if (c->anonymous && c->access_key_id[0])
        return err_set(err, E_INVALID, "anonymous: there is an access_key_id as well");
    return check_layout(s, err);
}

const struct source_form source_forms[] = {
    {"local", SOURCE_LOCAL, FIELD_LIST(local_fields), check_layout},
    {"s3", SOURCE_S3, FIELD_LIST(s3_fields), check_s3},
};
const size_t n_source_forms = sizeof(source_forms) / sizeof(source_forms[0]);

must_use static enum code read_form(const struct source_form *form, const struct node *n,
                                    const char *path, struct source_spec *out, struct err *err)
{
    TRY(map_check(n, path, err));
    TRY(fields_check(n, form->fields, NULL, path, err));
    out->kind = form->kind;
    TRY(fields_read(n, form->fields, out, n->name->origin, path, err));
    enum code rc = form->check(out, err);
    return rc ? err_in(err, rc, "%s: %s", n->name->origin, path) : OK;
}

/* A source has exactly one of the known kinds. */
enum code source_read(const struct node *table, const char *table_path, struct source_spec *out,
                      struct err *err)
{
    static const char *const kinds[] = {"local", "s3", "iceberg", NULL};
    char path[FIELD_PATH_CAP], below_path[FIELD_PATH_CAP];
    path_below(table_path, view_cstr("source"), path);
    const struct node *source = node_member(table, view_cstr("source"));
    if (!source)
        return err_set(err, E_INVALID, "%s: %s: missing; it must be given", table->name->origin,
                       path);
    TRY(map_check(source, path, err));
    TRY(fields_check(source, (struct field_list){0}, kinds, path, err));
    const struct node *kind = source->first;
    if (!kind || kind->next)
        return err_set(err, E_INVALID,
                       "%s: %s: exactly one of local, s3 and iceberg must be given%s",
                       (kind ? kind->next : source)->origin, path, kind ? ", found several" : "");
    path_below(path, kind->name->text, below_path);
    for (size_t i = 0; i < n_source_forms; i++)
        if (view_eq_cstr(kind->name->text, source_forms[i].name))
            return read_form(&source_forms[i], kind, below_path, out, err);
    return err_set(err, E_INVALID, "%s: %s: source %.*s is not supported by this version yet",
                   kind->name->origin, below_path, VIEW_ARG(kind->name->text));
}

void source_print(const struct source_spec *source, struct buf *out)
{
    for (size_t i = 0; i < n_source_forms; i++) {
        if (source_forms[i].kind != source->kind)
            continue;
        buf_printf(out, "      %s:\n", source_forms[i].name);
        fields_print(source_forms[i].fields, source, 8, out);
    }
}
