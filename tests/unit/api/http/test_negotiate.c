#include "api/http/negotiate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define ARROW  "application/vnd.apache.arrow.stream"
#define OCTETS "application/octet-stream"

static void assert_form(const char *accept, enum accepted want)
{
    enum accepted form;
    assert_true(negotiate_rows(accept, &form));
    if (form != want)
        fail_msg("%s", accept ? accept : "(none)");
}

static void negotiate_answers_json_unless_asked_otherwise(void **state)
{
    (void)state;
    assert_form(NULL, ACCEPTS_JSON);
    assert_form("", ACCEPTS_JSON);
    assert_form(" ,", ACCEPTS_JSON);
    assert_form("*/*", ACCEPTS_JSON);
    assert_form("application/*", ACCEPTS_JSON);
    assert_form("application/json", ACCEPTS_JSON);
    assert_form("text/html, application/xhtml+xml, */*;q=0.8", ACCEPTS_JSON);
}

static void negotiate_answers_arrow_where_it_is_named(void **state)
{
    (void)state;
    assert_form(ARROW, ACCEPTS_ARROW);
    assert_form("Application/VND.apache.arrow.STREAM", ACCEPTS_ARROW);
    assert_form(OCTETS, ACCEPTS_OCTETS);
    assert_form(ARROW ", */*", ACCEPTS_ARROW);
    assert_form("*/*, " ARROW, ACCEPTS_ARROW);
    assert_form(ARROW "; codecs=\"zstd, lz4\"", ACCEPTS_ARROW);
    assert_form("application/json;q=0.5, " ARROW ";q=0.9", ACCEPTS_ARROW);
    assert_form(ARROW ";q=0.5, application/json", ACCEPTS_JSON);
    assert_form(ARROW ", application/json", ACCEPTS_ARROW);
    assert_form("application/json, " ARROW, ACCEPTS_JSON);
    assert_form("*/*;q=1, application/json;q=0", ACCEPTS_ARROW);
}

static void negotiate_refuses_what_it_does_not_have(void **state)
{
    (void)state;
    enum accepted form;
    const char *bad[] = {"text/html",
                         "application/xml, text/*",
                         "application/json;q=0",
                         "application/vnd.apache.arrow.file",
                         "*/*;q=0",
                         "application/jsonx",
                         ARROW ";q=0, text/plain"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(negotiate_rows(bad[i], &form));
}

static void negotiate_metrics_answers_openmetrics_to_prometheus(void **state)
{
    (void)state;
    assert_int_equal(negotiate_metrics(NULL), ACCEPTS_PROMETHEUS);
    assert_int_equal(negotiate_metrics("*/*"), ACCEPTS_PROMETHEUS);
    assert_int_equal(negotiate_metrics("text/html"), ACCEPTS_PROMETHEUS);
    assert_int_equal(negotiate_metrics("application/openmetrics-text;version=1.0.0,"
                                       "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"),
                     ACCEPTS_OPENMETRICS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(negotiate_answers_json_unless_asked_otherwise),
        cmocka_unit_test(negotiate_answers_arrow_where_it_is_named),
        cmocka_unit_test(negotiate_refuses_what_it_does_not_have),
        cmocka_unit_test(negotiate_metrics_answers_openmetrics_to_prometheus),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
