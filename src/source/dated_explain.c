/*
 * The explanation why a source has no publication. Most first configurations are wrong about the
 * layout of the folders, so the message says what is there and which setting would fit. Runs only
 * while a table serves nothing.
 */
#include "source/dated_priv.h"

#include "base/mem.h"
#include "source/folder.h"

#include <stdio.h>

bool dated_is_hour(const char *folder)
{
    if (strlen(folder) != 3 || folder[2] != '/')
        return false;
    return (folder[0] == '2' && folder[1] >= '0' && folder[1] <= '3') ||
           ((folder[0] == '0' || folder[0] == '1') && folder[1] >= '0' && folder[1] <= '9');
}

int32_t dated_hive_day(const char *folder)
{
    const char *value = strchr(folder, '=');
    size_t len = strlen(folder);
    if (!value || value == folder)
        return PUBLICATION_NO_DAY;
    return folder_day(view_of(value + 1, len - (size_t)(value + 1 - folder) - 1));
}

bool dated_climbs(struct view path)
{
    for (size_t at = 0, end; at <= path.len; at = end + 1) {
        end = at;
        while (end < path.len && path.ptr[end] != '/')
            end++;
        size_t len = end - at;
        if (len == 0 || (len == 1 && path.ptr[at] == '.') ||
            (len == 2 && memcmp(path.ptr + at, "..", 2) == 0))
            return true;
    }
    return false;
}

/* What kinds of names a root has. */
struct looks {
    const char *date, *hive, *file, *marker; /* the last name of each kind; NULL: none */
    const char *first;                       /* the first name of any kind */
    bool has_hours, is_iceberg;
};

static bool is_date_folder(const char *folder)
{
    return folder_day(view_of(folder, strlen(folder) - 1)) != PUBLICATION_NO_DAY;
}

static struct looks looks_of(const struct dated *d, const struct object_list *root)
{
    struct looks l = {0};
    bool has_data = false, has_metadata = false;
    for (size_t i = 0; i < root->n_folders; i++) {
        const char *name = root->folders[i];
        l.date = is_date_folder(name) ? name : l.date;
        l.hive = dated_hive_day(name) != PUBLICATION_NO_DAY ? name : l.hive;
        has_data |= strcmp(name, "data/") == 0;
        has_metadata |= strcmp(name, "metadata/") == 0;
        l.first = l.first ? l.first : name;
    }
    for (size_t i = 0; i < root->n_objects; i++) {
        const char *name = root->objects[i].name;
        l.file = folder_is_file_name(name) ? name : l.file;
        l.marker = strcmp(name, d->layout->marker) == 0 ? name : l.marker;
        l.first = l.first ? l.first : name;
    }
    l.is_iceberg = has_data && has_metadata;
    return l;
}

must_use static enum code look_for_hours(const struct dated *d, const struct remote_op *op,
                                         struct looks *l, struct err *err)
{
    AUTO(object_list) struct object_list list = {0};
    if (!l->date)
        return OK;
    TRY(object_store_list(d->store, l->date, NULL, op, &list, err));
    for (size_t i = 0; i < list.n_folders; i++)
        l->has_hours |= dated_is_hour(list.folders[i] + strlen(l->date));
    return OK;
}

/* "; it holds dt=2026-11-22/: partitions: hive would fit" */
static void fitting(const struct dated *d, const struct looks *l, char *out, size_t cap)
{
    enum partition_kind kind = d->layout->kind;
    char shown[128];
    const char *found = NULL, *fits = NULL;
    if (l->has_hours && kind != PARTITIONS_HOURLY)
        found = "hours such as 00/ in its date folders", fits = "hourly";
    else if (l->date && !l->has_hours && kind != PARTITIONS_DATED)
        found = l->date, fits = "dated";
    else if (l->hive && kind != PARTITIONS_HIVE)
        found = l->hive, fits = "hive";
    else if (l->file && kind != PARTITIONS_NONE)
        found = l->file, fits = "none";
    else if (l->first && !l->date && !l->hive)
        found = l->first;
    out[0] = '\0';
    if (found)
        snprintf(out, cap, "; it holds %s%s%s%s",
                 view_printable(view_cstr(found), shown, sizeof(shown)),
                 fits ? ": partitions: " : "", fits ? fits : "", fits ? " would fit" : "");
}

static const char *wanted(const struct dated *d, char out[static 200])
{
    static const char *const folders[] = {
        [PARTITIONS_DATED] = "YYYY-MM-DD folder",
        [PARTITIONS_HIVE] = "name=YYYY-MM-DD folder",
        [PARTITIONS_HOURLY] = "YYYY-MM-DD/HH folder",
        [PARTITIONS_NONE] = "*.parquet file",
    };
    if (d->layout->kind == PARTITIONS_POINTER)
        snprintf(out, 200, "file %.128s that names the folder to read", d->layout->pointer);
    else
        snprintf(out, 200, "%s", folders[d->layout->kind]);
    return out;
}

enum code dated_explain(const struct dated *d, const struct object_list *root, const char *lacks,
                        const struct remote_op *op, struct err *err)
{
    struct looks l = looks_of(d, root);
    char fits[320], none[200];
    TRY(look_for_hours(d, op, &l, err));
    if (l.is_iceberg)
        return err_set(err, E_UNSUPPORTED,
                       "%s is an Iceberg table (it has data and metadata): only its metadata says "
                       "which of its files and rows count",
                       d->store->shown);
    fitting(d, &l, fits, sizeof(fits));
    if (lacks[0])
        return err_set(err, E_NOTFOUND, "no complete partition in %s: %s%s", d->store->shown, lacks,
                       fits);
    return err_set(err, E_NOTFOUND, "source folder %s has no %s%s", d->store->shown,
                   wanted(d, none), fits);
}
