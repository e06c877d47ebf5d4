/* A Parquet file in memory, for tests: opened in one step, columns read to their end. */
#ifndef MURR_TESTS_PARQUET_WHOLE_FILE_H
#define MURR_TESTS_PARQUET_WHOLE_FILE_H

#include "base/file.h"
#include "base/mem.h"
#include "format/parquet/reader.h"

/* What is done with each vector; a code other than OK ends the reading. */
typedef enum code (*on_vector_fn)(void *ctx, const struct vector *v, struct err *err);

must_use static inline enum code whole_file_open(struct view bytes, const struct pq_limits *limits,
                                                 struct pq_file **out, struct err *err)
{
    uint64_t off;
    uint32_t len;
    struct view tail = bytes;
    if (tail.len > PQ_TAIL_GOOD)
        tail = view_of(bytes.ptr + bytes.len - PQ_TAIL_GOOD, PQ_TAIL_GOOD);
    TRY(pq_footer_locate(tail, bytes.len, limits, &off, &len, err));
    return pq_file_parse(view_of(bytes.ptr + off, len), bytes.len, limits, out, err);
}

must_use static inline enum code whole_file_read_chunk(struct pq_chunk *c, const struct pq_file *f,
                                                       struct view bytes, size_t group,
                                                       size_t column, struct vector *v,
                                                       on_vector_fn fn, void *ctx, struct err *err)
{
    uint64_t off, len;
    TRY(pq_chunk_range(f, group, column, &off, &len, err));
    TRY(pq_chunk_start(c, f, group, column, view_of(bytes.ptr + off, len), err));
    do {
        TRY(pq_chunk_read(c, v, err));
        if (v->n)
            TRY(fn(ctx, v, err));
    } while (v->n);
    return OK;
}

/* All values of a column, `cap` at a time. */
must_use static inline enum code whole_file_read_as(const struct pq_file *f, struct view bytes,
                                                    size_t column, const struct type *type,
                                                    size_t cap, on_vector_fn fn, void *ctx,
                                                    struct err *err)
{
    struct pq_chunk *c = pq_chunk_new();
    struct vector v;
    vector_init(&v, type, cap);
    enum code rc = OK;
    for (size_t g = 0; g < pq_file_n_row_groups(f) && rc == OK; g++)
        rc = whole_file_read_chunk(c, f, bytes, g, column, &v, fn, ctx, err);
    vector_done(&v);
    pq_chunk_free(c);
    return rc;
}

must_use static inline enum code whole_file_read_column(const struct pq_file *f, struct view bytes,
                                                        size_t column, size_t cap, on_vector_fn fn,
                                                        void *ctx, struct err *err)
{
    return whole_file_read_as(f, bytes, column, &pq_file_column(f, column)->type, cap, fn, ctx,
                              err);
}

/* Whether there are pages where the leaves of a nested column should be. */
must_use static inline enum code whole_file_check_leaves(const struct pq_file *f, struct view bytes,
                                                         const struct pq_column *col,
                                                         struct err *err)
{
    for (size_t g = 0; g < pq_file_n_row_groups(f); g++)
        for (size_t i = col->leaf_idx; i < col->leaf_idx + col->n_leaves; i++) {
            uint64_t off, len;
            TRY(pq_leaf_range(f, g, i, &off, &len, err));
            TRY(pq_leaf_check(f, g, i, view_of(bytes.ptr + off, len), err));
        }
    return OK;
}

#endif
