/*
 * From what a table is configured to be, and what its Parquet files have, to the schema of a generation
 * and the column of each file that fills each field.
 */
#ifndef MURR_ENGINE_LOAD_RESOLVE_H
#define MURR_ENGINE_LOAD_RESOLVE_H

#include "base/buf.h"
#include "engine/load/source_file.h"
#include "engine/spec/spec.h"
#include "model/schema.h"

/* Of one file: which column (index for pq_file_column) fills which field, and which fields it does not have. */
struct resolved_file {
    size_t *columns, *fields; /* of equal length */
    size_t n;                 /* at least one: the key's */
    size_t *absent;
    size_t n_absent;
};

/* Zeroed memory is empty. */
struct resolved {
    struct schema schema;
    struct resolved_file *files; /* one each */
    size_t n_files;
    size_t n_skipped; /* columns that were left out */
    struct buf
        skipped; /* their names and why: "x: nested columns are not supported: it is a map; ..." */
};

void resolved_done(struct resolved *r);

/*
 * With columns in the spec: those, by name. Without: all supported columns of all files, in the order in which they
 * come; where files differ, the type that holds the values of all (type_unify). A file that does not have a column
 * has nulls there, and so has one that says that all its values are null, of whatever type. A column that is null in
 * all files gets the type that it has in `served`, which may be NULL.
 *
 * `files` are those of the publication, in its order. Where it knows columns by number, these decide which column of a
 * file has which name (engine/load/file_columns.h).
 *
 * Fails E_INVALID naming file and column, expected and found: a column of the key or one that may not be null is
 * missing, one of the spec is in no file, one is supported in some files only, or its types do not go together.
 */
must_use enum code resolve_columns(const struct table_spec *spec, const struct publication *p,
                                   const struct schema *served, const struct source_file *files,
                                   struct resolved *out, struct err *err);

/* What a column is read as to fill a field of the type, into which it then converts: its own type, or for
 * INT96 a timestamp in the field's unit. */
struct type resolve_read_type(const struct pq_column *col, const struct type *wanted);

#endif
