/* The dictionary of a column chunk: the distinct values that indexes in data pages point to. */
#ifndef MURR_FORMAT_PARQUET_DICT_H
#define MURR_FORMAT_PARQUET_DICT_H

#include "base/err.h"
#include "base/view.h"
#include "format/parquet/budget.h"

/* Zeroed memory is a valid one that is not loaded. */
struct pq_dict {
    bool loaded;
    size_t n;
    size_t width;       /* bytes of an entry in `values` */
    const void *values; /* any alignment: of numbers, the page itself */
    struct view *views; /* memory for strings, kept between chunks */
    size_t views_cap;
    struct pq_budget *budget; /* which they are charged to; set by the owner */
};

void pq_dict_done(struct pq_dict *d);
/* Not loaded any more; keeps its memory, unless that is much. */
void pq_dict_reset(struct pq_dict *d);

/* Take the PLAIN values of a dictionary page: numbers, or anything else of `width` bytes. Borrows
 * `page` until the next reset. Fails E_CORRUPT. */
must_use enum code pq_dict_load(struct pq_dict *d, struct view page, size_t n, size_t width,
                                struct err *err);
/* The same for strings; where they are text, they must be UTF-8. Fails E_CORRUPT, E_NOMEM,
 * E_LIMIT of the budget. */
must_use enum code pq_dict_load_strings(struct pq_dict *d, struct view page, size_t n, bool is_text,
                                        struct err *err);

/* out[i] = entry idx[i]. Fails E_CORRUPT for an index outside. */
must_use enum code pq_dict_gather(const struct pq_dict *d, const uint32_t *idx, size_t n, void *out,
                                  struct err *err);

/* `n` times entry `idx`. Fails as pq_dict_gather. */
must_use enum code pq_dict_fill(const struct pq_dict *d, uint32_t idx, size_t n, void *out,
                                struct err *err);

#endif
