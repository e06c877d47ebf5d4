#include "remote/partition.h"

#include "base/buf.h"
#include "base/hash.h"
#include "base/mem.h"

#include <stdio.h>

void partition_done(struct partition *p)
{
    for (size_t i = 0; i < p->n_files; i++)
        object_info_done(&p->files[i].info);
    free(p->files);
    *p = (struct partition){0};
}

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

bool partition_is_date(struct view v)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const char *name = (const char *)v.ptr;
    if (v.len != 10 || name[4] != '-' || name[7] != '-')
        return false;
    int year = digits(name, 4), month = digits(name + 5, 2), day = digits(name + 8, 2);
    if (year < 1 || month < 1 || month > 12 || day < 1)
        return false;
    bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return day <= days[month - 1] + (month == 2 && is_leap);
}

static bool is_parquet_name(const char *name)
{
    size_t len = strlen(name);
    return len > 8 && name[0] != '_' && name[0] != '.' && strcmp(name + len - 8, ".parquet") == 0;
}

static void fingerprint(struct partition *p, const char *marker_version)
{
    AUTO(buf) struct buf all = {0};
    buf_puts(&all, p->date);
    for (size_t i = 0; i < p->n_files; i++)
        buf_printf(&all, "\n%s\t%llu\t%s", p->files[i].name,
                   (unsigned long long)p->files[i].info.size, p->files[i].info.version);
    buf_printf(&all, "\n%s", marker_version);
    p->fingerprint = hash_checksum(buf_view(&all));
}

/* What a date folder turned out to be. */
enum folder_state { FOLDER_VALID, FOLDER_NO_SUCCESS, FOLDER_NO_PARQUET };

/* Objects of the folder to files of the partition; takes them out of the list. */
static void take_files(struct object_list *list, size_t folder_len, struct partition *p)
{
    p->files = mem_alloc((list->n_objects + 1) * sizeof(*p->files));
    for (size_t i = 0; i < list->n_objects; i++) {
        struct object_info *info = &list->objects[i];
        if (!is_parquet_name(info->name + folder_len))
            continue;
        p->files[p->n_files++] = (struct partition_file){*info, info->name + folder_len};
        *info = (struct object_info){0};
    }
}

static bool has_folder(const struct object_list *list, const char *name)
{
    for (size_t i = 0; i < list->n_folders; i++)
        if (strcmp(list->folders[i], name) == 0)
            return true;
    return false;
}

/* `folder` is "2026-11-22/". */
must_use static enum code read_folder(struct object_store *s, const char *folder,
                                      const struct remote_op *op, struct partition *p,
                                      enum folder_state *out_state, struct err *err)
{
    AUTO(object_list) struct object_list list = {0};
    char marker[32], delta[32];
    size_t folder_len = strlen(folder);
    const struct object_info *success = NULL;
    snprintf(marker, sizeof(marker), "%s_SUCCESS", folder);
    snprintf(delta, sizeof(delta), "%s_delta_log/", folder);
    TRY(object_store_list(s, folder, NULL, op, &list, err));
    if (has_folder(&list, delta))
        return err_set(err, E_UNSUPPORTED, "%s/%.10s is a Delta table (it has a _delta_log)",
                       s->shown, folder);
    memcpy(p->date, folder, sizeof(p->date) - 1);
    for (size_t i = 0; i < list.n_objects && !success; i++)
        success = strcmp(list.objects[i].name, marker) == 0 ? &list.objects[i] : NULL;
    take_files(&list, folder_len, p);
    *out_state = !success ? FOLDER_NO_SUCCESS : p->n_files ? FOLDER_VALID : FOLDER_NO_PARQUET;
    p->published_at_ms = success ? success->modified_ms : 0;
    fingerprint(p, success ? success->version : "");
    return OK;
}

must_use static enum code list_root(struct object_store *s, const char *from,
                                    const struct remote_op *op, struct object_list *out_list,
                                    struct err *err)
{
    TRY(object_store_list(s, "", from, op, out_list, err));
    if (has_folder(out_list, "_delta_log/"))
        return err_set(err, E_UNSUPPORTED, "%s is a Delta table (it has a _delta_log)", s->shown);
    if (!from && out_list->n_objects + out_list->n_folders == 0)
        return err_set(err, E_NOTFOUND, "source folder %s is empty", s->shown);
    return OK;
}

static bool is_date_folder(const char *folder)
{
    size_t len = strlen(folder);
    return len == 11 && partition_is_date(view_of(folder, len - 1));
}

/* What the newest date that is no valid partition lacks. */
static enum code none_found(const struct object_store *s, const char *newest,
                            enum folder_state state, struct err *err)
{
    if (!newest)
        return err_set(err, E_NOTFOUND, "source folder %s has no YYYY-MM-DD folder", s->shown);
    return err_set(err, E_NOTFOUND, "no complete partition in %s: %.10s has no %s", s->shown,
                   newest, state == FOLDER_NO_SUCCESS ? "_SUCCESS" : "*.parquet file");
}

must_use static enum code find_from(struct object_store *s, const char *from,
                                    const struct remote_op *op, struct partition *out_partition,
                                    struct err *err)
{
    AUTO(object_list) struct object_list list = {0};
    TRY(list_root(s, from, op, &list, err));
    const char *newest = NULL;
    enum folder_state newest_state = FOLDER_VALID;
    for (size_t i = list.n_folders; i-- > 0;) { /* sorted, and so are dates of this form */
        if (!is_date_folder(list.folders[i]))
            continue;
        AUTO(partition) struct partition p = {0};
        enum folder_state state;
        TRY(read_folder(s, list.folders[i], op, &p, &state, err));
        if (state == FOLDER_VALID) {
            *out_partition = p;
            p = (struct partition){0};
            return OK;
        }
        newest_state = newest ? newest_state : state;
        newest = newest ? newest : list.folders[i];
    }
    return none_found(s, newest, newest_state, err);
}

enum code partition_find_newest(struct object_store *store, const char *from,
                                const struct remote_op *op, struct partition *out_partition,
                                struct err *err)
{
    enum code rc = from ? find_from(store, from, op, out_partition, err) : E_NOTFOUND;
    return rc == E_NOTFOUND ? find_from(store, NULL, op, out_partition, err) : rc;
}
