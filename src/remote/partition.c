#include "remote/partition.h"

#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"

#include <errno.h>
#include <sys/stat.h>

void partition_done(struct partition *p)
{
    for (size_t i = 0; i < p->n_files; i++) {
        free(p->files[i].path);
        free(p->files[i].name);
    }
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

bool partition_is_date(const char *name)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (strlen(name) != 10 || name[4] != '-' || name[7] != '-')
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

static void add_file(struct partition *p, const char *path, const char *name, const struct stat *st)
{
    p->files = mem_realloc(p->files, (p->n_files + 1) * sizeof(*p->files));
    p->files[p->n_files++] = (struct partition_file){
        .path = mem_strdup(path),
        .name = mem_strdup(name),
        .size = (uint64_t)st->st_size,
        .mtime_ns = (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec,
    };
}

static void fingerprint(struct partition *p)
{
    AUTO(buf) struct buf all = {0};
    buf_puts(&all, p->date);
    for (size_t i = 0; i < p->n_files; i++)
        buf_printf(&all, "\n%s\t%llu\t%lld", p->files[i].name, (unsigned long long)p->files[i].size,
                   (long long)p->files[i].mtime_ns);
    buf_printf(&all, "\n%lld", (long long)p->published_at_ms);
    p->fingerprint = hash_checksum(buf_view(&all));
}

/* What a date folder turned out to be. */
enum folder_state { FOLDER_VALID, FOLDER_NO_SUCCESS, FOLDER_NO_PARQUET };

must_use static enum code read_folder(const char *root, const char *date, struct partition *p,
                                      enum folder_state *out_state, struct err *err)
{
    char path[PATH_CAP];
    struct stat st;
    TRY(path_format(path, err, "%s/%s/_SUCCESS", root, date));
    bool exists = stat(path, &st) == 0;
    if (!exists && errno != ENOENT && errno != ENOTDIR)
        return err_errno(err, E_IO, "cannot stat %s", path);
    if (!exists || !S_ISREG(st.st_mode)) {
        *out_state = FOLDER_NO_SUCCESS;
        return OK;
    }
    p->published_at_ms = (int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000;
    memcpy(p->date, date, sizeof(p->date));
    TRY(path_format(path, err, "%s/%s", root, date));
    AUTO(dir_names) struct dir_names names = {0};
    TRY(dir_list(path, &names, err));
    for (size_t i = 0; i < names.n; i++) {
        if (strcmp(names.names[i], "_delta_log") == 0)
            return err_set(err, E_UNSUPPORTED, "%s is a Delta table (it has a _delta_log)", path);
        if (!is_parquet_name(names.names[i]))
            continue;
        char file[PATH_CAP];
        TRY(path_format(file, err, "%s/%s/%s", root, date, names.names[i]));
        if (stat(file, &st) < 0)
            return err_errno(err, E_IO, "cannot stat %s", file);
        if (S_ISREG(st.st_mode))
            add_file(p, file, names.names[i], &st);
    }
    *out_state = p->n_files ? FOLDER_VALID : FOLDER_NO_PARQUET;
    fingerprint(p);
    return OK;
}

must_use static enum code list_root(const char *root, struct dir_names *out_names, struct err *err)
{
    enum code rc = dir_list(root, out_names, err);
    if (rc == E_NOTFOUND)
        return err_set(err, rc, "source folder %s does not exist", root);
    TRY(rc);
    for (size_t i = 0; i < out_names->n; i++)
        if (strcmp(out_names->names[i], "_delta_log") == 0)
            return err_set(err, E_UNSUPPORTED, "%s is a Delta table (it has a _delta_log)", root);
    if (out_names->n == 0)
        return err_set(err, E_NOTFOUND, "source folder %s is empty", root);
    return OK;
}

enum code partition_find_newest(const char *root, struct partition *out_partition, struct err *err)
{
    AUTO(dir_names) struct dir_names names = {0};
    TRY(list_root(root, &names, err));
    const char *newest = NULL;
    enum folder_state newest_state = FOLDER_VALID;
    for (size_t i = names.n; i-- > 0;) { /* names are sorted, and so are dates of this form */
        if (!partition_is_date(names.names[i]))
            continue;
        AUTO(partition) struct partition p = {0};
        enum folder_state state;
        TRY(read_folder(root, names.names[i], &p, &state, err));
        if (state == FOLDER_VALID) {
            *out_partition = p;
            p = (struct partition){0};
            return OK;
        }
        if (!newest) {
            newest = names.names[i];
            newest_state = state;
        }
    }
    if (!newest)
        return err_set(err, E_NOTFOUND, "source folder %s has no YYYY-MM-DD folder", root);
    if (newest_state == FOLDER_NO_SUCCESS)
        return err_set(err, E_NOTFOUND, "no complete partition in %s: %s has no _SUCCESS", root,
                       newest);
    return err_set(err, E_NOTFOUND, "no complete partition in %s: %s has no *.parquet file", root,
                   newest);
}
