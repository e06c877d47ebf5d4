#include "base/log_writer.h"

#include "test.h"
#include "base/buf.h"
#include "base/mem.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

static char *tell(uint64_t n_lines)
{
    struct buf line = {0};
    buf_printf(&line, "dropped %llu\n", (unsigned long long)n_lines);
    return (char *)buf_detach(&line);
}

/* A pipe whose reader reads when the test says so, and a writer into it. */
struct world {
    int fds[2];
    struct log_writer *w;
};

static void begin(struct world *world)
{
    struct err err;
    assert_int_equal(pipe2(world->fds, O_CLOEXEC), 0);
    assert_ok(log_writer_start(world->fds[1], tell, &world->w, &err));
}

/* More than a pipe and the memory for lines hold; what fits is put, the rest is dropped. */
static void put_lines(struct log_writer *w, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        char line[100];
        snprintf(line, sizeof(line), "line %080u\n", i);
        log_writer_put(w, view_cstr(line));
    }
}

static void read_to_end(int fd, struct buf *out)
{
    ssize_t n;
    while ((n = read(fd, buf_reserve(out, 65536), 65536)) > 0)
        out->len += (size_t)n;
}

static void *read_all(void *arg)
{
    struct buf *out = mem_zalloc(sizeof(*out));
    read_to_end(*(int *)arg, out);
    return out;
}

static void log_writer_writes_what_is_put(void **state)
{
    (void)state;
    struct world world;
    AUTO(buf) struct buf got = {0};
    begin(&world);
    put_lines(world.w, 100);
    assert_int_equal(log_writer_dropped(world.w), 0);
    assert_true(log_writer_stop(world.w, 60000));
    close(world.fds[1]);
    read_to_end(world.fds[0], &got);
    assert_int_equal(got.len, 100 * 86);
    close(world.fds[0]);
}

/* Nobody waits, lines stay whole, and the count of those that are missing is right. */
static void log_writer_drops_and_counts_what_nobody_reads(void **state)
{
    (void)state;
    enum { N = 50000 };
    struct world world;
    pthread_t reader;
    void *result;
    begin(&world);
    put_lines(world.w, N);
    uint64_t n_dropped = log_writer_dropped(world.w);
    assert_true(n_dropped > 0);
    assert_int_equal(pthread_create(&reader, NULL, read_all, &world.fds[0]), 0);
    assert_true(log_writer_stop(world.w, 60000));
    close(world.fds[1]);
    pthread_join(reader, &result);
    struct buf *got = result;
    uint64_t n_lines = 0, n_told = 0;
    char *line = (char *)(uintptr_t)buf_cstr(got);
    for (char *end; (end = strchr(line, '\n')); line = end + 1) {
        unsigned long long number;
        if (sscanf(line, "dropped %llu", &number) == 1)
            n_told += number;
        else
            n_lines += strncmp(line, "line ", 5) == 0 && end - line == 85;
    }
    assert_int_equal(n_told, n_dropped);
    assert_int_equal(n_lines + n_told, N);
    buf_done(got);
    free(got);
    close(world.fds[0]);
}

/* Where it is left behind it stays reachable, as it does in the program. */
static void log_writer_ends_although_nobody_reads(void **state)
{
    (void)state;
    static struct world world;
    begin(&world);
    put_lines(world.w, 50000);
    assert_false(log_writer_stop(world.w, 50));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(log_writer_writes_what_is_put),
        cmocka_unit_test(log_writer_drops_and_counts_what_nobody_reads),
        cmocka_unit_test(log_writer_ends_although_nobody_reads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
