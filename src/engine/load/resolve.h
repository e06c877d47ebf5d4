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

/*
 * Rows are read into a vector for each field of the schema, and then for each hidden column: one
 * that is not in the schema, but that equality deletes compare.
 */
struct hidden_column {
    int32_t field_id;
    struct type type; /* in which it is compared */
};

/* A vector that a file has no column for. */
struct absent_column {
    size_t vector;
    struct type type;
    const struct constant *value; /* all its rows have it; NULL: they are null */
    bool is_nothing; /* rows of deletes have no values: they do not count as nulls either */
};

/* For one file: which column (index for pq_file_column) fills which vector, and which vectors it
 * has no column for. */
struct resolved_file {
    size_t *columns, *vectors; /* columns[k] fills vectors[k] */
    size_t n;
    struct absent_column *absent;
    size_t n_absent;
};

/* Zeroed memory is empty. */
struct resolved {
    struct schema schema;
    struct hidden_column *hidden;
    size_t n_hidden;
    struct resolved_file *files; /* as the publication's data files */
    size_t n_files;
    size_t n_skipped; /* columns that were left out */
    /* Their names and why: "x: nested columns are not supported: it is a map; ..." */
    struct buf skipped;
};

void resolved_done(struct resolved *r);

/* The vectors that rows are read into. */
static inline size_t resolved_n_vectors(const struct resolved *r)
{
    return r->schema.n_fields + r->n_hidden;
}

/*
 * If the spec has columns, the schema has exactly those. If not, it has all columns of all files
 * that Murr can read, in the order in which they are first seen; a column whose type differs
 * between files gets the type that holds the values of all (type_unify). A file without a column
 * gives nulls, and so does a file whose column holds only nulls, whatever its type. A column that
 * is null in all files gets its type in `served`, which may be NULL.
 *
 * A spec without a key is that of a scan, which gives out rows and builds nothing.
 *
 * `files` are the data files of `p`, in that order. If `p` numbers its columns, it also has their
 * types, in which they are offered whatever the files have, and the numbers decide which column of a
 * file has which name (engine/load/file_columns.h). A file without a column then gives the constant
 * that `p` has for it.
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
