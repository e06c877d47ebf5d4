/*
 * bench-disk: a table four times as large as the memory that this process may use (a memory
 * cgroup), read from the mapped files and with rows read ahead: 1,000 random keys x 10 float32 a
 * request. The machine must let us make a cgroup (root, version 1 or 2); otherwise the benchmark
 * says so and measures nothing.
 */
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "bench.h"
#include "bench_table.h"
#include "engine/store/answer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { N_KEYS = 1000, N_COLUMNS = 10, ROUNDS = 200 };
static const uint64_t longest_ns = 20000000000u; /* of reading one way; at least three requests */

/* Where cgroups of either version are made, and how a limit is set there. */
static const struct {
    const char *dir, *limit;
} cgroups[] = {{"/sys/fs/cgroup/memory/murr-bench", "memory.limit_in_bytes"},
               {"/sys/fs/cgroup/murr-bench", "memory.max"}};

static bool write_text(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY);
    bool written = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
    if (fd >= 0)
        close(fd);
    return written;
}

/* Enter a cgroup of so many bytes; false where that is not allowed. */
static bool enter_cgroup(uint64_t limit, const char **out_dir)
{
    char path[256], text[32];
    for (size_t i = 0; i < 2; i++) {
        if (mkdir(cgroups[i].dir, 0755) < 0 && errno != EEXIST)
            continue;
        *out_dir = cgroups[i].dir;
        snprintf(path, sizeof(path), "%s/%s", cgroups[i].dir, cgroups[i].limit);
        snprintf(text, sizeof(text), "%llu", (unsigned long long)limit);
        if (!write_text(path, text))
            continue;
        snprintf(path, sizeof(path), "%s/cgroup.procs", cgroups[i].dir);
        snprintf(text, sizeof(text), "%d", (int)getpid());
        if (write_text(path, text))
            return true;
    }
    return false;
}

static void drop_files(const char *dir)
{
    char command[4200];
    snprintf(command, sizeof(command),
             "for f in %s/bench/*/*.seg; do dd of=$f oflag=nocache conv=notrunc,fdatasync count=0 "
             "status=none; done",
             dir);
    if (system(command) != 0)
        bench_fail("cannot drop %s from the page cache", dir);
}

/* Median and 99th percentile in microseconds, by a process of its own inside the cgroup; false: no
 * cgroup. */
struct result {
    double p50, p99;
};

static void read_all(uint64_t n_rows, enum storage_kind storage, struct result *out)
{
    struct err err;
    const struct bench_table table = {n_rows, N_COLUMNS, false};
    char dir[4096];
    struct snapshot *s;
    bench_table_make(&table, dir);
    bench_must(snapshot_open_live(dir, "bench", storage, &s, &err), &err);
    struct arena arena = {0}, columns_arena = {0};
    struct projection columns;
    struct samples times = {0};
    static char text[N_KEYS][BENCH_KEY_BYTES + 1];
    static uint64_t rows[N_KEYS];
    static struct view keys[N_KEYS];
    uint64_t random = 17, begin = clock_mono_ns();
    bench_must(projection_resolve(snapshot_schema(s), NULL, 0, &columns_arena, &columns, &err),
               &err);
    for (int round = 0; round < ROUNDS; round++) {
        if (round >= 3 && clock_mono_ns() - begin > longest_ns)
            break;
        struct answer answer;
        const struct answer_request wanted = {
            .keys = {keys, N_KEYS}, .columns = &columns, .max_bytes = ANSWER_BYTES_MAX};
        for (size_t i = 0; i < N_KEYS; i++) {
            rows[i] = bench_random(&random) % n_rows;
            bench_key(rows[i], text[i]);
            keys[i] = view_of(text[i], BENCH_KEY_BYTES);
        }
        arena_reset(&arena);
        uint64_t start = clock_mono_ns();
        bench_must(answer_read(s, &wanted, &arena, &answer, &err), &err);
        samples_add(&times, clock_mono_ns() - start);
        for (size_t c = 0; c < N_COLUMNS; c++)
            bench_check_values(rows, N_KEYS,
                               (const float *)(const void *)answer.stream.columns[c].data, c);
        ipc_stream_done(&answer.stream);
    }
    *out = (struct result){samples_us(&times, 0.5), samples_us(&times, 0.99)};
}

static bool measure(uint64_t n_rows, enum storage_kind storage, uint64_t limit, struct result *out)
{
    int ends[2], status;
    const char *cgroup = NULL;
    if (pipe(ends) < 0)
        bench_fail("pipe: %s", strerror(errno));
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        struct result result = {0};
        if (!enter_cgroup(limit, &cgroup))
            _exit(77);
        read_all(n_rows, storage, &result);
        _exit(write(ends[1], &result, sizeof(result)) == sizeof(result) ? 0 : 1);
    }
    close(ends[1]);
    bool whole = read(ends[0], out, sizeof(*out)) == sizeof(*out);
    close(ends[0]);
    waitpid(pid, &status, 0);
    for (size_t i = 0; i < 2; i++)
        rmdir(cgroups[i].dir);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
        return false;
    if (!whole)
        bench_fail("the reading process ended with status %d", status);
    return true;
}

int main(int argc, char **argv)
{
    uint64_t n_rows = argc > 1 ? strtoull(argv[1], NULL, 10) : 10000000;
    const struct bench_table table = {n_rows, N_COLUMNS, false};
    static const char *const names[] = {"mmap", "disk"};
    static const enum storage_kind kinds[] = {STORAGE_MMAP, STORAGE_DISK};
    char dir[4096], count[24];
    bench_table_make(&table, dir);
    uint64_t limit = n_rows * 65 / 4;
    struct figures *figures = figures_new("disk");
    bench_count_name(n_rows, count);
    printf("%s rows, %.0f MB, memory for %.0f MB\n%-8s %10s %10s\n", count,
           (double)n_rows * 65 / 1e6, (double)limit / 1e6, "storage", "p50 us", "p99 us");
    for (size_t i = 0; i < 2; i++) {
        struct result r;
        drop_files(dir);
        if (!measure(n_rows, kinds[i], limit, &r)) {
            printf("skipped: no memory cgroup can be made here\n");
            break;
        }
        printf("%-8s %10.0f %10.0f\n", names[i], r.p50, r.p99);
        figures_add(figures, r.p50, "disk.p50_us.%s.%s", names[i], count);
        figures_add(figures, r.p99, "disk.p99_us.%s.%s", names[i], count);
    }
    figures_save(figures);
    return 0;
}
