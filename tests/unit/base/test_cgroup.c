#include "test.h"

#include "base/cgroup.h"
#include "base/cpu.h"
#include "base/file.h"
#include "sample_rows.h"

#include <sched.h>
#include <stdio.h>

/* "<root>/<path>" with this text. */
static void put_file(const char *root, const char *path, const char *text)
{
    struct err err;
    char full[PATH_CAP];
    assert_ok(path_format(full, &err, "%s/%s", root, path));
    char *slash = strrchr(full, '/');
    *slash = '\0';
    assert_ok(dir_make(full, &err));
    *slash = '/';
    FILE *f = fopen(full, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void the_strictest_quota_of_all_ancestors_counts(void **state)
{
    (void)state;
    char *root = temp_dir_new();
    put_file(root, "proc/self/cgroup", "0::/pods/this\n");
    put_file(root, "sys/fs/cgroup/cpu.max", "max 100000\n");
    assert_true(cgroup_cpus(root) == 0);
    put_file(root, "sys/fs/cgroup/pods/this/cpu.max", "400000 100000\n");
    assert_true(cgroup_cpus(root) == 4);
    put_file(root, "sys/fs/cgroup/pods/cpu.max", "150000 100000\n");
    assert_true(cgroup_cpus(root) == 1.5);
    temp_dir_done(&root);
}

static void version_one_is_read_too(void **state)
{
    (void)state;
    char *root = temp_dir_new();
    put_file(root, "proc/self/cgroup", "7:memory:/a\n4:cpu,cpuacct:/a\n1:name=systemd:/b\n");
    put_file(root, "sys/fs/cgroup/cpu/a/cpu.cfs_quota_us", "-1\n");
    put_file(root, "sys/fs/cgroup/cpu/a/cpu.cfs_period_us", "100000\n");
    assert_true(cgroup_cpus(root) == 0);
    put_file(root, "sys/fs/cgroup/cpu/a/cpu.cfs_quota_us", "50000\n");
    assert_true(cgroup_cpus(root) == 0.5);
    put_file(root, "sys/fs/cgroup/memory/a/memory.limit_in_bytes", "1000\n");
    put_file(root, "sys/fs/cgroup/memory/a/memory.usage_in_bytes", "700\n");
    put_file(root, "sys/fs/cgroup/memory/a/memory.stat", "cache 9\ntotal_inactive_file 100\n");
    assert_true(cgroup_memory_left(root) == 400);
    temp_dir_done(&root);
}

/* A container often sees the host's path, and its own group as the root of the mount. */
static void groups_that_are_not_mounted_are_passed_over(void **state)
{
    (void)state;
    char *root = temp_dir_new();
    put_file(root, "proc/self/cgroup", "4:cpu,cpuacct:/docker/0123\n");
    put_file(root, "sys/fs/cgroup/cpu/cpu.cfs_quota_us", "200000\n");
    put_file(root, "sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
    assert_true(cgroup_cpus(root) == 2);
    temp_dir_done(&root);
}

static void what_is_odd_is_no_limit(void **state)
{
    (void)state;
    static const char *const odd[] = {"",           "max\n",      "x 100000\n",
                                      "0 100000\n", "100000 0\n", "100000\n"};
    char *root = temp_dir_new();
    assert_true(cgroup_cpus(root) == 0); /* no files at all */
    put_file(root, "proc/self/cgroup", "garbage\n:\n::\n0::/\n");
    for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
        put_file(root, "sys/fs/cgroup/cpu.max", odd[i]);
        assert_true(cgroup_cpus(root) == 0);
    }
    temp_dir_done(&root);
}

static void affinity_counts(void **state)
{
    (void)state;
    cpu_set_t before, one;
    assert_int_equal(sched_getaffinity(0, sizeof(before), &before), 0);
    assert_in_range(cpu_count(), 1, (unsigned)CPU_COUNT(&before));
    CPU_ZERO(&one);
    for (int i = 0; i < CPU_SETSIZE; i++)
        if (CPU_ISSET(i, &before)) {
            CPU_SET(i, &one);
            break;
        }
    assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
    assert_int_equal(cpu_count(), 1);
    assert_int_equal(sched_setaffinity(0, sizeof(before), &before), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_strictest_quota_of_all_ancestors_counts),
        cmocka_unit_test(version_one_is_read_too),
        cmocka_unit_test(groups_that_are_not_mounted_are_passed_over),
        cmocka_unit_test(what_is_odd_is_no_limit),
        cmocka_unit_test(affinity_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
