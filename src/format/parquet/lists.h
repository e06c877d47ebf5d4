/*
 * The rows of a list column, put together from levels and values. An entry has a repetition level,
 * 0 where a row begins and 1 where it goes on, and a definition level:
 *
 *     below list_def    the row is null
 *     list_def          it is empty
 *     up to max_def     an element, null below max_def
 *
 * A row is complete when the next one begins, possibly pages later. Entries come in batches. If a
 * batch does not fit into the caller's vector, the rest waits for the next call.
 */
#ifndef MURR_FORMAT_PARQUET_LISTS_H
#define MURR_FORMAT_PARQUET_LISTS_H

#include "base/arena.h"
#include "format/parquet/reader.h"
#include "model/list.h"

enum { PQ_LIST_BATCH = 1024 };

/* Zeroed memory is empty. */
struct pq_lists {
    /* of the chunk */
    const struct pq_column *col;
    uint64_t n_rows;
    size_t max_bytes; /* of one row; of the rows of one vector */
    bool drop_orphans;
    struct pq_budget *budget; /* which the arena is charged to, so far with `charged` bytes */
    size_t charged;
    uint64_t n_begun; /* rows */

    /* the row being collected */
    bool is_open;
    bool is_null;
    bool is_closed; /* null or empty: no element may follow */
    struct list_builder row;

    /* the batch */
    size_t n, at;
    uint8_t reps[PQ_LIST_BATCH];
    uint8_t defs[PQ_LIST_BATCH];
    uint8_t *values; /* of the entries with max_def, as vectors have them */
    size_t values_cap;
    size_t value_at; /* of the next entry */

    struct arena arena; /* of the rows in the caller's vector */
};

void pq_lists_done(struct pq_lists *l);

/* Begin with a chunk. `drop_orphans`: the file is from a writer whose first entries may continue a
 * row that never began. They are skipped, as other readers do. */
void pq_lists_start(struct pq_lists *l, const struct pq_column *col, uint64_t n_rows,
                    size_t max_bytes, bool drop_orphans);

/* Forget the rows handed out. */
void pq_lists_turn(struct pq_lists *l);

/* Entries that fit a batch. */
size_t pq_lists_batch(const struct pq_lists *l);

/* Room for the values of a batch, of which the caller fills in as many as entries have max_def. */
void *pq_lists_values(struct pq_lists *l);

/* The caller has filled n entries. */
static inline void pq_lists_filled(struct pq_lists *l, size_t n)
{
    l->n = n;
    l->at = 0;
    l->value_at = 0;
}

/* Put rows into `out` until it is full or the batch is used up. Fails E_CORRUPT, E_LIMIT. */
must_use enum code pq_lists_take(struct pq_lists *l, struct vector *out, struct err *err);

/* There are no more entries: complete the last row, for which `out` has room. */
must_use enum code pq_lists_finish(struct pq_lists *l, struct vector *out, struct err *err);

#endif
