#include "source/folder.h"

#include "base/buf.h"
#include "base/hash.h"
#include "base/mem.h"

#include <stdio.h>

/*
 * A folder is read with a single listing. Three things are decided by it:
 *
 *     whole         the marker is there and, where the layout uses one folder again and again, is
 *     not
 *                   older than the files
 *     usable        there are files directly in it, and no subfolders that would have to be read
 *     fingerprint   over source, label, names, sizes and versions of the files, and the marker's
 *                   version. If it is that of the served publication, no file is opened
 *
 * A message names what was found and what was expected, since folders are laid out by other
 * people's jobs.
 */

/* --------------------------------------------------------------------------------------- names */

static int digits(const char *s, size_t n)
{
    int value = 0;
    for (size_t i = 0; i < n; i++) {
        if (s[i] < '0' || s[i] > '9')
            return -1;
        value = value * 10 + (s[i] - '0');
    }
    return value;
}

/* Gregorian calendar. A year that begins in March has its leap day at the end, and every 400 years
 * have 146097 days. */
static int32_t days_since_epoch(int year, int month, int day)
{
    year -= month <= 2;
    int era = year / 400, of_era = year - era * 400;
    int of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

int32_t folder_day(struct view v)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const char *name = (const char *)v.ptr;
    if (v.len != 10 || name[4] != '-' || name[7] != '-')
        return PUBLICATION_NO_DAY;
    int year = digits(name, 4), month = digits(name + 5, 2), day = digits(name + 8, 2);
    if (year < 1 || month < 1 || month > 12 || day < 1)
        return PUBLICATION_NO_DAY;
    bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    if (day > days[month - 1] + (month == 2 && is_leap))
        return PUBLICATION_NO_DAY;
    return days_since_epoch(year, month, day);
}

static bool is_file_name(struct view name)
{
    const size_t tail = strlen(".parquet");
    return name.len > tail && name.ptr[0] != '_' && name.ptr[0] != '.' &&
           memcmp(name.ptr + name.len - tail, ".parquet", tail) == 0;
}

bool folder_is_file_name(const char *name)
{
    return is_file_name(view_cstr(name));
}

const struct object_info *folder_object(const struct object_list *list, const char *folder,
                                        const char *name)
{
    size_t skip = strlen(folder);
    for (size_t i = 0; i < list->n_objects; i++)
        if (strcmp(list->objects[i].name + skip, name) == 0 && !list->objects[i].unreadable)
            return &list->objects[i];
    return NULL;
}

/* ---------------------------------------------------------------------------------- the folder */

/* The folder that is being read. */
struct folder {
    struct object_store *store;
    const struct partition_layout *layout;
    const char *name; /* "" or "2026-11-22/" */
    const char *label;
    char shown[LABEL_SHOWN_CAP]; /* the label, in sentences */
    struct object_list list;
    const struct object_info *outer;
};

static const char *below(const struct folder *f, const char *name)
{
    return name + strlen(f->name);
}

static bool has_folder(const struct folder *f, const char *name)
{
    for (size_t i = 0; i < f->list.n_folders; i++)
        if (strcmp(below(f, f->list.folders[i]), name) == 0)
            return true;
    return false;
}

/* A subfolder whose name is the value of a column, as Hive's "hour=05/". */
static const char *column_folder(const struct folder *f)
{
    for (size_t i = 0; i < f->list.n_folders; i++) {
        const char *name = below(f, f->list.folders[i]);
        if (name[0] != '_' && name[0] != '.' && strchr(name, '='))
            return name;
    }
    return NULL;
}

/* A subfolder with the name of a file, "b.parquet/", which Spark writes. */
static const char *file_folder(const struct folder *f)
{
    for (size_t i = 0; i < f->list.n_folders; i++) {
        const char *name = below(f, f->list.folders[i]);
        if (is_file_name(view_of(name, strlen(name) - 1)))
            return name;
    }
    return NULL;
}

/* Any subfolder, except those with names like "_temporary/", which jobs leave for themselves. */
static const char *plain_folder(const struct folder *f)
{
    for (size_t i = 0; i < f->list.n_folders; i++) {
        const char *name = below(f, f->list.folders[i]);
        if (name[0] != '_' && name[0] != '.')
            return name;
    }
    return NULL;
}

static const struct object_info *first_file(const struct folder *f)
{
    for (size_t i = 0; i < f->list.n_objects; i++)
        if (folder_is_file_name(below(f, f->list.objects[i].name)))
            return &f->list.objects[i];
    return NULL;
}

static const struct object_info *newest_file(const struct folder *f)
{
    const struct object_info *newest = NULL;
    for (size_t i = 0; i < f->list.n_objects; i++) {
        const struct object_info *o = &f->list.objects[i];
        if (folder_is_file_name(below(f, o->name)) &&
            (!newest || o->modified_ms > newest->modified_ms))
            newest = o;
    }
    return newest;
}

static const struct object_info *own_marker(const struct folder *f)
{
    return folder_object(&f->list, f->name, f->layout->marker);
}

static const char *shown_label(const struct folder *f)
{
    return f->label[0] ? f->shown : f->store->shown;
}

/* The marker that says that the folder is whole; or NULL, and what is missing. */
static const struct object_info *find_marker(const struct folder *f, struct err *why)
{
    const struct object_info *own = own_marker(f), *newest = newest_file(f);
    bool by_age = f->layout->kind == PARTITIONS_NONE;
    if (f->layout->kind == PARTITIONS_POINTER)
        return f->outer;
    if (own && !(by_age && newest && own->modified_ms < newest->modified_ms))
        return own;
    if (own) {
        err_write(why, "%s: %s is older than %s: it is still being written", shown_label(f),
                  f->layout->marker, below(f, newest->name));
        return NULL;
    }
    if (f->outer && newest && f->outer->modified_ms >= newest->modified_ms)
        return f->outer;
    const char *sub = plain_folder(f);
    err_write(why, "%s has no %s%s%s%s", shown_label(f), f->layout->marker,
              sub ? "; it holds " : "", sub ? sub : "",
              f->outer ? ", and the one beside it is older than its files" : "");
    return NULL;
}

/* The kind of table, if it is one whose metadata says which files and rows count; else NULL. */
static const char *foreign_table(const struct folder *f)
{
    if (has_folder(f, "_delta_log/"))
        return "a Delta table (it has a _delta_log)";
    if (has_folder(f, "metadata/") && has_folder(f, "data/"))
        return "an Iceberg table (it has data and metadata)";
    return has_folder(f, ".hoodie/") ? "a Hudi table (it has a .hoodie)" : NULL;
}

/* Whether a folder with a marker can be read as a publication. */
static bool is_usable(const struct folder *f, const char *foreign, struct err *why)
{
    const char *columns = column_folder(f), *named = file_folder(f), *sub = plain_folder(f);
    if (foreign)
        err_write(why, "%s is %s: only its metadata says which of its files and rows count",
                  shown_label(f), foreign);
    else if (columns)
        err_write(why,
                  "%s has files in %s: folders that name a column are not read; write the column "
                  "into the files, and the files directly into the folder",
                  shown_label(f), columns);
    else if (named)
        err_write(why, "%s: %s is a folder; only files directly in %s are read", shown_label(f),
                  named, shown_label(f));
    else if (!first_file(f))
        err_write(why, "%s has no *.parquet file beside its %s%s%s", shown_label(f),
                  f->layout->kind == PARTITIONS_POINTER ? f->layout->pointer : f->layout->marker,
                  sub ? "; files in its subfolders are not read: " : "", sub ? sub : "");
    else
        return true;
    return false;
}

/* ------------------------------------------------------------------------------ the publication */

static void make_fingerprint(const struct folder *f, const char *marker_version,
                             struct publication *p)
{
    AUTO(buf) struct buf all = {0};
    buf_printf(&all, "%s\n%s", f->store->identity, p->label);
    for (size_t i = 0; i < p->n_data_files; i++)
        buf_printf(&all, "\n%s\t%llu\t%s", p->data_files[i].name,
                   (unsigned long long)p->data_files[i].info.size, p->data_files[i].info.version);
    buf_printf(&all, "\n%s", marker_version);
    p->fingerprint = hash_checksum(buf_view(&all));
}

/* Move the data files from the list to the publication. */
must_use static enum code take_files(struct folder *f, struct publication *p, struct err *err)
{
    p->data_files = mem_alloc((f->list.n_objects + 1) * sizeof(*p->data_files));
    for (size_t i = 0; i < f->list.n_objects; i++) {
        struct object_info *info = &f->list.objects[i];
        if (!folder_is_file_name(below(f, info->name)))
            continue;
        if (info->unreadable)
            return err_set(err, E_IO, "cannot read %s/%s: %s", f->store->shown, info->name,
                           strerror(info->unreadable));
        p->data_files[p->n_data_files++] =
            (struct data_file){.store = f->store, .info = *info, .name = below(f, info->name)};
        *info = (struct object_info){0};
    }
    return OK;
}

must_use static enum code make_publication(struct folder *f, const struct object_info *marker,
                                           struct publication *out, struct err *err)
{
    struct publication p = {.published_at_ms = marker->modified_ms, .day = PUBLICATION_NO_DAY};
    AUTO(ptr) char *version = mem_strdup(marker->version);
    p.label = mem_strdup(f->label);
    enum code rc = take_files(f, &p, err);
    if (rc) {
        publication_done(&p);
        return rc;
    }
    make_fingerprint(f, version, &p);
    *out = p;
    return OK;
}

must_use static enum code read(struct folder *f, struct publication *out, enum folder_state *state,
                               struct err *why, struct err *err)
{
    *state = FOLDER_EMPTY;
    if (f->list.n_objects + f->list.n_folders == 0) {
        err_write(why, "%s is empty", shown_label(f));
        return OK;
    }
    *state = FOLDER_UNFINISHED;
    const struct object_info *marker = find_marker(f, why);
    const char *foreign =
        foreign_table(f); /* such a table may never get a marker, so say it at once */
    if (!marker && !foreign)
        return OK;
    *state = FOLDER_UNUSABLE;
    if (!is_usable(f, foreign, why) || !marker)
        return OK;
    TRY(make_publication(f, marker, out, err));
    *state = FOLDER_WHOLE;
    return OK;
}

enum code folder_read(struct object_store *store, const struct partition_layout *layout,
                      const char *label, const char *folder, const struct object_info *outer,
                      const struct remote_op *op, struct publication *out_publication,
                      enum folder_state *out_state, struct err *out_why, struct err *err)
{
    struct folder f = {
        .store = store, .layout = layout, .name = folder, .label = label, .outer = outer};
    label_shown(label, f.shown);
    TRY(object_store_list(store, folder, NULL, op, &f.list, err));
    enum code rc = read(&f, out_publication, out_state, out_why, err);
    object_list_done(&f.list);
    return rc;
}
