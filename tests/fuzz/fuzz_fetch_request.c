/* Any bytes as the body of a fetch, by keys of several types: accepted iff jansson accepts them. */
#include "fetch_oracle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < ORACLE_N_SCHEMAS; i++) {
        struct schema schema;
        oracle_schema(i, &schema);
        bool agree = oracle_agrees(view_of(data, size), &schema);
        schema_done(&schema);
        if (!agree)
            abort();
    }
    return 0;
}
