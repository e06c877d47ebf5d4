#include "format/json/fetch_request.h"

#include "fetch_oracle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdio.h>
#include <time.h>

static const struct fetch_limits roomy = {1000, 1000};

/* The code for a body by oracle schema `i`; the body is copied to exactly its size, so that one
 * byte too many is seen by AddressSanitizer. */
static enum code code_of(size_t i, struct view body)
{
    struct schema schema;
    struct fetch_request got;
    AUTO(arena) struct arena arena = {0};
    AUTO(ptr) uint8_t *exact = mem_alloc(body.len);
    if (body.len)
        memcpy(exact, body.ptr, body.len);
    oracle_schema(i, &schema);
    enum code rc =
        fetch_request_parse(view_of(exact, body.len), &schema, &roomy, &arena, &got, NULL);
    schema_done(&schema);
    return rc;
}

static void assert_refused(size_t i, const char *body, enum code code, const char *want)
{
    struct schema schema;
    oracle_schema(i, &schema);
    AUTO(arena) struct arena arena = {0};
    struct fetch_request got = {.n_columns = 77};
    struct err err;
    const struct fetch_limits limits = {3, 2};
    if (fetch_request_parse(view_cstr(body), &schema, &limits, &arena, &got, &err) != code)
        fail_msg("%s", body);
    assert_string_equal(err.msg, want);
    assert_int_equal(got.n_columns, 77);
    schema_done(&schema);
}

static void fetch_request_reads_keys_and_columns(void **state)
{
    (void)state;
    struct schema schema;
    oracle_schema(0, &schema);
    AUTO(arena) struct arena arena = {0};
    struct fetch_request got;
    struct err err;
    const char *body =
        " { \"columns\" : [ \"x\" , \"y\\n\" ] , \"keys\" : [ \"a\" , \"\\u00fc\" ] } ";
    assert_int_equal(fetch_request_parse(view_cstr(body), &schema, &roomy, &arena, &got, &err), OK);
    assert_int_equal(got.keys.n, 2);
    assert_int_equal(got.n_columns, 2);
    assert_true(view_eq_cstr(got.keys.keys[0], "a"));
    assert_true(view_eq_cstr(got.keys.keys[1], "\xc3\xbc"));
    assert_true(view_eq_cstr(got.columns[1], "y\n"));
    assert_ptr_equal(got.keys.keys[0].ptr, strstr(body, "a\" ,")); /* not copied */
    schema_done(&schema);
}

static void fetch_request_takes_absent_and_empty_lists(void **state)
{
    (void)state;
    struct schema schema;
    oracle_schema(0, &schema);
    AUTO(arena) struct arena arena = {0};
    struct fetch_request got;
    struct err err;
    const char *bodies[] = {"{\"keys\":[]}", "{\"keys\":[],\"columns\":[]}"};
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(
            fetch_request_parse(view_cstr(bodies[i]), &schema, &roomy, &arena, &got, &err), OK);
        assert_int_equal(got.keys.n, 0);
        assert_int_equal(got.n_columns, 0);
    }
    schema_done(&schema);
}

static void fetch_request_says_where_and_what_is_wrong(void **state)
{
    (void)state;
    assert_refused(0, "", E_INVALID, "malformed body at byte 0: expected '{', found the end");
    assert_refused(0, "[]", E_INVALID, "malformed body at byte 0: expected '{', found an array");
    assert_refused(0, "{}", E_INVALID, "the body has no \"keys\"");
    assert_refused(0, "{\"keys\":[]} x", E_INVALID,
                   "malformed body at byte 12: more bytes after the end of the object");
    assert_refused(0, "{\"keys\":[],}", E_INVALID,
                   "malformed body at byte 11: expected the name of a member");
    assert_refused(
        0, "{\"keys\":[\"a\",]}", E_INVALID,
        "malformed body at byte 13: key 1: expected a string for column id (utf8), found "
        "punctuation");
    assert_refused(0, "{\"keys\":[\"a\" \"b\"]}", E_INVALID,
                   "malformed body at byte 13: expected ',' or ']', found a string");
    assert_refused(0, "{\"keys\":{}}", E_INVALID,
                   "malformed body at byte 8: keys: expected an array, found an object");
    assert_refused(0, "{\"keys\":[null]}", E_INVALID,
                   "malformed body at byte 9: key 0: expected a string for column id (utf8), found "
                   "null");
    assert_refused(0, "{\"keys\":[1]}", E_INVALID,
                   "malformed body at byte 9: key 0: expected a string for column id (utf8), found "
                   "a number");
    assert_refused(
        1, "{\"keys\":[\"1\"]}", E_INVALID,
        "malformed body at byte 9: key 0: expected a whole number for column id (int32), "
        "found a string");
    assert_refused(1, "{\"keys\":[2147483648]}", E_INVALID,
                   "malformed body at byte 9: 2147483648 is out of range for int32");
    assert_refused(2, "{\"keys\":[-1]}", E_INVALID,
                   "malformed body at byte 9: -1 is out of range for uint8");
    assert_refused(1, "{\"keys\":[1.0]}", E_INVALID,
                   "malformed body at byte 9: expected a whole number, found a fraction");
    assert_refused(1, "{\"keys\":[01]}", E_INVALID,
                   "malformed body at byte 9: expected a whole number");
    assert_refused(
        4, "{\"keys\":[\"UA\"]}", E_INVALID,
        "malformed body at byte 9: key 0: expected an array of 3 values, found a string");
    assert_refused(4, "{\"keys\":[[\"UA\",1]]}", E_INVALID,
                   "malformed body at byte 16: key 0: expected an array of 3 values");
    assert_refused(0, "{\"keys\":[],\"kyes\":[]}", E_INVALID,
                   "malformed body at byte 11: unknown member \"kyes\"; known are \"keys\" and "
                   "\"columns\"");
    assert_refused(0, "{\"keys\":[],\"keys\":[]}", E_INVALID,
                   "malformed body at byte 11: \"keys\" is given twice");
    assert_refused(0, "{\"columns\":[],\"columns\":[]}", E_INVALID,
                   "malformed body at byte 14: \"columns\" is given twice");
    assert_refused(0, "{\"columns\":[1],\"keys\":[]}", E_INVALID,
                   "malformed body at byte 12: columns: expected a string, found a number");
    assert_refused(0, "{\"keys\":[\"a\n\"]}", E_INVALID,
                   "malformed body at byte 11: a control byte inside a string");
    assert_refused(0, "{\"keys\":[\"\\x\"]}", E_INVALID,
                   "malformed body at byte 10: not a JSON escape");
    assert_refused(0, "{\"keys\":[\"\\ud800\"]}", E_INVALID,
                   "malformed body at byte 10: not a JSON escape");
    assert_refused(0, "{\"keys\":[\"\xff\"]}", E_INVALID,
                   "malformed body at byte 10: a string that is not UTF-8");
    assert_refused(0, "{\"keys\":[\"abc", E_INVALID,
                   "malformed body at byte 13: a string that does not end");
}

static void fetch_request_takes_a_nul_for_no_space(void **state)
{
    (void)state;
    assert_int_equal(code_of(1, view_of("{\"keys\":[1\0]}", 13)), E_INVALID);
    assert_int_equal(code_of(1, view_of("{\"keys\":[1]}\0", 13)), E_INVALID);
    assert_int_equal(code_of(1, view_of("{\"keys\":[1]}", 12)), OK);
    assert_int_equal(code_of(0, view_of("{\"keys\":[\"a\0\"]}", 15)), E_INVALID);
}

static void fetch_request_keeps_the_limits(void **state)
{
    (void)state;
    assert_refused(0, "{\"keys\":[\"1\",\"2\",\"3\",\"4\"]}", E_LIMIT,
                   "more than 3 keys in one request");
    assert_refused(0, "{\"columns\":[\"1\",\"2\",\"3\"],\"keys\":[]}", E_LIMIT,
                   "more than 2 columns in one request");
}

static void fetch_request_takes_the_ends_of_64_bits(void **state)
{
    (void)state;
    struct schema schema = {0};
    schema_add_plain(&schema, view_cstr("id"), DT_UINT64, false);
    schema_add_key(&schema, 0);
    AUTO(arena) struct arena arena = {0};
    struct fetch_request got;
    struct err err;
    assert_int_equal(fetch_request_parse(view_cstr("{\"keys\":[18446744073709551615]}"), &schema,
                                         &roomy, &arena, &got, &err),
                     OK);
    uint64_t most;
    memcpy(&most, got.keys.keys[0].ptr, sizeof(most));
    assert_true(most == UINT64_MAX);
    assert_int_equal(fetch_request_parse(view_cstr("{\"keys\":[18446744073709551616]}"), &schema,
                                         &roomy, &arena, &got, &err),
                     E_INVALID);
    schema_done(&schema);
}

static void fetch_request_cut_at_any_byte_is_a_clean_error(void **state)
{
    (void)state;
    const char *bodies[ORACLE_N_SCHEMAS] = {
        "{\"keys\": [\"abc\", \"\\ud83d\\ude00\\n\"], \"columns\": [\"x\"]}",
        "{\"columns\": [\"x\"], \"keys\": [1, -20, 300]}",
        "{\"keys\": [1, 2]}",
        "{\"keys\": [1, 2]}",
        "{\"keys\": [[\"UA\", 1, \"\xc3\xbc\"]]}",
    };
    for (size_t i = 0; i < ORACLE_N_SCHEMAS; i++)
        for (size_t len = 0; len <= strlen(bodies[i]); len++) {
            enum code rc = code_of(i, view_of(bodies[i], len));
            assert_int_equal(rc, len == strlen(bodies[i]) ? OK : E_INVALID);
        }
}

static uint64_t next_random(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

static void put_random_string(struct buf *out, uint64_t *seed)
{
    static const char *const pieces[] = {
        "a",       "bcdef",        "0123456789abcdef", "\\n",
        "\\u0041", "\xc3\xbc",     "\xf0\x9f\x98\x80", "\\ud83d\\ude00",
        "\\\"",    "\\\\",         "\\u0000",          "\\/",
        " ",       "\xe2\x82\xac", "\\ud800",          "\xed\xa0\x80",
        "\x7f"};
    buf_puts(out, "\"");
    for (size_t n = next_random(seed) % 5; n; n--)
        buf_puts(out, pieces[next_random(seed) % (next_random(seed) % 8 ? 14 : 17)]);
    buf_puts(out, "\"");
}

static void put_random_int(struct buf *out, uint64_t *seed)
{
    static const char *const edges[] = {
        "0",      "-0",         "255", "256",        "32767",
        "-32768", "2147483647", "-1",  "2147483648", "9223372036854775807",
        "1.5",    "1e2",        "007"};
    if (next_random(seed) % 3 == 0)
        buf_puts(out, edges[next_random(seed) % (next_random(seed) % 4 ? 8 : 13)]);
    else
        buf_printf(out, "%d", (int)(next_random(seed) % 200));
}

static void put_random_key(struct buf *out, size_t i, uint64_t *seed)
{
    if (i == 0) {
        put_random_string(out, seed);
    } else if (i < 4) {
        put_random_int(out, seed);
    } else {
        buf_puts(out, "[");
        put_random_string(out, seed);
        buf_puts(out, ", ");
        put_random_int(out, seed);
        buf_puts(out, " ,");
        put_random_string(out, seed);
        buf_puts(out, "]");
    }
}

static void put_random_list(struct buf *out, size_t i, bool keys, uint64_t *seed)
{
    buf_puts(out, keys ? "\"keys\":[" : "\"columns\" : [");
    for (size_t n = next_random(seed) % 6, k = 0; k < n; k++) {
        buf_puts(out, k ? "," : "");
        if (keys)
            put_random_key(out, i, seed);
        else
            put_random_string(out, seed);
    }
    buf_puts(out, "]");
}

static void put_random_body(struct buf *out, size_t i, uint64_t *seed)
{
    bool keys_first = next_random(seed) % 2;
    buf_puts(out, "{");
    put_random_list(out, i, keys_first, seed);
    if (next_random(seed) % 4) {
        buf_puts(out, ", ");
        put_random_list(out, i, !keys_first, seed);
    }
    buf_puts(out, "}");
}

static void mutate(struct buf *body, uint64_t *seed)
{
    static const char odd[] = "\"\\[]{},:0-.eu\x01 \x80\xff";
    for (size_t n = next_random(seed) % 3; n && body->len; n--) {
        size_t at = next_random(seed) % body->len;
        switch (next_random(seed) % 3) {
        case 0:
            body->ptr[at] = (uint8_t)odd[next_random(seed) % (sizeof(odd) - 1)];
            break;
        case 1:
            memmove(body->ptr + at, body->ptr + at + 1, body->len - at - 1);
            body->len--;
            break;
        default:
            body->len = at;
        }
    }
}

static void fetch_request_accepts_exactly_what_jansson_does(void **state)
{
    (void)state;
    const char *given = getenv("MURR_TEST_SEED");
    uint64_t seed = given ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
    print_message("seed %llu\n", (unsigned long long)seed);
    seed = seed * 2654435761u | 1;
    for (size_t round = 0; round < 40000; round++) {
        size_t i = round % ORACLE_N_SCHEMAS;
        struct schema schema;
        AUTO(buf) struct buf body = {0};
        oracle_schema(i, &schema);
        put_random_body(&body, i, &seed);
        if (round % 2)
            mutate(&body, &seed);
        assert_true(oracle_agrees(buf_view(&body), &schema));
        schema_done(&schema);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fetch_request_reads_keys_and_columns),
        cmocka_unit_test(fetch_request_takes_absent_and_empty_lists),
        cmocka_unit_test(fetch_request_says_where_and_what_is_wrong),
        cmocka_unit_test(fetch_request_takes_a_nul_for_no_space),
        cmocka_unit_test(fetch_request_keeps_the_limits),
        cmocka_unit_test(fetch_request_takes_the_ends_of_64_bits),
        cmocka_unit_test(fetch_request_cut_at_any_byte_is_a_clean_error),
        cmocka_unit_test(fetch_request_accepts_exactly_what_jansson_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
