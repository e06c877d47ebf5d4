/*
 * The input is a whole Parquet file: find the footer, read every column of every row group.
 * Whatever comes back as OK must also be sound: text is UTF-8 in readable memory, nulls are
 * counted.
 *
 * Checksums are not verified, or the fuzzer would get no further than to them.
 */
#include "base/mem.h"
#include "format/parquet/reader.h"
#include "model/list.h"

#include <assert.h>

enum { max_rows = 200000, vector_rows = 700 };

static const struct pq_limits small = {
    .page_bytes = 1 << 20,
    .held_bytes = 4 << 20,
    .footer_bytes = 1 << 20,
    .n_columns = 1000,
    .verify_crc = false,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile unsigned seen;

/* Text is UTF-8, lists can be taken apart; what is neither is touched, for the sanitizer. */
static void check_value(const struct vector *v, struct view value, bool valid)
{
    struct type element = type_element(&v->type);
    struct list_value l;
    unsigned sum = 0;
    if (!valid) {
        assert(value.len == 0);
    } else if (v->type.dtype == DT_UTF8) {
        assert(view_is_utf8(value));
    } else if (v->type.dtype == DT_LIST) {
        assert(list_open(value, &element, &l));
        assert(v->type.list_size == 0 || l.n == v->type.list_size);
        for (uint32_t i = 0; element.dtype == DT_UTF8 && i < l.n; i++)
            assert(view_is_utf8(list_bytes(&l, i)));
    } else {
        for (size_t i = 0; i < value.len; i++)
            sum += value.ptr[i];
    }
    seen += sum;
}

static void check_vector(const struct vector *v)
{
    size_t n_nulls = 0;
    for (size_t i = 0; i < v->n; i++) {
        assert(v->valid[i] <= 1);
        n_nulls += v->valid[i] == 0;
        if (vector_has_views(&v->type))
            check_value(v, v->views[i], v->valid[i]);
    }
    assert(n_nulls == v->n_nulls);
}

/* Returns the rows that were read. */
static size_t read_chunk(struct pq_chunk *c, const struct pq_file *f, struct view file,
                         size_t group, size_t column)
{
    struct err err;
    uint64_t off, len;
    size_t n_rows = 0;
    if (pq_chunk_range(f, group, column, &off, &len, &err))
        return 0;
    assert(off <= file.len && len <= file.len - off);
    if (pq_chunk_start(c, f, group, column, view_of(file.ptr + off, len), &err))
        return 0;
    struct vector v;
    vector_init(&v, &pq_file_column(f, column)->type, vector_rows);
    while (n_rows < max_rows && pq_chunk_read(c, &v, &err) == OK && v.n > 0) {
        check_vector(&v);
        n_rows += v.n;
    }
    vector_done(&v);
    return n_rows;
}

static void read_file(const struct pq_file *f, struct view file)
{
    struct pq_chunk *c = pq_chunk_new();
    size_t n_rows = 0;
    for (size_t g = 0; g < pq_file_n_row_groups(f); g++)
        for (size_t i = 0; i < pq_file_n_columns(f) && n_rows < max_rows; i++)
            n_rows += read_chunk(c, f, file, g, i);
    pq_chunk_free(c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct view file = view_of(data, size);
    struct err err;
    uint64_t off;
    uint32_t len;
    struct pq_file *f;
    if (pq_footer_locate(file, size, &small, &off, &len, &err))
        return 0;
    if (pq_file_parse(view_of(data + off, len), size, &small, &f, &err))
        return 0;
    read_file(f, file);
    pq_file_free(f);
    return 0;
}
