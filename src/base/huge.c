#include "base/huge.h"

#include "base/cgroup.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

static const size_t huge_page_bytes = (size_t)2 << 20;
/* Memory that we leave to everything else on the machine. */
static const uint64_t reserve_bytes = (uint64_t)64 << 20;

/* "MemAvailable:  1234 kB"; UINT64_MAX where the kernel does not say. */
static uint64_t machine_available(void)
{
    static const char name[] = "MemAvailable:";
    char line[256];
    uint64_t kib = UINT64_MAX;
    FILE *f = fopen("/proc/meminfo", "re");
    while (f && fgets(line, sizeof(line), f))
        if (strncmp(line, name, strlen(name)) == 0 &&
            sscanf(line + strlen(name), "%" SCNu64, &kib) == 1)
            break;
    if (f)
        fclose(f);
    return kib > UINT64_MAX / 1024 ? UINT64_MAX : kib * 1024;
}

/* The machine and the cgroup are asked each time: other processes come and go. */
static uint64_t memory_available(void)
{
    uint64_t machine = machine_available(), cgroups = cgroup_memory_left("");
    return machine < cgroups ? machine : cgroups;
}

enum code huge_memory_init(struct huge_memory *m, size_t len, struct err *err)
{
    uint64_t available = memory_available();
    *m = (struct huge_memory){0};
    len = (len + 4095) & ~(size_t)4095;
    if (len > available || available - len < reserve_bytes)
        return err_set(err, E_NOMEM, "%zu bytes of memory are needed, %" PRIu64 " are available",
                       len, available);
    /* Map one huge page too much, then cut off both ends so that the start is aligned. */
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
    madvise(m->ptr, len, MADV_HUGEPAGE); /* if refused, we get small pages: slower, but correct */
    return OK;
}

void huge_memory_done(struct huge_memory *m)
{
    if (m->ptr)
        munmap(m->ptr, m->len);
    *m = (struct huge_memory){0};
}
