/*
 * bench-reload: fetches of one client while the table is loaded anew and swapped, again and again,
 * beside the same client while nothing happens; windows of both in turn. No request may fail, every
 * value is checked.
 */
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "bench.h"
#include "bench_source.h"
#include "bench_table.h"
#include "child.h"
#include "fetch.h"

#include <stdio.h>
#include <unistd.h>

enum { N_KEYS = 1000, WINDOWS = 5, WINDOW_MS = 4000 };

struct run {
    int fd;
    const char *source, *parquet;
    uint64_t n_rows, random;
    unsigned n_published;
    struct fetch_request request;
    struct fetch_answer answer;
};

/* A new partition that holds the same files. */
static void publish(struct run *r)
{
    char command[4096];
    unsigned day = 1 + r->n_published++;
    snprintf(command, sizeof(command),
             "mkdir -p %s/.new && cp -l %s/2026-01-01/*.parquet %s/.new/ && touch %s/.new/_SUCCESS "
             "&& mv %s/.new %s/2026-%02u-%02u",
             r->source, r->parquet, r->source, r->source, r->source, r->source, 1 + day / 28,
             1 + day % 28);
    if (system(command) != 0)
        bench_fail("cannot publish in %s", r->source);
}

/* The partition that serves, as /readyz tells; "" while there is none. */
static void partition(unsigned port, char out[16])
{
    int fd = child_connect(0, port);
    static const char request[] =
        "GET /readyz?verbose HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    char text[65536];
    size_t len = 0;
    ssize_t n;
    fetch_send(fd, request, sizeof(request) - 1);
    while ((n = read(fd, text + len, sizeof(text) - 1 - len)) > 0)
        len += (size_t)n;
    text[len] = '\0';
    close(fd);
    const char *at = strstr(text, "\"partition\":");
    out[0] = '\0';
    if (at)
        sscanf(at + 12, " \"%15[0-9-]\"", out);
}

static void wait_for_change(unsigned port, const char *before)
{
    for (int i = 0; i < 6000; i++) {
        char now[16];
        partition(port, now);
        if (now[0] && strcmp(now, before) != 0)
            return;
        usleep(20000);
    }
    bench_fail("no partition but '%s' is loaded", before);
}

/* Fetch for a while; with `reloading`, publish as soon as the last publication serves. Returns
 * reloads. */
static unsigned window(struct run *r, unsigned port, bool reloading, struct samples *times)
{
    unsigned n_reloads = 0;
    char before[16], now[16];
    uint64_t start = clock_mono_ns(), asked = start;
    partition(port, before);
    if (reloading)
        publish(r);
    while (clock_mono_ns() - start < WINDOW_MS * 1000000ull) {
        fetch_request_make(&r->request, FETCH_JSON, N_KEYS, r->n_rows, &r->random);
        samples_add(times, fetch_time(r->fd, &r->request, &r->answer));
        if (!reloading || clock_mono_ns() - asked < 20000000)
            continue;
        asked = clock_mono_ns();
        partition(port, now);
        if (strcmp(now, before) != 0) {
            n_reloads++;
            strcpy(before, now);
            publish(r);
        }
    }
    if (reloading)
        wait_for_change(port, before);
    return n_reloads;
}

int main(int argc, char **argv)
{
    uint64_t n_rows = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000;
    struct err err;
    char parquet[4096];
    struct run *r = mem_zalloc(sizeof(*r));
    *r = (struct run){.source = "build/bench/data/reload-source", .n_rows = n_rows, .random = 9};
    bench_source_make(n_rows, BENCH_SOURCE_CHECKED, parquet);
    r->parquet = parquet;
    bench_must(tree_remove(r->source, &err), &err);
    bench_must(tree_remove("build/bench/data/reload", &err), &err);
    bench_must(dir_make(r->source, &err), &err);
    publish(r);
    struct fetch_server s =
        fetch_server_start("reload-server", "build/bench/data/reload", r->source, "memory", 0);
    wait_for_change(s.port, "");
    r->fd = child_connect(s.pid, s.port);
    struct samples quiet = {0}, reloading = {0};
    unsigned n_reloads = 0;
    for (int i = 0; i < WINDOWS; i++) {
        window(r, s.port, false, &quiet);
        n_reloads += window(r, s.port, true, &reloading);
    }
    child_stop(s.pid);
    char count[24];
    bench_count_name(n_rows, count);
    double ratio = samples_us(&reloading, 0.99) / samples_us(&quiet, 0.99);
    printf("%s rows, %u reloads, no request failed\n%-10s %10s %10s %10s %10s\n", count, n_reloads,
           "", "requests", "p50 us", "p99 us", "p99.9 us");
    printf("%-10s %10zu %10.1f %10.1f %10.1f\n", "quiet", quiet.n, samples_us(&quiet, 0.5),
           samples_us(&quiet, 0.99), samples_us(&quiet, 0.999));
    printf("%-10s %10zu %10.1f %10.1f %10.1f\np99 ratio %.2f\n", "reloading", reloading.n,
           samples_us(&reloading, 0.5), samples_us(&reloading, 0.99), samples_us(&reloading, 0.999),
           ratio);
    struct figures *figures = figures_new("reload");
    figures_add(figures, ratio, "reload.ratio_p99");
    figures_add(figures, samples_us(&quiet, 0.99), "reload.p99_us.quiet");
    figures_add(figures, samples_us(&reloading, 0.99), "reload.p99_us.reloading");
    figures_add(figures, n_reloads, "reload.n");
    figures_save(figures);
    return 0;
}
