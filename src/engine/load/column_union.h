/*
 * The union of the columns of several files, by name. Columns come in the order in which they are
 * first seen, each with a type that holds the values of all files. The order of the files changes
 * only the order of the columns.
 */
#ifndef MURR_ENGINE_LOAD_COLUMN_UNION_H
#define MURR_ENGINE_LOAD_COLUMN_UNION_H

#include "base/buf.h"
#include "engine/load/source_file.h"
#include "model/schema.h"

struct union_type {
    struct type type;
    const char *file; /* the first file with this type */
};

struct union_column {
    char *name;
    struct union_type *types; /* the different types in files where it has values */
    size_t n_types;
    struct type null_type;      /* in a file where all its values are null */
    const char *supported_in;   /* a file in which Murr can read it; NULL: there is none */
    const char *unsupported_in; /* a file in which Murr cannot read it; NULL: there is none */
    char why_not[128];          /* for `unsupported_in` */
};

/* Zeroed memory is empty. */
struct column_union {
    struct union_column *columns;
    size_t n;
};

void column_union_done(struct column_union *u);

/* Add the columns of a file of the publication. Borrows the file's name. */
void column_union_add(struct column_union *u, const struct publication *p,
                      const struct source_file *file);

/*
 * The type that holds the values of all files. A column that is null in all files gets its type in
 * `served`, if it is there, so that a day without values does not change the schema.
 *
 * Fails     E_INVALID if no type holds the values of all files, or if the column can be read in
 *           some files only.
 */
must_use enum code union_column_type(const struct union_column *c, const struct schema *served,
                                     struct type *out_type, struct err *err);

#endif
