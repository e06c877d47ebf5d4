/* Any bytes as keys in an Arrow stream, by keys of several types: an error or keys, nothing else.
 * Keys are read whole, so that a view outside the stream shows; some at a time they are the
 * same. */
#include "fetch_oracle.h"

#include "format/arrow/keys.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_all(struct view v)
{
    unsigned sum = 0;
    for (size_t i = 0; i < v.len; i++)
        sum += v.ptr[i];
    __asm__ volatile("" : : "r"(sum)); /* not to be left out */
}

/* A key_list_fn: these keys come next in the list. */
static enum code compare(void *arg, struct key_list keys, struct err *err)
{
    struct key_list *left = arg;
    (void)err;
    if (keys.n > left->n || keys.n > KEYS_AT_ONCE)
        abort();
    for (size_t i = 0; i < keys.n; i++)
        if (!view_eq(keys.keys[i], left->keys[i]))
            abort();
    left->keys += keys.n;
    left->n -= keys.n;
    return OK;
}

static void check(struct view stream, const struct schema *schema, struct key_list keys)
{
    for (size_t k = 0; k < keys.n; k++)
        read_all(keys.keys[k]);
    if (arrow_keys_read_some(stream, schema, compare, &keys, NULL) || keys.n)
        abort();
}

static enum code read_keys(struct view stream, const struct schema *schema, struct arena *arena,
                           struct key_list *out)
{
    struct ipc_reader *reader;
    TRY(arrow_keys_open(stream, &reader, NULL));
    enum code rc = arrow_keys_read(reader, schema, 1000, arena, out, NULL);
    ipc_reader_close(reader);
    return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < ORACLE_N_SCHEMAS; i++) {
        struct schema schema;
        struct key_list keys;
        AUTO(arena) struct arena arena = {0};
        oracle_schema(i, &schema);
        if (read_keys(view_of(data, size), &schema, &arena, &keys) == OK)
            check(view_of(data, size), &schema, keys);
        schema_done(&schema);
    }
    return 0;
}
