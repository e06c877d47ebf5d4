#include "base/metrics.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <pthread.h>

static void metrics_print_as_prometheus_reads_them(void **state)
{
    (void)state;
    static const uint64_t bounds[] = {1, 10};
    struct metrics *m = metrics_new();
    AUTO(buf) struct buf out = {0};
    struct counter *a = metrics_counter(m, "murr_a_total", "How many.", "k=\"1\"");
    struct counter *b = metrics_counter(m, "murr_a_total", "How many.", "k=\"2\"");
    struct histogram *h = metrics_histogram(m, "murr_h", "How large.", "", bounds, 2, 0.5);
    counter_add(a, 3);
    counter_add(b, 1);
    histogram_observe(h, 1);
    histogram_observe(h, 7);
    histogram_observe(h, 11);
    metrics_put(&out, m, METRICS_PROMETHEUS);
    metrics_put_end(&out, METRICS_PROMETHEUS);
    assert_string_equal(buf_cstr(&out), "# HELP murr_a_total How many.\n"
                                        "# TYPE murr_a_total counter\n"
                                        "murr_a_total{k=\"1\"} 3\n"
                                        "murr_a_total{k=\"2\"} 1\n"
                                        "# HELP murr_h How large.\n"
                                        "# TYPE murr_h histogram\n"
                                        "murr_h_bucket{le=\"0.5\"} 1\n"
                                        "murr_h_bucket{le=\"5\"} 2\n"
                                        "murr_h_bucket{le=\"+Inf\"} 3\n"
                                        "murr_h_sum 9.5\n"
                                        "murr_h_count 3\n");
    metrics_free(m);
}

static void metrics_print_as_openmetrics_wants_them(void **state)
{
    (void)state;
    struct metrics *m = metrics_new();
    AUTO(buf) struct buf out = {0};
    counter_add(metrics_counter(m, "murr_a_total", "How many.", ""), 1);
    metrics_put(&out, m, METRICS_OPENMETRICS);
    metrics_put_end(&out, METRICS_OPENMETRICS);
    assert_string_equal(buf_cstr(&out), "# HELP murr_a How many.\n"
                                        "# TYPE murr_a counter\n"
                                        "murr_a_total 1\n"
                                        "# EOF\n");
    metrics_free(m);
}

static void metrics_escape_labels(void **state)
{
    (void)state;
    AUTO(buf) struct buf out = {0};
    metrics_put_label(&out, "error", "a \"b\" \\ c\nd");
    assert_string_equal(buf_cstr(&out), "error=\"a \\\"b\\\" \\\\ c\\nd\"");
}

static void *add_many(void *counter)
{
    for (size_t i = 0; i < 10000; i++)
        counter_add(counter, 1);
    return NULL;
}

static void metrics_lose_nothing_between_threads(void **state)
{
    (void)state;
    struct metrics *m = metrics_new();
    struct counter *c = metrics_counter(m, "x_total", "x", "");
    pthread_t threads[12];
    for (size_t i = 0; i < 12; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, add_many, c), 0);
    for (size_t i = 0; i < 12; i++)
        pthread_join(threads[i], NULL);
    AUTO(buf) struct buf out = {0};
    metrics_put(&out, m, METRICS_PROMETHEUS);
    assert_non_null(strstr(buf_cstr(&out), "\nx_total 120000\n"));
    metrics_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(metrics_print_as_prometheus_reads_them),
        cmocka_unit_test(metrics_print_as_openmetrics_wants_them),
        cmocka_unit_test(metrics_escape_labels),
        cmocka_unit_test(metrics_lose_nothing_between_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
