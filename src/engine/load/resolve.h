/*
 * Resolving: from the configuration of a table and the columns of its Parquet files to the schema
 * of a generation, and to the column of each file that fills each field.
 */
#ifndef MURR_ENGINE_LOAD_RESOLVE_H
#define MURR_ENGINE_LOAD_RESOLVE_H

#include "base/buf.h"
#include "engine/load/source_file.h"
#include "engine/spec/spec.h"
#include "model/schema.h"

/* For one file: which column (index for pq_file_column) fills which field, and which fields it does
 * not have. */
struct resolved_file {
    size_t *columns, *fields; /* columns[k] fills fields[k] */
    size_t n;                 /* at least one, since the key must be there */
    size_t *absent;
    size_t n_absent;
};

/* Zeroed memory is empty. */
struct resolved {
    struct schema schema;
    struct resolved_file *files; /* as the publication's data files */
    size_t n_files;
    size_t n_skipped; /* columns that were left out */
    /* Their names and why: "x: nested columns are not supported: it is a map; ..." */
    struct buf skipped;
};

void resolved_done(struct resolved *r);

/*
 * If the spec has columns, the schema has exactly those. If not, it has all columns of all files
 * that Murr can read, in the order in which they are first seen; a column whose type differs
 * between files gets the type that holds the values of all (type_unify). A file without a column
 * gives nulls, and so does a file whose column holds only nulls, whatever its type. A column that
 * is null in all files gets its type in `served`, which may be NULL.
 *
 * `files` are the data files of `p`, in that order. If `p` numbers its columns, the numbers decide
 * which column of a file has which name (engine/load/file_columns.h).
 *
 * Fails     E_INVALID, with file, column, expected and found type, if a key column or a
 *           non-nullable column is missing in a file, a column of the spec is in no file, or a
 *           column can be read in some files only or has types that do not go together.
 */
must_use enum code resolve_columns(const struct table_spec *spec, const struct publication *p,
                                   const struct schema *served, const struct source_file *files,
                                   struct resolved *out, struct err *err);

/* The type in which a column is decoded, before it is converted to the field's type `wanted`: its
 * own type, except that INT96 is decoded in the unit of `wanted`. */
struct type resolve_read_type(const struct pq_column *col, const struct type *wanted);

#endif
