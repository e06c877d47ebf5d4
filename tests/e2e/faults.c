/*
 * A disk that fails, and a clock that is ahead, for test_faults.py: loaded into the server by
 * LD_PRELOAD. What fails, and when, stands in a file that the test maps as well, so that it can be
 * changed while the server runs.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#define EXPORTED __attribute__((visibility("default")))

enum call {
    CALL_NONE,
    CALL_FSYNC,
    CALL_RENAME,
    CALL_CREATE,
    CALL_WRITE,
    CALL_MKDIR,
    CALL_UNLINK,
    CALL_TMPFILE
};

/* The file: six int32. */
struct plan {
    int32_t call;  /* which calls are counted */
    int32_t first; /* the call of this number fails, from 1 */
    int32_t n;     /* and so many in all, one after the other */
    int32_t error; /* with this errno; 0: it waits until the plan is another */
    int32_t seen;  /* calls so far */
    int32_t days;  /* by which the clock is ahead */
};

static struct plan *open_plan(void)
{
    const char *path = getenv("MURR_TEST_FAULTS");
    static int (*real_open)(const char *, int, ...);
    real_open = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open");
    int fd = path ? real_open(path, O_RDWR) : -1;
    if (fd < 0)
        return NULL;
    void *map = mmap(NULL, sizeof(struct plan), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    return map == MAP_FAILED ? NULL : map;
}

static struct plan *plan;

__attribute__((constructor)) static void init(void)
{
    plan = open_plan();
}

static bool fails(enum call call)
{
    if (!plan || __atomic_load_n(&plan->call, __ATOMIC_SEQ_CST) != (int32_t)call)
        return false;
    int32_t seen = __atomic_add_fetch(&plan->seen, 1, __ATOMIC_SEQ_CST);
    if (seen < plan->first || seen >= plan->first + plan->n)
        return false;
    while (plan->error == 0 && __atomic_load_n(&plan->call, __ATOMIC_SEQ_CST) == (int32_t)call)
        usleep(1000);
    errno = plan->error;
    return plan->error != 0;
}

#define REAL(name, type) ((type)dlsym(RTLD_NEXT, name))

EXPORTED int clock_gettime(clockid_t clock, struct timespec *out)
{
    int rc = (int)syscall(SYS_clock_gettime, clock, out);
    if (rc == 0 && clock == CLOCK_REALTIME && plan)
        out->tv_sec += __atomic_load_n(&plan->days, __ATOMIC_SEQ_CST) * (time_t)86400;
    return rc;
}

EXPORTED int fsync(int fd)
{
    return fails(CALL_FSYNC) ? -1 : REAL("fsync", int (*)(int))(fd);
}

EXPORTED int rename(const char *from, const char *to)
{
    return fails(CALL_RENAME) ? -1 : REAL("rename", int (*)(const char *, const char *))(from, to);
}

EXPORTED int open(const char *path, int flags, ...)
{
    mode_t mode = 0;
    va_list ap;
    va_start(ap, flags);
    if (flags & (O_CREAT | O_TMPFILE))
        mode = va_arg(ap, mode_t);
    va_end(ap);
    if ((flags & O_TMPFILE) == O_TMPFILE && fails(CALL_TMPFILE))
        return -1;
    if ((flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE) && fails(CALL_CREATE))
        return -1;
    return REAL("open", int (*)(const char *, int, ...))(path, flags, mode);
}

EXPORTED ssize_t pwrite(int fd, const void *bytes, size_t n, off_t offset)
{
    return fails(CALL_WRITE)
               ? -1
               : REAL("pwrite", ssize_t(*)(int, const void *, size_t, off_t))(fd, bytes, n, offset);
}

EXPORTED int mkdir(const char *path, mode_t mode)
{
    return fails(CALL_MKDIR) ? -1 : REAL("mkdir", int (*)(const char *, mode_t))(path, mode);
}

EXPORTED int unlinkat(int dir, const char *path, int flags)
{
    return fails(CALL_UNLINK) ? -1
                              : REAL("unlinkat", int (*)(int, const char *, int))(dir, path, flags);
}
