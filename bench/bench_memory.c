/*
 * bench-memory: bytes a row on disk, and resident in a `murr serve` that has copied the table to
 * memory: its resident set, and what the page cache still holds of the files. Against the bytes of
 * keys and values.
 */
#include "base/file.h"
#include "base/mem.h"
#include "bench.h"
#include "bench_table.h"
#include "child.h"
#include "fetch.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ROW_BYTES = BENCH_KEY_BYTES + FETCH_COLUMNS * 4, PAGE = 4096 };

static uint64_t resident_bytes(pid_t pid)
{
    char path[64], line[256];
    unsigned long long kib = 0;
    snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
    FILE *f = fopen(path, "r");
    while (f && fgets(line, sizeof(line), f))
        if (sscanf(line, "VmRSS: %llu", &kib) == 1)
            break;
    if (f)
        fclose(f);
    return kib * 1024;
}

/* Bytes of a file, and of it in the page cache. */
static void measure_file(const char *path, uint64_t *bytes, uint64_t *cached)
{
    struct stat st;
    int fd = open(path, O_RDONLY);
    if (fd < 0 || fstat(fd, &st) < 0)
        bench_fail("cannot open %s", path);
    size_t n_pages = ((size_t)st.st_size + PAGE - 1) / PAGE;
    unsigned char *in_core = mem_zalloc(n_pages);
    void *map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED || mincore(map, (size_t)st.st_size, in_core) < 0)
        bench_fail("cannot look at %s", path);
    for (size_t i = 0; i < n_pages; i++)
        *cached += (uint64_t)(in_core[i] & 1) * PAGE;
    *bytes += (uint64_t)st.st_size;
    munmap(map, (size_t)st.st_size);
    free(in_core);
    close(fd);
}

static void measure_files(const char *dir, uint64_t *bytes, uint64_t *cached)
{
    char generation[4200], path[4500];
    AUTO(dir_names) struct dir_names names = {0};
    struct err err;
    snprintf(generation, sizeof(generation), "%s/bench/0000000001", dir);
    bench_must(dir_list(generation, &names, &err), &err);
    for (size_t i = 0; i < names.n; i++) {
        snprintf(path, sizeof(path), "%s/%s", generation, names.names[i]);
        measure_file(path, bytes, cached);
    }
}

int main(int argc, char **argv)
{
    uint64_t n_rows = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000, bytes = 0, cached = 0;
    const struct bench_table table = {n_rows, FETCH_COLUMNS, false};
    char dir[4096], count[24];
    bench_table_make(&table, dir);
    struct fetch_server s = fetch_server_start("memory-server", dir, NULL, "memory", 0);
    fetch_server_settle("memory-server");
    uint64_t resident = resident_bytes(s.pid);
    measure_files(dir, &bytes, &cached);
    child_stop(s.pid);
    double data = (double)n_rows * ROW_BYTES, rows = (double)n_rows;
    bench_count_name(n_rows, count);
    printf("%s rows of %d bytes of key and values\n%-22s %10s %8s\n", count, ROW_BYTES, "",
           "bytes/row", "ratio");
    printf("%-22s %10.1f %8.3f\n", "on disk", (double)bytes / rows, (double)bytes / data);
    printf("%-22s %10.1f %8.3f\n", "resident in the server", (double)resident / rows,
           (double)resident / data);
    printf("%-22s %10.1f %8.3f\n", "left in the page cache", (double)cached / rows,
           (double)cached / data);
    struct figures *figures = figures_new("memory");
    figures_add(figures, (double)bytes / data, "memory.ratio.%s", count);
    figures_add(figures, (double)(resident + cached) / data, "memory.resident_ratio.%s", count);
    figures_add(figures, (double)bytes / data, "memory.ratio");
    figures_add(figures, (double)(resident + cached) / data, "memory.resident_ratio");
    figures_add(figures, (double)bytes / rows, "memory.bytes_per_row.%s", count);
    figures_save(figures);
    return 0;
}
