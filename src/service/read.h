/* Reading rows of a table by their keys. */
#ifndef MURR_SERVICE_READ_H
#define MURR_SERVICE_READ_H

#include "format/json/batch.h"
#include "service/service.h"

enum keys_form {
    KEYS_JSON,  /* {"keys": [...], "columns": [...]} */
    KEYS_ARROW, /* an Arrow stream of the key columns */
};

enum answer_form { ANSWER_JSON, ANSWER_ARROW };

struct read_request {
    enum keys_form keys_form;
    struct view body; /* borrowed for the call */
    /* For KEYS_ARROW: names of columns; none: all except the key. */
    const struct view *columns;
    size_t n_columns;
    /* For KEYS_ARROW: the schema's metadata may name the columns, as "columns": ["a", "b"]. Then
     * the answer has rows only for keys that exist, each with its position in the request
     * (ANSWER_POSITION). */
    bool takes_named_columns;
    enum answer_form answer_form;
    enum batch_shape shape; /* of ANSWER_JSON */
};

/* What a read took, step by step. */
struct read_timing {
    uint64_t parse_ns;  /* the body */
    uint64_t find_ns;   /* keys to rows */
    uint64_t gather_ns; /* rows to values */
    uint64_t encode_ns; /* the rest of the answer */
};

struct read_answer {
    uint8_t *body; /* the caller's to free() */
    size_t len;
    struct read_timing timing;
};

/*
 * Read all keys from one snapshot.
 *
 * Threads   any. Memory that must live until the answer is sent comes from `arena`; the answer
 *           itself is allocated.
 * Fails     E_NOTFOUND the table does not exist or is not loaded yet; E_INVALID for a malformed
 *           body or an unknown column; E_LIMIT for more keys, columns or bytes than allowed;
 *           E_CORRUPT if rows are damaged; E_NOMEM.
 */
must_use enum code service_read(const struct admitted *a, const struct read_request *request,
                                struct arena *arena, struct read_answer *out, struct err *err);

#endif
