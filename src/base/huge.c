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

/* What one cgroup leaves; its page cache that nobody used lately counts as free. */
static uint64_t cgroup_left(const char *cgroup)
{
    char path[1024];
    snprintf(path, sizeof(path), "/sys/fs/cgroup%.900s/memory.max", cgroup);
    uint64_t max = read_number(path, "");
    snprintf(path, sizeof(path), "/sys/fs/cgroup%.900s/memory.current", cgroup);
    uint64_t used = read_number(path, "");
    if (max == UINT64_MAX || used == UINT64_MAX)
        return UINT64_MAX;
    snprintf(path, sizeof(path), "/sys/fs/cgroup%.900s/memory.stat", cgroup);
    uint64_t cache = read_number(path, "inactive_file");
    if (cache != UINT64_MAX)
        used -= cache < used ? cache : used;
    return max > used ? max - used : 0;
}

/* The cgroup of this process and all above it. */
static uint64_t cgroups_left(void)
{
    char line[1024];
    uint64_t least = UINT64_MAX;
    FILE *f = fopen("/proc/self/cgroup", "re");
    while (f && fgets(line, sizeof(line), f)) {
        if (strncmp(line, "0::", 3) != 0)
            continue;
        char *cgroup = line + 3, *end = cgroup + strcspn(cgroup, "\n");
        for (;;) {
            *end = '\0';
            uint64_t left = cgroup_left(cgroup);
            least = left < least ? left : least;
            if (end == cgroup)
                break;
            end = strrchr(cgroup, '/');
            end = end ? end : cgroup;
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
