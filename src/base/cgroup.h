/*
 * What the control groups of this process allow, whether of version 1 or 2: the strictest limit of
 * its own group and of all groups above it.
 *
 *     v2   /proc/self/cgroup has "0::/PATH"; the files lie in /sys/fs/cgroup/PATH and its ancestors
 *     v1   "7:memory:/PATH", "4:cpu,cpuacct:/PATH"; they lie in
 *          /sys/fs/cgroup/memory/PATH and /sys/fs/cgroup/cpu/PATH
 *
 * Inside a container the path may be the one that the host sees, while the group itself is mounted
 * as the root. Ancestors that do not exist here are therefore skipped.
 *
 * `root` is put in front of these paths; it is "" except in tests.
 */
#ifndef MURR_BASE_CGROUP_H
#define MURR_BASE_CGROUP_H

#include <stdint.h>

/* Bytes that may still be allocated, counting page cache that was not used lately as free;
 * UINT64_MAX: no limit. */
uint64_t cgroup_memory_left(const char *root);

/* How many processors' worth of time the quota allows, such as 1.5; 0: no limit. */
double cgroup_cpus(const char *root);

#endif
