/* Any bytes as an Arrow stream: an error or columns, nothing else. What is read is read whole, so
 * that a view outside the stream shows, and lists are lists as model/list.h has them. */
#include "base/mem.h"
#include "format/arrow/ipc_reader.h"
#include "model/list.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { RUN = 100, ROWS_MAX = 5000 };

static unsigned sum_of(const void *bytes, size_t len)
{
    unsigned sum = 0;
    for (size_t i = 0; i < len; i++)
        sum += ((const uint8_t *)bytes)[i];
    return sum;
}

static unsigned sum_list(struct view value, const struct type *type)
{
    struct type element = type_element(type);
    struct list_value l;
    unsigned sum = 0;
    if (!list_open(value, &element, &l))
        abort();
    for (uint32_t i = 0; dtype_is_bytes(element.dtype) && i < l.n; i++) {
        struct view v = list_bytes(&l, i);
        if (element.dtype == DT_UTF8 && !view_is_utf8(v))
            abort();
        sum += sum_of(v.ptr, v.len);
    }
    return sum + sum_of(value.ptr, value.len);
}

static unsigned sum_vector(const struct vector *v)
{
    unsigned sum = sum_of(v->valid, v->n);
    size_t n_nulls = 0;
    if (!vector_has_views(&v->type))
        sum += sum_of(v->values, v->n * vector_width(&v->type));
    for (size_t i = 0; i < v->n; i++) {
        n_nulls += !v->valid[i];
        if (!v->valid[i] || !vector_has_views(&v->type))
            continue;
        if (v->type.dtype == DT_UTF8 && !view_is_utf8(v->views[i]))
            abort();
        sum += v->type.dtype == DT_LIST ? sum_list(v->views[i], &v->type)
                                        : sum_of(v->views[i].ptr, v->views[i].len);
    }
    if (n_nulls != v->n_nulls)
        abort();
    return sum;
}

static void read_column(const struct arrow_array *a)
{
    AUTO(vector) struct vector v = {0};
    AUTO(arena) struct arena arena = {0};
    unsigned sum = 0;
    size_t n_rows = a->n_rows < ROWS_MAX ? a->n_rows : ROWS_MAX;
    vector_init(&v, &a->type, RUN);
    for (size_t at = 0; at < n_rows; at += RUN) {
        size_t n = n_rows - at < RUN ? n_rows - at : RUN;
        if (arrow_array_read(a, at, n, &v, &arena, NULL))
            break;
        sum += sum_vector(&v);
        arena_reset(&arena);
    }
    __asm__ volatile("" : : "r"(sum)); /* not to be left out */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct ipc_limits limits = {
        .decompressed_bytes = 1 << 22,
        .read_bytes = 1 << 20,
        .batch_rows = 1 << 20,
    };
    struct ipc_reader *r;
    struct view metadata;
    size_t n_rows;
    bool more;
    if (ipc_reader_open(view_of(data, size), &limits, &r, NULL))
        return 0;
    unsigned sum = 0;
    if (ipc_reader_metadata(r, "columns", &metadata))
        sum = sum_of(metadata.ptr, metadata.len);
    __asm__ volatile("" : : "r"(sum));
    for (size_t batch = 0; batch < 20; batch++) {
        if (ipc_reader_next(r, &n_rows, &more, NULL) || !more)
            break;
        for (size_t i = 0; i < ipc_reader_n_columns(r); i++)
            if (ipc_reader_column(r, i)->supported)
                read_column(ipc_reader_column(r, i));
    }
    ipc_reader_close(r);
    return 0;
}
