/*
 * From what a table is configured to be, and what its Parquet files have, to the schema of a generation
 * and the column of each file that fills each field.
 */
#ifndef MURR_ENGINE_RESOLVE_H
#define MURR_ENGINE_RESOLVE_H

#include "engine/source_file.h"
#include "engine/spec.h"
#include "model/schema.h"

/* Zeroed memory is empty. */
struct resolved {
    struct schema schema;
    size_t *columns;  /* [file * schema.n_fields + field]: index for pq_file_column */
    size_t n_skipped; /* columns of the first file left out because their type is not supported */
};

void resolved_done(struct resolved *r);

/*
 * With columns in the spec: those, by name. Without: every supported column of the first file, in its
 * order; where files differ, the wider type of the two.
 *
 * Fails E_INVALID naming file and column, expected and found: a column that is missing, nested or of an
 * unsupported type, or whose type does not widen without loss.
 */
must_use enum code resolve_columns(const struct table_spec *spec, const struct source_file *files,
                                   size_t n_files, struct resolved *out, struct err *err);

/* What a column is read as to fill a field of the type, into which it then converts: its own type, or for
 * INT96 a timestamp in the field's unit. */
struct type resolve_read_type(const struct pq_column *col, const struct type *wanted);

#endif
