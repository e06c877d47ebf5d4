#include "format/json/batch.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <math.h>

static void json_put_batch_writes_both_shapes(void **state)
{
    (void)state;
    float rates[] = {1.5f, 0, NAN};
    int32_t offsets[] = {0, 2, 2, 5};
    uint8_t some = 5, all = 7, bits = 4;
    uint64_t counts[] = {1, 2, UINT64_MAX};
    int8_t small[] = {-128, 0, 127};
    struct column columns[] = {
        {"c", {.dtype = DT_FLOAT32}, 3, 1, &some, NULL, (uint8_t *)rates, NULL, 0},
        {"s\"", {.dtype = DT_UTF8}, 3, 0, &all, offsets, (uint8_t *)"hi\"\n.", NULL, 0},
        {"b", {.dtype = DT_BOOL}, 3, 0, &all, NULL, &bits, NULL, 0},
        {"u", {.dtype = DT_UINT64}, 3, 0, &all, NULL, (uint8_t *)counts, NULL, 0},
        {"i", {.dtype = DT_INT8}, 3, 0, &all, NULL, (uint8_t *)small, NULL, 0},
    };
    struct batch batch = {columns, 5, 3};
    AUTO(buf) struct buf out = {0};
    json_put_batch(&out, &batch, BATCH_LIST);
    assert_string_equal(buf_cstr(&out),
                        "{\"num_rows\":3,\"columns\":[{\"name\":\"c\",\"values\":[1.5,null,null]},"
                        "{\"name\":\"s\\\"\",\"values\":[\"hi\",\"\",\"\\\"\\n.\"]},"
                        "{\"name\":\"b\",\"values\":[false,false,true]},"
                        "{\"name\":\"u\",\"values\":[1,2,18446744073709551615]},"
                        "{\"name\":\"i\",\"values\":[-128,0,127]}]}");
    buf_reset(&out);
    batch.n_columns = 1;
    json_put_batch(&out, &batch, BATCH_MAP);
    assert_string_equal(buf_cstr(&out), "{\"columns\":{\"c\":[1.5,null,null]}}");
}

static void json_put_batch_writes_an_empty_answer(void **state)
{
    (void)state;
    AUTO(buf) struct buf out = {0};
    struct column column = {.name = "c", .type = {.dtype = DT_INT64}};
    struct batch batch = {&column, 1, 0};
    json_put_batch(&out, &batch, BATCH_LIST);
    assert_string_equal(buf_cstr(&out),
                        "{\"num_rows\":0,\"columns\":[{\"name\":\"c\",\"values\":[]}]}");
    buf_reset(&out);
    json_put_batch(&out, &(struct batch){0}, BATCH_MAP);
    assert_string_equal(buf_cstr(&out), "{\"columns\":{}}");
}

static void json_put_batch_writes_many_rows(void **state)
{
    (void)state;
    enum { N = 1000 };
    int64_t values[N];
    uint8_t validity[N / 8];
    memset(validity, 0xFF, sizeof(validity));
    AUTO(buf) struct buf want = {0}, out = {0};
    buf_puts(&want, "{\"columns\":{\"c\":[");
    for (int64_t i = 0; i < N; i++) {
        values[i] = i % 2 ? INT64_MIN + i : i;
        buf_printf(&want, "%s%lld", i ? "," : "", (long long)values[i]);
    }
    buf_puts(&want, "]}}");
    struct column column = {"c",  {.dtype = DT_INT64}, N,    0, validity,
                            NULL, (uint8_t *)values,   NULL, 0};
    json_put_batch(&out, &(struct batch){&column, 1, N}, BATCH_MAP);
    assert_string_equal(buf_cstr(&out), buf_cstr(&want));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_put_batch_writes_both_shapes),
        cmocka_unit_test(json_put_batch_writes_an_empty_answer),
        cmocka_unit_test(json_put_batch_writes_many_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
