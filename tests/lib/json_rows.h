/* Rows that json_write_next reads, printed by the code of answers: what is printed must read
 * back. */
#ifndef MURR_TESTS_JSON_ROWS_H
#define MURR_TESTS_JSON_ROWS_H

#include "base/buf.h"
#include "model/schema.h"

/* A key and a nullable column of every dtype, lists among them; the columns are named as their
 * types. */
void json_rows_schema(struct schema *out);

/* Read a body, `max` rows at a time, and append all of it as such a body. */
must_use enum code json_rows_copy(struct view body, const struct schema *schema, size_t max,
                                  struct buf *out, struct err *err);

#endif
