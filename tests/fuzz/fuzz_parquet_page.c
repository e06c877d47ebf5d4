/* The input is page headers, one behind the other. */
#include "format/parquet/page.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cursor cur = cur_of(view_of(data, size));
    struct pq_page_header h;
    struct err err;
    while (cur_left(&cur) && pq_page_header_read(&cur, &h, &err) == OK)
        assert(h.type >= 0 && h.compressed_bytes <= INT32_MAX && h.plain_bytes <= INT32_MAX &&
               h.n_values <= INT32_MAX);
    return 0;
}
