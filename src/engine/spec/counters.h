/*
 * The counters of one table: fetches and writes. The table and every snapshot that it serves hold a
 * reference, so a request that has a snapshot counts without looking the table up again.
 *
 * Threads   any; counting takes no lock.
 */
#ifndef MURR_ENGINE_SPEC_COUNTERS_H
#define MURR_ENGINE_SPEC_COUNTERS_H

#include "base/metrics.h"

#include <stdatomic.h>
#include <stdbool.h>

enum write_outcome { WRITE_OK, WRITE_FAILED, WRITE_REFUSED, N_WRITE_OUTCOMES };

struct table_counters {
    _Atomic uint32_t refs;
    struct metrics *metrics; /* owns all below, as families in this order */
    struct histogram *fetch_arrow, *fetch_json;
    struct counter *cells_found, *cells_missing;
    struct counter *writes[N_WRITE_OUTCOMES];
    struct counter *written_rows, *written_bytes;
    struct histogram *write_ns;
};

struct table_counters *table_counters_new(const char *table);
struct table_counters *table_counters_ref(struct table_counters *c);
void table_counters_unref(struct table_counters *c); /* NULL is fine */

struct fetch_count {
    bool is_json;
    uint64_t ns;
    uint64_t cells_found, cells_missing;
};
void table_counters_fetch(struct table_counters *c, const struct fetch_count *count);

struct write_count {
    enum write_outcome outcome;
    uint64_t rows, bytes, ns; /* counted only for WRITE_OK */
};
void table_counters_write(struct table_counters *c, const struct write_count *count);

#endif
