#include "engine/spec/spec.h"

#include "base/mem.h"
#include "model/value_order.h"

void table_spec_done(struct table_spec *spec)
{
    free(spec->name);
    free(spec->newest_by);
    source_spec_done(&spec->source);
    for (size_t i = 0; i < spec->n_key; i++)
        free(spec->key[i]);
    free(spec->key);
    for (size_t i = 0; i < spec->n_columns; i++)
        free(spec->columns[i].name);
    free(spec->columns);
    *spec = (struct table_spec){0};
}

bool table_column_is_reserved(struct view name)
{
    return view_eq_cstr(name, STAMP_FIELD) || view_eq_cstr(name, MASK_FIELD) ||
           view_eq_cstr(name, ANSWER_POSITION);
}

enum { NAME_MAX_BYTES = 128 };

static bool is_alnum(uint8_t c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

/* The name becomes a directory and a part of URLs and metrics, so it has no slash, no space, and no
 * dot in front. */
enum code table_name_check(struct view name, struct err *err)
{
    bool good = name.len > 0 && name.len <= NAME_MAX_BYTES && is_alnum(name.ptr[0]);
    for (size_t i = 0; i < name.len; i++)
        good = good && (is_alnum(name.ptr[i]) || strchr("_-.", name.ptr[i]));
    char shown[160];
    return good ? OK
                : err_set(err, E_INVALID,
                          "'%s' is not a table name: a name has letters, digits, '_', '-' and '.', "
                          "begins with a letter or digit, and has at most %d bytes",
                          view_printable(name, shown, sizeof(shown)), NAME_MAX_BYTES);
}

enum code table_newest_by(const struct table_spec *spec, const struct schema *schema,
                          ptrdiff_t *out_field, struct err *err)
{
    char shown[128], text[TYPE_TEXT_CAP];
    *out_field = -1;
    if (!spec->newest_by || !spec->newest_by[0])
        return OK;
    view_printable(view_cstr(spec->newest_by), shown, sizeof(shown));
    ptrdiff_t i = schema_find(schema, view_cstr(spec->newest_by));
    if (i < 0)
        return err_set(err, E_INVALID, "newest_by: there is no column '%s'", shown);
    if (schema_is_key(schema, (size_t)i))
        return err_set(err, E_INVALID, "newest_by: column '%s' is of the key", shown);
    if (!type_is_ordered(&schema->fields[i].type))
        return err_set(err, E_INVALID, "newest_by: values of column '%s', %s, have no order", shown,
                       type_text(&schema->fields[i].type, text));
    *out_field = i;
    return OK;
}
