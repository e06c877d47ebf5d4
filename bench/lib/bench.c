#include "bench.h"

#include "base/file.h"
#include "base/mem.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/utsname.h>
#include <unistd.h>

void samples_add(struct samples *s, uint64_t ns)
{
    if (s->n == s->cap) {
        s->cap = s->cap ? s->cap * 2 : 1024;
        s->ns = mem_realloc(s->ns, s->cap * sizeof(*s->ns));
    }
    s->ns[s->n++] = ns;
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

double samples_us(struct samples *s, double q)
{
    if (s->n == 0)
        return 0;
    qsort(s->ns, s->n, sizeof(*s->ns), by_value);
    size_t i = (size_t)(q * (double)(s->n - 1) + 0.5);
    return (double)s->ns[i] / 1e3;
}

void samples_done(struct samples *s)
{
    free(s->ns);
    *s = (struct samples){0};
}

struct figures {
    char *bench;
    json_t *values;
};

struct figures *figures_new(const char *bench)
{
    struct figures *f = mem_zalloc(sizeof(*f));
    f->bench = mem_strdup(bench);
    f->values = json_object();
    return f;
}

void figures_add(struct figures *f, double value, const char *name, ...)
{
    char full[128];
    va_list ap;
    va_start(ap, name);
    vsnprintf(full, sizeof(full), name, ap);
    va_end(ap);
    json_object_set_new(f->values, full, json_real((double)(int64_t)(value * 10000 + 0.5) / 10000));
}

static json_t *machine(void)
{
    struct utsname u;
    uname(&u);
    char cpu[128] = "unknown", line[256];
    FILE *info = fopen("/proc/cpuinfo", "r");
    while (info && fgets(line, sizeof(line), info))
        if (sscanf(line, "model name : %127[^\n]", cpu) == 1)
            break;
    if (info)
        fclose(info);
    double gib = (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE) / (1u << 30);
    return json_pack("{s:s, s:i, s:f, s:s}", "cpu", cpu, "cores",
                     (int)sysconf(_SC_NPROCESSORS_ONLN), "memory_gib", gib, "kernel", u.release);
}

void figures_save(struct figures *f)
{
    char path[256];
    struct err err;
    bench_must(dir_make("build/bench", &err), &err);
    snprintf(path, sizeof(path), "build/bench/%s.json", f->bench);
    json_t *old = json_load_file(path, 0, NULL);
    json_t *kept = json_incref(json_object_get(old, "figures"));
    if (!kept)
        kept = json_object();
    json_object_update(kept, f->values);
    json_t *root = json_pack("{s:o, s:o}", "figures", kept, "machine", machine());
    if (json_dump_file(root, path, JSON_INDENT(2)) != 0)
        bench_fail("cannot write %s", path);
    printf("figures: %s\n", path);
    json_decref(root);
    json_decref(old);
    json_decref(f->values);
    free(f->bench);
    free(f);
}

const char *bench_count_name(uint64_t n, char out[static 24])
{
    if (n >= 1000000 && n % 1000000 == 0)
        snprintf(out, 24, "%lluM", (unsigned long long)(n / 1000000));
    else if (n >= 1000 && n % 1000 == 0)
        snprintf(out, 24, "%lluk", (unsigned long long)(n / 1000));
    else
        snprintf(out, 24, "%llu", (unsigned long long)n);
    return out;
}

void bench_fail(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    fputs("bench: ", stderr);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
    exit(1);
}

void bench_must(enum code rc, const struct err *err)
{
    if (rc)
        bench_fail("%s", err->msg);
}

uint64_t bench_random(uint64_t *state)
{
    uint64_t z = *state += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}
