/*
 * What the control groups of this process allow, of version 1 or 2: the strictest of its own and
 * all above it.
 *
 *     v2   /proc/self/cgroup has "0::/PATH"; the files lie in /sys/fs/cgroup/PATH and its ancestors
 *     v1   "7:memory:/PATH", "4:cpu,cpuacct:/PATH"; they lie in
 *          /sys/fs/cgroup/memory/PATH and /sys/fs/cgroup/cpu/PATH
 *
 * In a container the path may be that of the host, and its group be mounted as the root: ancestors
 * that are not there are passed over.
 *
 * `root` is put before these paths: "" but in tests.
 */
#ifndef MURR_BASE_CGROUP_H
#define MURR_BASE_CGROUP_H

#include <stdint.h>

/* Bytes that may still be taken, page cache that nobody used lately counted as free; UINT64_MAX: no
 * limit. */
uint64_t cgroup_memory_left(const char *root);

/* Processors' worth of time, as 1.5; 0: no limit. */
double cgroup_cpus(const char *root);

#endif
