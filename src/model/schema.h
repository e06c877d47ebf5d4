/* The columns of a table and which of them are the key. */
#ifndef MURR_MODEL_SCHEMA_H
#define MURR_MODEL_SCHEMA_H

#include "base/err.h"
#include "model/type.h"

#include <stddef.h>

/* For messages: what dtype_is_key says. */
#define KEY_DTYPES "utf8, an integer, date, time, decimal or fixed_binary"

struct field {
    char *name; /* NUL-terminated UTF-8, owned by the schema */
    struct type type;
    bool nullable;
    bool lossy; /* values written may be rounded into the type: float64 into float32 */
};

/* Zeroed memory is a valid, empty schema. Immutable once a table has it. */
struct schema {
    struct field *fields;
    size_t n_fields;
    size_t *key; /* indexes into fields, in key order; at least one in a checked schema */
    size_t n_key;
};

void schema_done(struct schema *s);
void schema_copy(const struct schema *from, struct schema *out);

/* Append a field; the name is copied. */
void schema_add(struct schema *s, struct view name, const struct type *type, bool nullable);
/* The same for a dtype without parameters. */
static inline void schema_add_plain(struct schema *s, struct view name, enum dtype t, bool nullable)
{
    const struct type type = type_of(t);
    schema_add(s, name, &type, nullable);
}
/* Append a field that was added to the key. */
void schema_add_key(struct schema *s, size_t field_idx);

/* Index of the field, or -1. */
ptrdiff_t schema_find(const struct schema *s, struct view name);

/* E_INVALID "unknown column 'seat'; did you mean 'seats'?" */
enum code schema_unknown(const struct schema *s, struct view name, struct err *err);

/* Which columns incoming rows may have. */
struct column_rules {
    bool passes_unknown; /* columns unknown to the table are ignored; else refused */
    bool is_patch;       /* all columns but the key may be left out; these keep their old values */
};

bool schema_is_key(const struct schema *s, size_t field_idx);
bool schema_eq(const struct schema *a, const struct schema *b);

/* What every table needs: unique non-empty UTF-8 names, at least one key column, key columns not
 * repeated, of a key type and not nullable. Fails E_INVALID naming the column. */
must_use enum code schema_check(const struct schema *s, struct err *err);

#endif
