/* The answer to a read, gathered in place: an Arrow IPC stream whose columns are filled from the
 * rows. */
#ifndef MURR_ENGINE_STORE_ANSWER_H
#define MURR_ENGINE_STORE_ANSWER_H

#include "engine/spec/spec.h"
#include "engine/store/projection.h"
#include "engine/store/snapshot.h"
#include "format/arrow/ipc_writer.h"

/* How long each step of a read took. */
struct answer_timing {
    uint64_t find_ns;   /* find the rows of the keys */
    uint64_t plan_ns;   /* lay out the stream */
    uint64_t gather_ns; /* copy the values into it */
};

struct answer_request {
    struct key_list keys;
    const struct projection *columns;
    /* With ROWS_OF_FOUND_KEYS the stream begins with a uint32 column ANSWER_POSITION: the index in
     * `keys` of each row's key. */
    enum rows_wanted rows;
    size_t max_bytes; /* limit on the stream */
    bool is_timed;    /* measure `timing`: four looks at the clock, each as long as finding a key */
};

struct answer {
    struct ipc_stream stream; /* freed by the caller; its columns live in the arena */
    size_t n_rows;
    size_t n_absent;             /* keys that were not found */
    struct answer_timing timing; /* zeros unless is_timed */
};

/*
 * Find the rows of the keys and write their columns into a complete Arrow stream. JSON is printed
 * from the columns of that stream.
 *
 * Threads   any; takes no lock.
 * Cost      about one cache miss a key, and one copy of each value.
 * Fails     E_LIMIT when the stream would be longer than `max_bytes`; E_CORRUPT; E_IO; E_NOMEM.
 */
must_use enum code answer_read(const struct snapshot *snapshot,
                               const struct answer_request *request, struct arena *arena,
                               struct answer *out, struct err *err);

/* The longest answer, unless configured otherwise. */
#define ANSWER_BYTES_MAX ((size_t)1 << 30)

#endif
