#include "base/cpu.h"

#include "base/cgroup.h"

#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

/* More processors than a cpu_set_t has need a larger set. */
static unsigned allowed_cpus(void)
{
    for (size_t n = CPU_SETSIZE; n <= 1 << 16; n *= 2) {
        cpu_set_t *set = CPU_ALLOC(n);
        if (!set)
            break;
        int rc = sched_getaffinity(0, CPU_ALLOC_SIZE(n), set);
        int count = rc == 0 ? CPU_COUNT_S(CPU_ALLOC_SIZE(n), set) : 0;
        CPU_FREE(set);
        if (count > 0)
            return (unsigned)count;
    }
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    return online > 0 ? (unsigned)online : 1;
}

unsigned cpu_count(void)
{
    unsigned allowed = allowed_cpus();
    double quota = cgroup_cpus("");
    if (quota == 0 || quota >= allowed)
        return allowed;
    unsigned whole = (unsigned)quota;
    return whole + (quota > whole);
}
