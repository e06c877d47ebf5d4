#include "engine/spec/spec.h"

#include "base/mem.h"

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
