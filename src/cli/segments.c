#include "cli/segments.h"

#include "base/file.h"
#include "base/mem.h"

#include <sys/stat.h>

void segment_paths_done(struct segment_paths *p)
{
    for (size_t i = 0; i < p->n; i++)
        free(p->paths[i]);
    free(p->paths);
    *p = (struct segment_paths){0};
}

static void add(struct segment_paths *p, const char *path)
{
    p->paths = mem_realloc(p->paths, (p->n + 1) * sizeof(*p->paths));
    p->paths[p->n++] = mem_strdup(path);
}

static bool is_segment_name(const char *name)
{
    size_t len = strlen(name);
    return len > 4 && strcmp(name + len - 4, ".seg") == 0;
}

must_use static enum code find_below(struct segment_paths *p, const char *dir, struct err *err)
{
    AUTO(dir_names) struct dir_names names = {0};
    TRY(dir_list(dir, &names, err));
    for (size_t i = 0; i < names.n; i++) {
        char path[PATH_CAP];
        struct stat st;
        TRY(path_format(path, err, "%s/%s", dir, names.names[i]));
        if (lstat(path, &st) == 0 && S_ISDIR(st.st_mode))
            TRY(find_below(p, path, err));
        else if (is_segment_name(names.names[i]))
            add(p, path);
    }
    return OK;
}

enum code segment_paths_find(struct segment_paths *p, const char *path, struct err *err)
{
    struct stat st;
    if (stat(path, &st) < 0)
        return err_errno(err, E_NOTFOUND, "cannot open %s", path);
    if (!S_ISDIR(st.st_mode)) {
        add(p, path);
        return OK;
    }
    size_t before = p->n;
    TRY(find_below(p, path, err));
    if (p->n == before)
        return err_set(err, E_NOTFOUND, "no *.seg file below %s", path);
    return OK;
}
