/* Any bytes as a deletion vector, and as the bitmap in one: an error, or ranges that ascend, do not
 * touch and end where the rows do. */
#include "format/puffin/dv.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
    uint64_t next; /* where a range may begin */
    uint64_t end;
};

static void take(void *arg, uint64_t first, uint64_t n)
{
    struct seen *s = arg;
    if (n == 0 || first < s->next || first >= s->end || n > s->end - first)
        abort();
    s->next = first + n + 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint64_t ends[] = {1 << 20, UINT64_MAX - 1};
    struct view bytes = view_of(data, size);
    struct err err;
    for (int i = 0; i < 2; i++) {
        struct seen whole = {.end = ends[i]}, wide = {.end = ends[i]}, narrow = {.end = ends[i]};
        if (dv_read(bytes, ends[i], take, &whole, &err) == OK && size < 20)
            abort();
        if (roaring64_read(bytes, ends[i], take, &wide, &err) == OK && size < 8)
            abort();
        if (roaring32_read(bytes, ends[i], take, &narrow, &err) == OK && size < 8)
            abort();
    }
    return 0;
}
