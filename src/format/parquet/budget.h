/*
 * What all decoders of one load may take together: memory at any moment, and bytes decoded in the
 * end. A file can announce any size and repeat pages; the budget keeps what it decodes to in
 * proportion to its size on disk.
 *
 * Threads   any, at the same time.
 */
#ifndef MURR_FORMAT_PARQUET_BUDGET_H
#define MURR_FORMAT_PARQUET_BUDGET_H

#include "base/err.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

struct pq_budget {
    size_t max_held;      /* bytes of pages, dictionaries and joined values */
    uint64_t max_decoded; /* bytes of values, handed out */
    _Atomic size_t held;
    _Atomic uint64_t decoded;
};

/* Decoded files are not larger than so many times what they are on disk, or than twice the
 * memory. */
enum { PQ_MAX_EXPANSION = 10000 };

/* For files of `file_bytes` in all, and `max_held` of `memory_bytes`. */
void pq_budget_init(struct pq_budget *b, size_t max_held, uint64_t file_bytes,
                    uint64_t memory_bytes);

/* Memory that was `have` bytes is to be `want`. NULL: no budget. Fails E_LIMIT; nothing is taken
 * then. */
must_use enum code pq_budget_resize(struct pq_budget *b, size_t have, size_t want, struct err *err);
void pq_budget_give(struct pq_budget *b, size_t bytes);

/* So many more bytes were decoded. Fails E_LIMIT. */
must_use enum code pq_budget_charge(struct pq_budget *b, uint64_t bytes, struct err *err);

/* Whether the announced bytes are within the budget at all. Fails E_LIMIT. */
must_use enum code pq_budget_announce(const struct pq_budget *b, uint64_t bytes, struct err *err);

#endif
