/*
 * The rows of a write's body, some at a time, whatever its form: JSON, an Arrow stream or structs, a Parquet file.
 * Columns are found by name; those that are left out are null, or of a patch stay what they are.
 */
#ifndef MURR_ENGINE_WRITE_BODY_H
#define MURR_ENGINE_WRITE_BODY_H

#include "engine/write/write.h"
#include "model/schema.h"
#include "engine/spec/memory_shares.h"
#include "model/vector.h"

struct body_config {
    enum write_form form;
    struct view bytes;
    const struct c_batches *batches; /* of WRITE_BATCHES, instead of bytes */
    const struct schema *schema;     /* of the table */
    struct column_rules rules;
    int64_t stamp; /* of every row */
    const struct memory_shares *shares;
};

/*
 * An open body. `columns` are the mask, the stamp and then one a field of the table: what body_next read, of types that
 * convert into the table's.
 */
struct body {
    const struct body_ops *ops;
    const struct schema *schema;
    struct column_rules rules;
    struct vector
        *columns; /* as in a layer with masks: mask, stamp, field i of the table is column i + 2 */
    bool *is_fixed; /* by column: the same in all rows */
    bool *is_given; /* by field: the body has it */
};

/*
 * Borrows   all that the config names, until the close.
 * Fails     E_INVALID naming the column: the bytes are not of that form; a column is unknown; one is left out that may not be null,
 *           or has a type that does not go into the table's without loss (with loss, where field.lossy says so);
 *           E_UNSUPPORTED, E_LIMIT.
 */
must_use enum code body_open(const struct body_config *config, struct body **out_body,
                             struct err *err);
void body_close(struct body *b);

/* Types of the columns, as read: 2 + n_fields. They stay the same. */
void body_types(const struct body *b, struct type *out);

/* Read the next rows, at most ROW_SINK_ROWS of them; *out_n is 0 behind the last. Fails as body_open. */
must_use enum code body_next(struct body *b, size_t *out_n, struct err *err);

#endif
