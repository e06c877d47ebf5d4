/*
 * The decoder's half of bench_parquet.py: names of Parquet files come on stdin, one a line; for
 * each the nanoseconds that decoding every value of it took go to stdout. A file is read into
 * memory first, and the last ones stay there, so that only decoding is timed.
 */
#include "bench.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "format/parquet/reader.h"

#include <stdio.h>

enum { vector_rows = 512 };

struct input {
    char path[PATH_CAP];
    struct buf bytes;
    struct pq_file *pq;
};

static void input_open(struct input *f, const char *path)
{
    struct err err;
    struct pq_limits limits = pq_limits_default();
    uint64_t off;
    uint32_t len;
    bench_must(path_format(f->path, &err, "%s", path), &err);
    bench_must(file_read(path, (size_t)2 << 30, &f->bytes, &err), &err);
    struct view all = buf_view(&f->bytes);
    bench_must(pq_footer_locate(all, all.len, &limits, &off, &len, &err), &err);
    bench_must(pq_file_parse(view_of(all.ptr + off, len), all.len, &limits, &f->pq, &err), &err);
}

static void input_close(struct input *f)
{
    pq_file_free(f->pq);
    buf_done(&f->bytes);
    *f = (struct input){0};
}

static uint64_t decode_chunk(const struct input *f, struct pq_chunk *c, size_t group, size_t column,
                             struct vector *v)
{
    struct err err;
    uint64_t off, len, n_rows = 0;
    bench_must(pq_chunk_range(f->pq, group, column, &off, &len, &err), &err);
    bench_must(pq_chunk_start(c, f->pq, group, column, view_of(f->bytes.ptr + off, len), &err),
               &err);
    do {
        bench_must(pq_chunk_read(c, v, &err), &err);
        n_rows += v->n;
    } while (v->n);
    return n_rows;
}

static void decode(const struct input *f)
{
    uint64_t n_rows = 0;
    for (size_t i = 0; i < pq_file_n_columns(f->pq); i++) {
        struct pq_chunk *c = pq_chunk_new();
        struct vector v;
        vector_init(&v, &pq_file_column(f->pq, i)->type, vector_rows);
        for (size_t g = 0; g < pq_file_n_row_groups(f->pq); g++)
            n_rows += decode_chunk(f, c, g, i, &v);
        vector_done(&v);
        pq_chunk_free(c);
    }
    if (n_rows != pq_file_n_rows(f->pq) * pq_file_n_columns(f->pq))
        bench_fail("%s: %llu values", f->path, (unsigned long long)n_rows);
}

int main(void)
{
    struct input f = {0};
    char line[PATH_CAP];
    while (fgets(line, sizeof(line), stdin)) {
        line[strcspn(line, "\n")] = '\0';
        if (!f.pq || strcmp(f.path, line) != 0) {
            input_close(&f);
            input_open(&f, line);
        }
        uint64_t started = clock_mono_ns();
        decode(&f);
        printf("%llu\n", (unsigned long long)(clock_mono_ns() - started));
        fflush(stdout);
    }
    input_close(&f);
    return 0;
}
