/* Any bytes as the body of a write, for a column of every dtype. What is accepted prints to a body
 * that reads back to the same, whatever the number of rows at a time; and jansson takes it for
 * JSON, too. */
#include "json_rows.h"
#include "base/mem.h"

#include <jansson.h>
#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Numbers that JSON has no limit for, jansson has. */
static bool is_json(struct view body)
{
    json_error_t why;
    json_t *root =
        json_loadb(body.len ? (const char *)body.ptr : "", body.len, JSON_ALLOW_NUL, &why);
    json_decref(root);
    return root || json_error_code(&why) == json_error_numeric_overflow;
}

static void require(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "%s\n", what);
    abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct schema schema;
    AUTO(buf) struct buf once = {0}, twice = {0}, by_one = {0};
    struct err err;
    json_rows_schema(&schema);
    enum code rc = json_rows_copy(view_of(data, size), &schema, 64, &once, &err);
    if (rc == OK) {
        require(is_json(view_of(data, size)), "accepted what is no JSON");
        require(json_rows_copy(view_of(data, size), &schema, 1, &by_one, &err) == OK, "by one");
        require(view_eq(buf_view(&once), buf_view(&by_one)), "rows depend on their number");
        require(json_rows_copy(buf_view(&once), &schema, 64, &twice, &err) == OK, err.msg);
        require(view_eq(buf_view(&once), buf_view(&twice)), "what is printed reads otherwise");
    }
    schema_done(&schema);
    return 0;
}
