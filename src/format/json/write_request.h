/*
 * The body of a write: {"columns": {"id": ["a", "b"], "score": [0.5, null]}}, columns in any order.
 * Values have the forms that answers print (batch.h, text.h).
 *
 * The body is completely in memory or in a mapping. It may be as large as a table, since rows are
 * read some at a time, with one cursor for each column.
 *
 *     TRY(json_write_open(body, schema, &w, err));
 *     do
 *         TRY(json_write_next(w, vectors, 512, &n, err));
 *     while (n);
 *     json_write_close(w);
 */
#ifndef MURR_FORMAT_JSON_WRITE_REQUEST_H
#define MURR_FORMAT_JSON_WRITE_REQUEST_H

#include "model/schema.h"
#include "model/vector.h"

struct json_write;

/*
 * Check the syntax of the whole body, find the columns of the schema and count their rows. A
 * nullable column may be left out.
 *
 * Borrows   `body` and `schema`, until the close.
 * Cost      one pass over the body; no memory that grows with it.
 * Fails     E_INVALID with the byte where the body is not JSON (strict, UTF-8) or not of this
 *           shape; for a column given twice, missing, unknown, or of another length than the
 *           others. E_LIMIT for a value of more than 64 MiB.
 */
must_use enum code json_write_open(struct view body, const struct schema *schema,
                                   const struct column_rules *rules, struct json_write **out_write,
                                   struct err *err);
void json_write_close(struct json_write *w);

/* Whether the body has that column; if not, its rows are null. */
bool json_write_has(const struct json_write *w, size_t field_idx);

/*
 * Read the next rows, at most `max` of them and fewer where they are large; *out_n is 0 after the
 * last. `vectors` are one a field, of its type, with room for `max`.
 *
 * Borrows   views in the vectors point into the body or live until the next call.
 * Fails     E_INVALID naming column, row and value, for one that the column cannot hold, also a
 *           null in a column that is not nullable. The vectors are then anything.
 */
must_use enum code json_write_next(struct json_write *w, struct vector *vectors, size_t max,
                                   size_t *out_n, struct err *err);

#endif
