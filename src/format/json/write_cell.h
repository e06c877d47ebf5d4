/* One JSON value of a write, as a value of its column's type. */
#ifndef MURR_FORMAT_JSON_WRITE_CELL_H
#define MURR_FORMAT_JSON_WRITE_CELL_H

#include "format/json/scan_priv.h"
#include "model/list.h"
#include "model/schema.h"
#include "model/vector.h"

enum { JSON_CELL_BYTES_MAX = 64 << 20 };

/* A value on its way into a vector. */
struct json_cell {
    struct list_builder *list; /* scratch */
    struct scan *s;            /* at the value, of a body whose syntax was checked */
    const struct field *field;
    size_t row; /* for messages */
};

/*
 * Read the value into slot `i` of the vector. Strings with escapes, bytes out of base64 and lists
 * go to the arena of the scan.
 *
 * Fails E_INVALID naming column, row and value; E_LIMIT for more than JSON_CELL_BYTES_MAX.
 */
must_use enum code json_cell_read(const struct json_cell *c, struct vector *v, size_t i);

#endif
