/* A schema as JSON, as in the API and in table.json. */
#ifndef MURR_FORMAT_JSON_SCHEMA_H
#define MURR_FORMAT_JSON_SCHEMA_H

#include "base/buf.h"
#include "model/schema.h"

/* {"key": "id", "columns": {"id": {"dtype": "utf8", "nullable": false}, ...}}; the key is a list of
 * names where it has several columns. Columns are in the order of the schema. */
void json_put_schema(struct buf *out, const struct schema *schema);

/*
 * Read that back, columns in the order written. "nullable" may be absent: true, but false for a key
 * column. Fails E_INVALID for what is not JSON, not of this shape, or no sound schema
 * (schema_check).
 */
must_use enum code json_parse_schema(struct view json, struct schema *out_schema, struct err *err);

#endif
