/*
 * The columns of several files together, by name: in the order in which they first come, with the type that holds
 * the values of all. The order of the files makes no difference to types, nor to which columns there are.
 */
#ifndef MURR_ENGINE_LOAD_COLUMN_UNION_H
#define MURR_ENGINE_LOAD_COLUMN_UNION_H

#include "base/buf.h"
#include "engine/load/source_file.h"
#include "model/schema.h"

struct union_type {
    struct type type;
    const char *file; /* the first that has it */
};

struct union_column {
    char *name;
    struct union_type *types; /* different ones, of files where it has values */
    size_t n_types;
    struct type null_type;      /* of a file where it has none */
    const char *supported_in;   /* a file; NULL: it is supported in none */
    const char *unsupported_in; /* a file; NULL: it is supported in all that have it */
    char why_not[128];
};

/* Zeroed memory is empty. */
struct column_union {
    struct union_column *columns;
    size_t n;
};

void column_union_done(struct column_union *u);

/* Add the columns of a file of the publication. Borrows its name. */
void column_union_add(struct column_union *u, const struct publication *p,
                      const struct source_file *file);

/* Fails E_INVALID where types do not go together, or a column is supported in some files only. */
must_use enum code union_column_type(const struct union_column *c, const struct schema *served,
                                     struct type *out_type, struct err *err);

#endif
