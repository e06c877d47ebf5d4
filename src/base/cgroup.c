#include "base/cgroup.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { GROUP_CAP = 1024, FILE_CAP = 2048 };

/* Looks at the directory of one group. */
typedef void group_fn(void *arg, const char *dir, bool is_v2);

/* The number that follows `name` at the start of a line; UINT64_MAX if no line has it. */
static uint64_t read_number(const char *dir, const char *file, const char *name)
{
    char path[FILE_CAP], line[256];
    uint64_t value = UINT64_MAX;
    size_t skip = strlen(name);
    snprintf(path, sizeof(path), "%s/%s", dir, file);
    FILE *f = fopen(path, "re");
    while (f && fgets(line, sizeof(line), f))
        if (strncmp(line, name, skip) == 0 && line[skip] != '-' &&
            sscanf(line + skip, "%" SCNu64, &value) == 1)
            break;
    if (f)
        fclose(f);
    return value;
}

/* Visit a group and its ancestors, since a limit of any of them applies to this process. Cuts
 * `group` down to "" on the way. */
static void walk_up(const char *mount, char *group, bool is_v2, group_fn *look, void *arg)
{
    char dir[FILE_CAP];
    for (char *end = group + strlen(group);;) {
        *end = '\0';
        snprintf(dir, sizeof(dir), "%s%s", mount, group);
        look(arg, dir, is_v2);
        if (end == group)
            return;
        end = strrchr(group, '/');
        end = end ? end : group;
    }
}

/* Whether "cpu,cpuacct" has a controller. */
static bool has_controller(const char *list, size_t len, const char *controller)
{
    size_t n = strlen(controller);
    for (const char *at = list; at < list + len;) {
        size_t word = strcspn(at, ",:");
        if (word == n && strncmp(at, controller, n) == 0)
            return true;
        at += word + 1;
    }
    return false;
}

/* The groups whose limits apply to this process, for one controller. */
static void walk(const char *root, const char *controller, group_fn *look, void *arg)
{
    char path[FILE_CAP], line[GROUP_CAP], mount[FILE_CAP];
    snprintf(path, sizeof(path), "%s/proc/self/cgroup", root);
    FILE *f = fopen(path, "re");
    while (f && fgets(line, sizeof(line), f)) {
        line[strcspn(line, "\n")] = '\0';
        char *list = strchr(line, ':'), *group = list ? strchr(list + 1, ':') : NULL;
        if (!group)
            continue;
        size_t len = (size_t)(group - list - 1);
        bool is_v2 = len == 0;
        if (!is_v2 && !has_controller(list + 1, len, controller))
            continue;
        snprintf(mount, sizeof(mount), "%.900s/sys/fs/cgroup%s%s", root, is_v2 ? "" : "/",
                 is_v2 ? "" : controller);
        walk_up(mount, group + 1, is_v2, look, arg);
    }
    if (f)
        fclose(f);
}

/* ------------------------------------------------------------------------------------- memory */

static void look_at_memory(void *arg, const char *dir, bool is_v2)
{
    uint64_t *least = arg;
    uint64_t max = read_number(dir, is_v2 ? "memory.max" : "memory.limit_in_bytes", "");
    uint64_t used = read_number(dir, is_v2 ? "memory.current" : "memory.usage_in_bytes", "");
    if (max == UINT64_MAX || used == UINT64_MAX)
        return;
    /* Usage includes page cache. The kernel gives its inactive part back before it kills anyone. */
    uint64_t cache =
        read_number(dir, "memory.stat", is_v2 ? "inactive_file" : "total_inactive_file");
    if (cache != UINT64_MAX)
        used -= cache < used ? cache : used;
    uint64_t left = max > used ? max - used : 0;
    *least = left < *least ? left : *least;
}

uint64_t cgroup_memory_left(const char *root)
{
    uint64_t least = UINT64_MAX;
    walk(root, "memory", look_at_memory, &least);
    return least;
}

/* --------------------------------------------------------------------------------- processors */

/* v2: quota and period in one file, "150000 100000" or "max 100000". v1: a file for each, with -1
 * for no limit. */
static bool read_quota(const char *dir, bool is_v2, uint64_t *quota, uint64_t *period)
{
    char path[FILE_CAP];
    bool found = false;
    if (!is_v2) {
        *quota = read_number(dir, "cpu.cfs_quota_us", "");
        *period = read_number(dir, "cpu.cfs_period_us", "");
        return *quota != UINT64_MAX && *period != UINT64_MAX;
    }
    snprintf(path, sizeof(path), "%s/cpu.max", dir);
    FILE *f = fopen(path, "re");
    if (f) {
        found = fscanf(f, "%" SCNu64 " %" SCNu64, quota, period) == 2;
        fclose(f);
    }
    return found;
}

static void look_at_cpus(void *arg, const char *dir, bool is_v2)
{
    double *least = arg;
    uint64_t quota, period;
    if (!read_quota(dir, is_v2, &quota, &period) || quota == 0 || period == 0)
        return;
    double cpus = (double)quota / (double)period;
    *least = *least == 0 || cpus < *least ? cpus : *least;
}

double cgroup_cpus(const char *root)
{
    double least = 0;
    walk(root, "cpu", look_at_cpus, &least);
    return least;
}
