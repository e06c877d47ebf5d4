#include "config/source.h"

#include "config/iceberg.h"
#include "config/s3_access.h"

#include <stddef.h>

static const char *const partition_words[] = {"dated", "hive", "hourly", "none", "pointer", NULL};

_Static_assert(sizeof(enum partition_kind) == sizeof(unsigned), "FIELD_ENUM stores an unsigned");

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

#define S3_AT(member) AT(s3.member)
static const struct config_field s3_fields[] = {
    {"bucket", FIELD_STRING, AT(s3.bucket), .min = 1},
    {"prefix", FIELD_STRING, AT(s3.prefix), .fallback = ""},
    S3_ACCESS_FIELDS,
    LAYOUT_FIELDS,
};
#undef S3_AT
#undef AT

must_use static enum code check_layout(const struct node *n, const struct config *config,
                                       struct source_spec *s, struct err *err)
{
    (void)n, (void)config;
    if (strchr(s->layout.marker, '/') || strchr(s->layout.pointer, '/'))
        return err_set(err, E_INVALID, "marker and pointer are names of files, without '/'");
    return OK;
}

must_use static enum code check_s3(const struct node *n, const struct config *config,
                                   struct source_spec *s, struct err *err)
{
    if (strchr(s->s3.bucket, '/'))
        return err_set(err, E_INVALID, "bucket: '%.100s' has a '/'; what follows it is the prefix",
                       s->s3.bucket);
    TRY(s3_access_check(&s->s3, err));
    return check_layout(n, config, s, err);
}

static const struct field_list local_list = FIELD_LIST(local_fields),
                               s3_list = FIELD_LIST(s3_fields);

const struct source_form source_forms[] = {
    {"local", SOURCE_LOCAL, &local_list, check_layout},
    {"s3", SOURCE_S3, &s3_list, check_s3},
    {"iceberg", SOURCE_ICEBERG, &iceberg_fields, iceberg_check},
};
const size_t n_source_forms = sizeof(source_forms) / sizeof(source_forms[0]);

must_use static enum code read_form(const struct source_form *form, const struct node *n,
                                    const char *path, const struct config *config,
                                    struct source_spec *out, struct err *err)
{
    TRY(map_check(n, path, err));
    TRY(fields_check(n, *form->fields, NULL, path, err));
    out->kind = form->kind;
    TRY(fields_read(n, *form->fields, out, n->name->origin, path, err));
    enum code rc = form->check(n, config, out, err);
    return rc ? err_in(err, rc, "%s: %s", n->name->origin, path) : OK;
}

/* A source has exactly one of the known kinds. */
enum code source_read(const struct node *table, const char *table_path, const struct config *config,
                      struct source_spec *out, struct err *err)
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
    size_t i = 0;
    while (!view_eq_cstr(kind->name->text, source_forms[i].name))
        i++;
    return read_form(&source_forms[i], kind, below_path, config, out, err);
}

void source_print(const struct source_spec *source, struct buf *out)
{
    for (size_t i = 0; i < n_source_forms; i++) {
        if (source_forms[i].kind != source->kind)
            continue;
        buf_printf(out, "      %s:\n", source_forms[i].name);
        fields_print(*source_forms[i].fields, source, 8, out);
    }
}
