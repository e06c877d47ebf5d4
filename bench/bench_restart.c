/*
 * bench-restart: from starting `murr serve` on a data directory to its first right answer, page
 * cache warm; the copy to memory runs behind it. Then until it serves from memory.
 */
#include "base/clock.h"
#include "base/mem.h"
#include "bench.h"
#include "bench_table.h"
#include "child.h"
#include "fetch.h"

#include <stdio.h>
#include <unistd.h>

enum { ROUNDS = 5, N_KEYS = 1000 };

static double ready_ms(const char *dir, uint64_t n_rows, uint64_t *random)
{
    struct fetch_request r = {0};
    struct fetch_answer *a = mem_zalloc(sizeof(*a));
    fetch_request_make(&r, FETCH_JSON, N_KEYS, n_rows, random);
    bench_table_warm(dir);
    uint64_t start = clock_mono_ns();
    struct fetch_server s = fetch_server_start("restart-server", dir, NULL, "memory", 0);
    int fd = child_connect(s.pid, s.port);
    fetch_time(fd, &r, a);
    double ms = (double)(clock_mono_ns() - start) / 1e6;
    close(fd);
    child_stop(s.pid);
    fetch_request_done(&r);
    free(a);
    return ms;
}

int main(int argc, char **argv)
{
    uint64_t n_rows = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000, random = 5;
    const struct bench_table table = {n_rows, FETCH_COLUMNS, false};
    char dir[4096], count[24];
    bench_table_make(&table, dir);
    struct samples times = {0};
    for (int i = 0; i < ROUNDS; i++)
        samples_add(&times, (uint64_t)(ready_ms(dir, n_rows, &random) * 1e6));
    double ms = samples_us(&times, 0.5) / 1e3, worst = samples_us(&times, 1) / 1e3;
    bench_count_name(n_rows, count);
    printf("%s rows: start to first answer %.0f ms (median of %d), %.0f ms at most\n", count, ms,
           ROUNDS, worst);
    struct figures *figures = figures_new("restart");
    figures_add(figures, ms, "restart.ready_ms.%s", count);
    if (n_rows == 100000000)
        figures_add(figures, ms, "restart.ready_ms");
    figures_save(figures);
    samples_done(&times);
    return 0;
}
