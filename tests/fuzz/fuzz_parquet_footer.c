/* The input is the footer of a Parquet file, FileMetaData without what is around it. Whatever is
 * accepted is asked for all it has. */
#include "format/parquet/reader.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ask(const struct pq_file *f, uint64_t file_bytes)
{
    char text[TYPE_TEXT_CAP];
    struct err err;
    for (size_t i = 0; i < pq_file_n_columns(f); i++) {
        const struct pq_column *col = pq_file_column(f, i);
        size_t found;
        uint64_t off, len;
        struct type back;
        assert(strlen(col->name) <= col->name_len);
        if (!col->supported)
            assert(col->why_not[0]);
        else
            assert(type_parse(view_cstr(type_text(&col->type, text)), &back, &err) == OK &&
                   type_eq(&col->type, &back));
        if (i < 50 && pq_file_find(f, view_of(col->name, col->name_len), &found, &err) == OK)
            assert(found == i);
        for (size_t g = 0; g < pq_file_n_row_groups(f) && g < 50; g++)
            if (pq_chunk_range(f, g, i, &off, &len, &err) == OK)
                assert(off <= file_bytes && len <= file_bytes - off);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pq_limits limits = pq_limits_default();
    const uint64_t file_bytes = size + 1000000;
    struct pq_file *f;
    struct err err;
    limits.n_columns = 2000;
    if (pq_file_parse(view_of(data, size), file_bytes, &limits, &f, &err))
        return 0;
    ask(f, file_bytes);
    pq_file_free(f);
    return 0;
}
