/* A schema as JSON, as in the API and in table.json. */
#ifndef MURR_FORMAT_JSON_SCHEMA_H
#define MURR_FORMAT_JSON_SCHEMA_H

#include "base/buf.h"
#include "model/schema.h"

/*
 * Two forms. Ours names the key, in its order:
 *
 *     {"key": "id", "columns": {"id": {"dtype": "utf8", "nullable": false}, ...}}
 *
 * where the key is a list of names if it has several columns, and a column that takes rounded
 * values (struct field) has "strict": false. The other form is that of the Rust Murr and its
 * client, where the key has the order of the columns:
 *
 *     {"columns": {"id": {"dtype": "utf8", "nullable": false, "key": true, "strict": true}, ...}}
 *
 * Columns are in the order of the schema.
 */
void json_put_schema(struct buf *out, const struct schema *schema);
void json_put_schema_flags(struct buf *out, const struct schema *schema);

/*
 * Read either form, columns in the order written. "nullable" may be absent: true, but false for a
 * key column; "key" false, "strict" true. Fails E_INVALID for what is not JSON, not of this shape,
 * for a key in both places, or no sound schema (schema_check).
 */
must_use enum code json_parse_schema(struct view json, struct schema *out_schema, struct err *err);

#endif
