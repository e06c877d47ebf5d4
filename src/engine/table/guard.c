#include "engine/table/guard.h"

#include "base/clock.h"
#include "base/mem.h"
#include "engine/store/json_file.h"

static const int64_t ms_a_day = 86400000;

/* `part` of `whole` in percent; 0 if `whole` is 0. */
static double percent(uint64_t part, uint64_t whole)
{
    return whole ? 100.0 * (double)part / (double)whole : 0;
}

enum code guard_check_day(const struct guard_spec *guard, const struct publication *p,
                          struct err *err)
{
    int64_t today = clock_wall_ms() / ms_a_day;
    if (p->day == PUBLICATION_NO_DAY || p->day <= today + guard->max_days_ahead)
        return OK;
    return err_set(err, E_REFUSED,
                   "it is %lld days ahead of today, more than guard.max_days_ahead: %u",
                   (long long)(p->day - today), guard->max_days_ahead);
}

must_use static enum code check_least(const struct guard_spec *guard, uint64_t n_rows,
                                      struct err *err)
{
    return n_rows >= guard->min_rows
               ? OK
               : err_set(err, E_REFUSED, "it has %llu rows, less than guard.min_rows: %llu",
                         (unsigned long long)n_rows, (unsigned long long)guard->min_rows);
}

must_use static enum code check_rows(const struct guard_spec *guard,
                                     const struct load_result *fresh, struct err *err)
{
    uint64_t n_replaced = fresh->n_rows_read - fresh->n_rows;
    TRY(check_least(guard, fresh->n_rows, err));
    if (guard->max_duplicates < 100 &&
        percent(n_replaced, fresh->n_rows_read) > guard->max_duplicates)
        return err_set(err, E_REFUSED,
                       "its %llu rows have only %llu keys: more than guard.max_duplicates: %u%% of "
                       "the rows are replaced by later ones",
                       (unsigned long long)fresh->n_rows_read, (unsigned long long)fresh->n_rows,
                       guard->max_duplicates);
    return OK;
}

must_use static enum code check_shrink(const struct guard_spec *guard,
                                       const struct generation_info *served, uint64_t n_rows,
                                       struct err *err)
{
    char shown[LABEL_SHOWN_CAP];
    uint64_t n_missing = served->n_rows > n_rows ? served->n_rows - n_rows : 0;
    if (guard->max_shrink >= 100 || percent(n_missing, served->n_rows) <= guard->max_shrink)
        return OK;
    return err_set(err, E_REFUSED,
                   "it has %llu rows where %s has %llu: it shrank by more than guard.max_shrink: "
                   "%u%%",
                   (unsigned long long)n_rows, label_shown(served->label, shown),
                   (unsigned long long)served->n_rows, guard->max_shrink);
}

enum code guard_check_rows(const struct guard_spec *guard, const struct generation_info *served,
                           uint64_t n_rows, struct err *err)
{
    TRY(check_least(guard, n_rows, err));
    return check_shrink(guard, served, n_rows, err);
}

/* Clients that ask for the served columns must find them, with a type that holds all values of the
 * old type. */
must_use static enum code check_schema(const struct guard_spec *guard, const struct schema *served,
                                       const struct schema *fresh, struct err *err)
{
    for (size_t i = 0; guard->schema == SCHEMA_COMPATIBLE && i < served->n_fields; i++) {
        const struct field *was = &served->fields[i];
        ptrdiff_t at = schema_find(fresh, view_cstr(was->name));
        char shown[128], had[TYPE_TEXT_CAP], has[TYPE_TEXT_CAP];
        view_printable(view_cstr(was->name), shown, sizeof(shown));
        if (at < 0)
            return err_set(err, E_REFUSED,
                           "it no longer has column '%s' (guard.schema: compatible)", shown);
        const struct type *is = &fresh->fields[at].type;
        if (!type_widens(&was->type, is))
            return err_set(err, E_REFUSED,
                           "column '%s' was %s and is now %s (guard.schema: compatible)", shown,
                           type_text(&was->type, had), type_text(is, has));
    }
    return OK;
}

/* ---------------------------------------------------------------------------------------- nulls */

must_use static enum code stats_path(const char *dir, char out[static PATH_CAP], struct err *err)
{
    return path_format(out, err, "%s/statistics.json", dir);
}

enum code guard_save(const char *dir, const struct load_result *fresh, struct err *err)
{
    char path[PATH_CAP];
    TRY(stats_path(dir, path, err));
    json_t *nulls = json_object();
    for (size_t i = 0; i < fresh->schema.n_fields; i++)
        json_object_set_new(nulls, fresh->schema.fields[i].name,
                            json_integer((json_int_t)fresh->n_nulls[i]));
    AUTO(json)
    json_t *root =
        json_pack("{s:I, s:o}", "rows_read", (json_int_t)fresh->n_rows_read, "nulls", nulls);
    return json_file_save(path, root, 1, err);
}

must_use static enum code check_column_nulls(const struct guard_spec *guard, const json_t *nulls,
                                             uint64_t n_rows, const struct load_result *fresh,
                                             size_t field, struct err *err)
{
    const char *name = fresh->schema.fields[field].name;
    const json_t *had = json_object_get(nulls, name);
    char shown[128];
    if (!json_is_integer(had))
        return OK;
    double was = percent((uint64_t)json_integer_value(had), n_rows);
    double is = percent(fresh->n_nulls[field], fresh->n_rows_read);
    if (is - was <= guard->max_null_growth)
        return OK;
    return err_set(err, E_REFUSED,
                   "column '%s' is null in %.1f%% of its rows where it was in %.1f%%: more than "
                   "guard.max_null_growth: %u%%",
                   view_printable(view_cstr(name), shown, sizeof(shown)), is, was,
                   guard->max_null_growth);
}

/* A generation built by an earlier release has no statistics and is not compared. */
must_use static enum code check_nulls(const struct guard_spec *guard, const char *served_dir,
                                      const struct load_result *fresh, struct err *err)
{
    char path[PATH_CAP];
    AUTO(json) json_t *root = NULL;
    if (guard->max_null_growth >= 100)
        return OK;
    TRY(stats_path(served_dir, path, err));
    if (json_file_read(path, &root, NULL))
        return OK;
    const json_t *nulls = json_object_get(root, "nulls");
    uint64_t n_rows = (uint64_t)json_integer_value(json_object_get(root, "rows_read"));
    for (size_t i = 0; i < fresh->schema.n_fields; i++)
        TRY(check_column_nulls(guard, nulls, n_rows, fresh, i, err));
    return OK;
}

enum code guard_check(const struct guard_spec *guard, const struct guard_served *served,
                      const struct load_result *fresh, struct err *err)
{
    TRY(check_rows(guard, fresh, err));
    if (!served)
        return OK;
    TRY(check_shrink(guard, served->info, fresh->n_rows, err));
    TRY(check_schema(guard, served->schema, &fresh->schema, err));
    return check_nulls(guard, served->dir, fresh, err);
}
