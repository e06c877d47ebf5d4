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

struct answer_request {
    struct key_list keys;
    const struct projection *columns;
    /* Of the keys found alone: a first column ANSWER_POSITION, uint32, then has the position of the row's key in `keys`. */
    enum rows_wanted rows;
    size_t max_bytes; /* of the stream */
};

struct answer {
    struct ipc_stream stream; /* the caller's to free; its columns live in the arena */
    size_t n_rows;
    size_t n_absent; /* keys that were not found */
    struct answer_timing timing;
};

/*
 * Find the rows of the keys and lay their columns out as a complete stream. Other forms are printed from its columns, so
 * that all have one layout and one limit.
 *
 * Fails E_LIMIT when the stream would be longer than `max_bytes`; E_CORRUPT; E_IO; E_NOMEM.
 */
must_use enum code answer_read(const struct snapshot *snapshot,
                               const struct answer_request *request, struct arena *arena,
                               struct answer *out, struct err *err);

/* What an answer may have at most, unless configured otherwise. */
#define ANSWER_BYTES_MAX ((size_t)1 << 30)

#endif
