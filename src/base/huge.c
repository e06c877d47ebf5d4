#include "base/huge.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

static const size_t huge_page_bytes = (size_t)2 << 20;
/* Left to everything else that runs here. */
static const uint64_t reserve_bytes = (uint64_t)64 << 20;

enum code huge_memory_init(struct huge_memory *m, size_t len, struct err *err)
{
    uint64_t available = huge_memory_available();
    *m = (struct huge_memory){0};
    len = (len + 4095) & ~(size_t)4095;
    if (len > available || available - len < reserve_bytes)
        return err_set(err, E_NOMEM, "%zu bytes of memory are needed, %" PRIu64 " are available",
                       len, available);
    /* One huge page more, so that an aligned start can be cut out. */
    size_t mapped = len + huge_page_bytes;
    uint8_t *at = mmap(NULL, mapped, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED)
        return err_errno(err, E_NOMEM, "cannot map %zu bytes of memory", len);
    size_t skip = huge_page_bytes - (uintptr_t)at % huge_page_bytes;
    munmap(at, skip);
    if (huge_page_bytes - skip > 0)
        munmap(at + skip + len, huge_page_bytes - skip);
    *m = (struct huge_memory){at + skip, len};
    madvise(m->ptr, len, MADV_HUGEPAGE); /* refused: small pages, only slower */
    return OK;
}

void huge_memory_done(struct huge_memory *m)
{
    if (m->ptr)
        munmap(m->ptr, m->len);
    *m = (struct huge_memory){0};
}

/* The number behind `name` at the start of a line; UINT64_MAX when there is none. */
static uint64_t read_number(const char *path, const char *name)
{
    char line[256];
    uint64_t value = UINT64_MAX;
    size_t skip = strlen(name);
    FILE *f = fopen(path, "re");
    while (f && fgets(line, sizeof(line), f))
        if (strncmp(line, name, skip) == 0 && sscanf(line + skip, "%" SCNu64, &value) == 1)
            break;
    if (f)
        fclose(f);
    return value;
}

/* Where the two versions of cgroups say what they allow and what is used. */
struct cgroup_files {
    const char *line; /* how a line of /proc/self/cgroup begins, behind its number */
    const char *root, *max, *used, *cache;
};
static const struct cgroup_files versions[] = {
    {":memory:", "/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes",
     "total_inactive_file"},
    {"::", "/sys/fs/cgroup", "memory.max", "memory.current", "inactive_file"},
};

/* What one cgroup leaves; its page cache that nobody used lately counts as free. */
static uint64_t cgroup_left(const struct cgroup_files *v, const char *cgroup)
{
    char path[1024];
    snprintf(path, sizeof(path), "%s%.900s/%s", v->root, cgroup, v->max);
    uint64_t max = read_number(path, "");
    snprintf(path, sizeof(path), "%s%.900s/%s", v->root, cgroup, v->used);
    uint64_t used = read_number(path, "");
    if (max == UINT64_MAX || used == UINT64_MAX)
        return UINT64_MAX;
    snprintf(path, sizeof(path), "%s%.900s/memory.stat", v->root, cgroup);
    uint64_t cache = read_number(path, v->cache);
    if (cache != UINT64_MAX)
        used -= cache < used ? cache : used;
    return max > used ? max - used : 0;
}

/* The least that a cgroup and all above it leave; cuts `cgroup` down to nothing. */
static uint64_t ancestors_left(const struct cgroup_files *v, char *cgroup)
{
    uint64_t least = UINT64_MAX;
    for (char *end = cgroup + strlen(cgroup);;) {
        *end = '\0';
        uint64_t left = cgroup_left(v, cgroup);
        least = left < least ? left : least;
        if (end == cgroup)
            return least;
        end = strrchr(cgroup, '/');
        end = end ? end : cgroup;
    }
}

static uint64_t cgroups_left(void)
{
    char line[1024];
    uint64_t least = UINT64_MAX;
    FILE *f = fopen("/proc/self/cgroup", "re");
    while (f && fgets(line, sizeof(line), f)) {
        line[strcspn(line, "\n")] = '\0';
        char *rest = line + strspn(line, "0123456789");
        for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
            size_t skip = strlen(versions[i].line);
            if (strncmp(rest, versions[i].line, skip) != 0)
                continue;
            uint64_t left = ancestors_left(&versions[i], rest + skip);
            least = left < least ? left : least;
            break;
        }
    }
    if (f)
        fclose(f);
    return least;
}

uint64_t huge_memory_available(void)
{
    uint64_t machine_kib = read_number("/proc/meminfo", "MemAvailable:");
    uint64_t machine = machine_kib > UINT64_MAX / 1024 ? UINT64_MAX : machine_kib * 1024;
    uint64_t cgroups = cgroups_left();
    return machine < cgroups ? machine : cgroups;
}
