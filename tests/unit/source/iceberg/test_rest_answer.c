#include "source/iceberg/rest_answer.h"

#include "base/mem.h"

#include "test.h"

static const char table[] =
    " { \"other\" : [ {\"x\":\"]\"}, 1 ], \"metadata\" : { \"q\" : \"\\\"}\" } ,\n"
    "\"config\":{\"token\":\"t\"},\"metadata-location\":\"s3:\\/\\/b\",\"storage-credentials\":"
    "[{\"prefix\":\"s3://b/\",\"config\":{\"s3.access-key-id\":\"a\",\"s3.secret-access-key\":"
    "\"b\",\"expiration-time\":1795305600000}}]} ";

static void a_table_is_read_wherever_its_members_are(void **state)
{
    (void)state;
    struct err err;
    AUTO(rest_table) struct rest_table t = {0};
    assert_ok(rest_table_parse(view_cstr(table), &t, &err));
    assert_string_equal(buf_cstr(&t.answer.metadata), "{ \"q\" : \"\\\"}\" }");
    assert_string_equal(t.answer.metadata_location, "s3://b");
    assert_string_equal(t.token, "t");
    assert_int_equal(t.answer.n_vended, 1);
    assert_true(t.answer.vended[0].expires_at_ms == 1795305600000);
}

static void every_cut_of_a_table_is_refused(void **state)
{
    (void)state;
    struct err err;
    for (size_t len = 0; len + 1 < strlen(table); len++) {
        struct rest_table t = {0};
        char *copy = mem_strndup(table, len); /* so that a read beyond it is seen */
        if (rest_table_parse(view_of(copy, len), &t, &err) != E_CORRUPT)
            fail_msg("taken: the first %zu bytes", len);
        assert_null(t.answer.metadata.ptr);
        free(copy);
    }
}

static void refusals_are_read_in_the_forms_that_servers_have(void **state)
{
    (void)state;
    const char *cases[][2] = {
        {"{\"error\":{\"message\":\"m\",\"type\":\"T\",\"code\":404}}", "T: m"},
        {"{\"error\":\"invalid_client\",\"error_description\":\"d\"}", "invalid_client: d"},
        {"{\"__type\":\"AccessDeniedException\",\"Message\":\"m\"}", "AccessDeniedException: m"},
        {"{\"message\":\"a\\nb\"}", "a\\x0ab"},
        {"{\"detail\":\"d\"}", "d"},
        {"{}", ""},
        {"<html>", ""},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char out[REST_REFUSAL_CAP];
        bool is = rest_refusal(view_cstr(cases[i][0]), out);
        assert_string_equal(out, cases[i][1]);
        assert_int_equal(is, cases[i][1][0] != 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_table_is_read_wherever_its_members_are),
        cmocka_unit_test(every_cut_of_a_table_is_refused),
        cmocka_unit_test(refusals_are_read_in_the_forms_that_servers_have),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
