#include "bench_source.h"

#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void bench_source_make(uint64_t n_rows, enum bench_source kind, char out_dir[static 4096])
{
    static const char *const names[] = {"plain", "dictionary", "checked"};
    char command[16384], success[8192], count[24];
    snprintf(out_dir, 4096, "build/bench/data/parquet-%s-%s", names[kind],
             bench_count_name(n_rows, count));
    snprintf(success, sizeof(success), "%s/2026-01-01/_SUCCESS", out_dir);
    if (access(success, F_OK) == 0)
        return;
    fprintf(stderr, "making %s\n", out_dir);
    snprintf(command, sizeof(command),
             "tools/setup-python && build/venv/bin/python bench/make_parquet.py %s %llu %s",
             out_dir, (unsigned long long)n_rows, names[kind]);
    if (system(command) != 0)
        bench_fail("cannot make %s", out_dir);
}
