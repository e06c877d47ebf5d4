/* The answer to a read, gathered in place: an Arrow IPC stream whose columns are filled from the rows. */
#ifndef MURR_ENGINE_STORE_ANSWER_H
#define MURR_ENGINE_STORE_ANSWER_H

#include "engine/spec/spec.h"
#include "engine/store/projection.h"
#include "engine/store/snapshot.h"
#include "format/arrow/ipc_writer.h"

/* What a read took, step by step. */
struct answer_timing {
    uint64_t find_ns;   /* keys to rows */
    uint64_t plan_ns;   /* the stream, but for its values */
    uint64_t gather_ns; /* the values */
};

/*
 * Find the rows of `keys` and lay their columns out as a complete stream. Other forms are printed from
 * its columns, so that all have one layout and one limit.
 *
 * Fails E_LIMIT when the stream would be longer than `max_bytes`; E_CORRUPT; E_NOMEM. `out_timing` may be NULL. The stream is the
 * caller's to free; its columns live in the arena.
 */
must_use enum code answer_read(const struct snapshot *snapshot, struct key_list keys,
                               const struct projection *columns, size_t max_bytes,
                               struct arena *arena, struct ipc_stream *out_stream,
                               size_t *out_n_absent, struct answer_timing *out_timing,
                               struct err *err);

/*
 * The same with a row for each key that exists, and none for others. A first column ANSWER_POSITION, uint32, has
 * the position of the row's key in `keys`, which has at most 2^32 of them. *out_n_rows gets the rows.
 */
must_use enum code answer_read_present(const struct snapshot *snapshot, struct key_list keys,
                                       const struct projection *columns, size_t max_bytes,
                                       struct arena *arena, struct ipc_stream *out_stream,
                                       size_t *out_n_rows, struct answer_timing *out_timing,
                                       struct err *err);

/* What an answer may have at most, unless configured otherwise. */
#define ANSWER_BYTES_MAX ((size_t)1 << 30)

#endif
