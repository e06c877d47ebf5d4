/* Any bytes as keys in an Arrow stream, by keys of several types: an error or keys, nothing else. Keys are
 * read whole, so that a view outside the stream shows. */
#include "../lib/fetch_oracle.h"

#include "format/arrow/keys.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile unsigned seen; /* so that bytes are really read */

static unsigned sum_of(struct view v)
{
    unsigned sum = 0;
    for (size_t i = 0; i < v.len; i++)
        sum += v.ptr[i];
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < ORACLE_N_SCHEMAS; i++) {
        struct schema schema;
        struct key_list keys;
        AUTO(arena) struct arena arena = {0};
        oracle_schema(i, &schema);
        if (arrow_keys_read(view_of(data, size), &schema, 1000, &arena, &keys, NULL) == OK)
            for (size_t k = 0; k < keys.n; k++)
                seen += sum_of(keys.keys[k]);
        schema_done(&schema);
    }
    return 0;
}
