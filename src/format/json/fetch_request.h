/* The body of a fetch: {"keys": [...], "columns": [...]}, members in any order. */
#ifndef MURR_FORMAT_JSON_FETCH_REQUEST_H
#define MURR_FORMAT_JSON_FETCH_REQUEST_H

#include "base/arena.h"
#include "model/key.h"

struct fetch_limits {
    size_t max_keys;
    size_t max_columns;
};

struct fetch_request {
    struct key_list keys;       /* canonical bytes, see model/key.h */
    const struct view *columns; /* names, in the order asked; none: the request did not say */
    size_t n_columns;
};

/*
 * Read a body in one pass. A key is a string or a whole number, as the dtype of the key column
 * says, or for a key of several columns an array of them: ["UA", 1545]. "columns" may be absent or
 * empty; the names are not looked up here.
 *
 * Borrows   `body`: keys and names without escapes are views into it; the rest lives in `arena`.
 * Cost      linear; about 5 ns a short utf8 key.
 * Fails     E_INVALID with the byte where the body is not JSON (strict: UTF-8, no trailing bytes),
 * not of this shape, has an unknown or repeated member, or a key the column cannot hold (null,
 *           other type, out of range); E_LIMIT for more keys or columns than allowed.
 */
must_use enum code fetch_request_parse(struct view body, const struct schema *schema,
                                       const struct fetch_limits *limits, struct arena *arena,
                                       struct fetch_request *out_request, struct err *err);

/* The keys of such a body without columns, some at a time, however many there are. Fails also as
 * `give` does. */
must_use enum code fetch_keys_parse(struct view body, const struct schema *schema, key_list_fn give,
                                    void *arg, struct err *err);

/* A list of names alone: ["score", "age"]. Borrows and fails as above. */
must_use enum code fetch_names_parse(struct view json, size_t max_names, struct arena *arena,
                                     const struct view **out_names, size_t *out_n, struct err *err);

#endif
