#include "source/dated.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "source/dated_priv.h"
#include "source/folder.h"

#include <stdio.h>

/*
 * How the newest publication is found, at each poll. Years of dates may lie in a bucket, and
 * thousands of workers poll it, so requests count:
 *
 * (1) Dates sort as they are written, so the root is listed from the served date on, and folders
 *     are read newest first until one is taken. While nothing changes that is two requests
 *     (docs/decisions/0023).
 * (2) A folder older than the served one ends the search: nothing older is ever taken while the
 *     served one is there.
 * (3) Of folders that cannot be taken, the newest reason is kept. It is shown if nothing is served.
 * (4) A local folder that cannot be read is passed over, unless it is the served one. A bucket may
 *     answer the next time, so there the search fails and the poll is repeated.
 */

enum { POINTER_MAX_BYTES = 4096 };

struct search {
    const struct dated *d;
    const struct source_query *q;
    const struct remote_op *op;
    const struct object_info *outer; /* marker of the root, for PARTITIONS_HIVE */
    bool is_done;                    /* found, or the rest is older than what is served (2) */
    bool served_is_there;
    struct source_answer *result;
    struct err newest_why; /* (3) */
};

/* By date, then by name. Hive's "dt=2026-11-22" has the date after the name. */
static int compare_labels(enum partition_kind kind, const char *a, const char *b)
{
    const char *x = kind == PARTITIONS_HIVE ? strchr(a, '=') : NULL;
    const char *y = kind == PARTITIONS_HIVE ? strchr(b, '=') : NULL;
    int by_date = strcmp(x ? x : a, y ? y : b);
    return by_date ? by_date : strcmp(a, b);
}

static void note_why(struct search *s, const struct err *why)
{
    if (!s->newest_why.msg[0])
        s->newest_why = *why;
}

static void note_passed(struct search *s, const char *label, const struct err *why)
{
    note_why(s, why);
    if (s->result->passed_label)
        return;
    s->result->passed_label = mem_strdup(label);
    s->result->passed = *why;
}

static void take(struct search *s, struct publication *take_found)
{
    struct err why = {0};
    if (s->q->passes_over && s->q->passes_over(s->q->arg, take_found, &why)) {
        note_passed(s, take_found->label, &why);
        publication_done(take_found);
        return;
    }
    s->result->publication = *take_found;
    s->result->what = FOUND_NEW;
    s->is_done = true;
}

/* (4) */
static bool may_pass_over(const struct search *s, enum code rc, bool has_served)
{
    return rc == E_IO && !has_served && !s->d->store->is_far;
}

/* Look at one folder. Called for the newest folder first. */
must_use static enum code look_at(struct search *s, const char *label, const char *folder,
                                  int32_t day, struct err *err)
{
    const struct dated *d = s->d;
    struct publication p = {0};
    enum folder_state state;
    struct err why = {0};
    if (s->q->only && strcmp(s->q->only, label) != 0)
        return OK;
    int order = s->q->served ? compare_labels(d->layout->kind, label, s->q->served) : 1;
    bool is_served = order == 0;
    if (order < 0) {
        s->is_done = true;
        return OK;
    }
    if (!view_is_utf8(view_cstr(label))) { /* it could not be shown, nor written to table.json */
        char shown[LABEL_SHOWN_CAP];
        err_write(&why, "the name of the folder %s is not UTF-8", label_shown(label, shown));
        note_passed(s, shown, &why);
        return OK;
    }
    enum code rc =
        folder_read(d->store, d->layout, label, folder, s->outer, s->op, &p, &state, &why, err);
    if (may_pass_over(s, rc, is_served)) {
        note_passed(s, label, err);
        return OK;
    }
    TRY(rc);
    s->served_is_there |= is_served && state != FOLDER_EMPTY;
    p.day = day;
    if (state == FOLDER_WHOLE)
        take(s, &p);
    else if (state == FOLDER_UNUSABLE)
        note_passed(s, label, &why);
    else
        note_why(s, &why);
    return OK;
}

/* -------------------------------------------------------------------------------- dated folders */

/* "2026-11-22/" as "2026-11-22"; the caller frees it. */
static char *label_of(const char *folder)
{
    return mem_strndup(folder, strlen(folder) - 1);
}

must_use static enum code look_at_hours(struct search *s, const char *date_folder, int32_t day,
                                        struct err *err)
{
    const struct dated *d = s->d;
    AUTO(object_list) struct object_list list = {0};
    enum code rc = object_store_list(d->store, date_folder, NULL, s->op, &list, err);
    bool has_served = s->q->served && strncmp(s->q->served, date_folder, strlen(date_folder)) == 0;
    if (may_pass_over(s, rc, has_served)) {
        note_passed(s, date_folder, err);
        return OK;
    }
    TRY(rc);
    for (size_t i = list.n_folders; i-- > 0 && !s->is_done;) {
        if (!dated_is_hour(list.folders[i] + strlen(date_folder)))
            continue;
        AUTO(ptr) char *label = label_of(list.folders[i]);
        TRY(look_at(s, label, list.folders[i], day, err));
    }
    return OK;
}

/* All hours of a date before the served one are older, too. */
static bool is_older_date(const struct source_query *q, const char *folder)
{
    return q->served && strncmp(folder, q->served, strlen(folder) - 1) < 0;
}

must_use static enum code look_at_dates(struct search *s, const struct object_list *root,
                                        struct err *err)
{
    bool hourly = s->d->layout->kind == PARTITIONS_HOURLY;
    for (size_t i = root->n_folders; i-- > 0 && !s->is_done;) { /* sorted, and so are dates */
        const char *folder = root->folders[i];
        int32_t day = folder_day(view_of(folder, strlen(folder) - 1));
        if (day == PUBLICATION_NO_DAY)
            continue;
        AUTO(ptr) char *label = label_of(folder);
        if (hourly && is_older_date(s->q, folder))
            return OK;
        TRY(hourly ? look_at_hours(s, folder, day, err) : look_at(s, label, folder, day, err));
    }
    return OK;
}

/* --------------------------------------------------------------------------------- Hive folders */

static int by_date(const void *a, const void *b)
{
    return compare_labels(PARTITIONS_HIVE, *(char *const *)a, *(char *const *)b);
}

must_use static enum code look_at_hive(struct search *s, const struct object_list *root,
                                       struct err *err)
{
    size_t n = 0;
    AUTO(ptr) char **folders = mem_alloc((root->n_folders + 1) * sizeof(char *));
    for (size_t i = 0; i < root->n_folders; i++)
        if (dated_hive_day(root->folders[i]) != PUBLICATION_NO_DAY)
            folders[n++] = root->folders[i];
    if (n)
        qsort(folders, n, sizeof(*folders), by_date);
    s->outer = folder_object(root, "", s->d->layout->marker);
    while (n-- > 0 && !s->is_done) {
        AUTO(ptr) char *label = label_of(folders[n]);
        TRY(look_at(s, label, folders[n], dated_hive_day(folders[n]), err));
    }
    return OK;
}

/* ----------------------------------------------------------------------- one folder that counts */

/* PARTITIONS_NONE: the root itself is the publication. Its label is the time when it was
 * published. */
must_use static enum code look_at_root(struct search *s, struct err *err)
{
    const struct dated *d = s->d;
    struct publication p = {0};
    enum folder_state state;
    struct err why = {0};
    char text[25];
    TRY(folder_read(d->store, d->layout, "", "", NULL, s->op, &p, &state, &why, err));
    s->served_is_there = true;
    if (state == FOLDER_WHOLE) {
        p.day = PUBLICATION_NO_DAY;
        free(p.label);
        p.label = mem_strdup(clock_format(p.published_at_ms, text));
        take(s, &p);
    } else if (state == FOLDER_UNUSABLE) {
        note_passed(s, d->store->shown, &why);
    } else {
        note_why(s, &why);
    }
    return OK;
}

/* A pointer may give the whole path, "/data/features/run-17", or only the part below the root. */
static struct view below_root(const char *root, struct view name)
{
    size_t len = strlen(root);
    if (name.len <= len || memcmp(name.ptr, root, len) != 0 || name.ptr[len] != '/')
        return name;
    while (len < name.len && name.ptr[len] == '/')
        len++;
    return view_of(name.ptr + len, name.len - len);
}

/* The folder that the pointer names, as "name/"; the caller frees it. The text is somebody else's,
 * so it must not lead out of the root. */
must_use static enum code parse_pointer(const struct dated *d, struct view text, char **out,
                                        struct err *err)
{
    char shown[128];
    struct view name = below_root(d->store->shown, view_trim(text));
    while (name.len && name.ptr[name.len - 1] == '/')
        name.len--;
    bool climbs = dated_climbs(name);
    if (name.len == 0 || climbs || !view_is_utf8(name) || memchr(name.ptr, '\n', name.len) ||
        memchr(name.ptr, '\0', name.len))
        return err_set(err, E_INVALID, "%s of %s names no folder below it: '%s'",
                       d->layout->pointer, d->store->shown,
                       view_printable(text, shown, sizeof(shown)));
    AUTO(buf) struct buf folder = {0};
    buf_put(&folder, name.ptr, name.len);
    buf_puts(&folder, "/");
    *out = mem_strdup(buf_cstr(&folder));
    return OK;
}

must_use static enum code read_pointer(struct search *s, const struct object_info *info, char **out,
                                       struct err *err)
{
    const struct dated *d = s->d;
    uint8_t text[POINTER_MAX_BYTES];
    struct object *object;
    struct byte_range range = {0, info->size, text, false};
    if (info->size > sizeof(text))
        return err_set(err, E_INVALID, "%s of %s has %llu bytes; it should name a folder",
                       d->layout->pointer, d->store->shown, (unsigned long long)info->size);
    if (info->size) {
        TRY(object_open(d->store, info, &object, err));
        enum code rc = object_read_now(object, &range, 1, s->op, err);
        object_close(object);
        TRY(rc);
    }
    return parse_pointer(d, view_of(text, info->size), out, err);
}

must_use static enum code look_at_pointer(struct search *s, const struct object_list *root,
                                          struct err *err)
{
    const struct dated *d = s->d;
    AUTO(ptr) char *folder = NULL;
    struct publication p = {0};
    enum folder_state state;
    struct err why = {0};
    for (size_t i = 0; i < root->n_objects && !s->outer; i++)
        if (strcmp(root->objects[i].name, d->layout->pointer) == 0)
            s->outer = &root->objects[i];
    s->served_is_there = true;
    if (!s->outer) {
        err_write(&why, "%s no longer has a file %s", d->store->shown, d->layout->pointer);
        if (s->q->served)
            note_passed(s, d->layout->pointer, &why);
        return OK;
    }
    TRY(read_pointer(s, s->outer, &folder, err));
    AUTO(ptr) char *label = label_of(folder);
    TRY(folder_read(d->store, d->layout, label, folder, s->outer, s->op, &p, &state, &why, err));
    p.day = folder_day(view_cstr(label));
    if (state == FOLDER_WHOLE)
        take(s, &p);
    else
        note_passed(s, label, &why);
    return OK;
}

/* ------------------------------------------------------------------------------------ the whole */

must_use static enum code look_through(struct search *s, const struct object_list *root,
                                       struct err *err)
{
    switch (s->d->layout->kind) {
    case PARTITIONS_DATED:
    case PARTITIONS_HOURLY:
        return look_at_dates(s, root, err);
    case PARTITIONS_HIVE:
        return look_at_hive(s, root, err);
    case PARTITIONS_NONE:
        return look_at_root(s, err);
    case PARTITIONS_POINTER:
        return look_at_pointer(s, root, err);
    }
    return OK;
}

/* Where the listing of the root begins (1); NULL: at its start. */
static const char *list_from(const struct search *s, char date[static 11])
{
    const struct dated *d = s->d;
    bool by_date = d->layout->kind == PARTITIONS_DATED || d->layout->kind == PARTITIONS_HOURLY;
    if (!s->q->served || !by_date)
        return NULL;
    snprintf(date, 11, "%.10s", s->q->served);
    return date;
}

/* In a Delta or Hudi table, a log says which files belong to the table; the others may hold deleted
 * rows. */
must_use static enum code check_not_foreign(const struct dated *d, const struct object_list *root,
                                            struct err *err)
{
    for (size_t i = 0; i < root->n_folders; i++)
        if (strcmp(root->folders[i], "_delta_log/") == 0 ||
            strcmp(root->folders[i], ".hoodie/") == 0)
            return err_set(err, E_UNSUPPORTED,
                           "%s is a %s table (it has a %s): only its metadata says which of its "
                           "files and rows count",
                           d->store->shown, root->folders[i][0] == '_' ? "Delta" : "Hudi",
                           root->folders[i]);
    return OK;
}

must_use static enum code search(struct search *s, struct err *err)
{
    const struct dated *d = s->d;
    AUTO(object_list) struct object_list root = {0};
    char date[11];
    const char *from = list_from(s, date);
    TRY(object_store_list(d->store, "", from, s->op, &root, err));
    if (!from && root.n_objects + root.n_folders == 0)
        return err_set(err, E_NOTFOUND, "source folder %s is empty", d->store->shown);
    TRY(check_not_foreign(d, &root, err));
    TRY(look_through(s, &root, err));
    if (s->is_done && s->result->what == FOUND_NEW)
        return OK;
    s->result->what = s->served_is_there ? FOUND_STAY : FOUND_GONE;
    if (s->q->served)
        return OK;
    return dated_explain(d, &root, s->newest_why.msg, s->op, err);
}

must_use static enum code find_newest(struct source *source, const struct source_query *q,
                                      const struct remote_op *op, struct source_answer *out,
                                      struct err *err)
{
    struct source_answer found = {.what = FOUND_GONE};
    struct search s = {.d = (struct dated *)source, .q = q, .op = op, .result = &found};
    enum code rc = search(&s, err);
    if (rc)
        source_answer_done(&found);
    else
        *out = found;
    return rc;
}

static void dated_free(struct source *s)
{
    object_store_close(((struct dated *)s)->store);
    free(s);
}

struct source *dated_new(struct object_store *take_store, const struct partition_layout *layout)
{
    static const struct source_ops ops = {find_newest, dated_free};
    struct dated *d = mem_zalloc(sizeof(*d));
    AUTO(buf) struct buf identity = {0};
    buf_printf(&identity, "%s\n%d %s %s", take_store->identity, (int)layout->kind, layout->marker,
               layout->pointer);
    d->source = (struct source){&ops, take_store->ops->kind, mem_strdup(take_store->shown),
                                mem_strdup(buf_cstr(&identity))};
    d->store = take_store;
    d->layout = layout;
    return &d->source;
}
