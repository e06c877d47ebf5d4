/*
 * The columns of a file, under the names that its publication gives them. If the publication and
 * the file both number their columns, the numbers decide: a column that was renamed after the file
 * was written has its new name; a column that was dropped is not there, even if a later column has
 * its name. Otherwise the names in the file count.
 */
#ifndef MURR_ENGINE_LOAD_FILE_COLUMNS_H
#define MURR_ENGINE_LOAD_FILE_COLUMNS_H

#include "format/parquet/reader.h"
#include "source/publication.h"

/* False if the publication no longer has the column. *out_name borrows from `file` or `p`. */
bool file_column_name(const struct pq_file *file, size_t column, const struct publication *p,
                      struct view *out_name);

/* The column of that name. Fails E_NOTFOUND if the file has none; E_INVALID if it has several. */
must_use enum code file_column_find(const struct pq_file *file, const struct publication *p,
                                    struct view name, size_t *out_column, struct err *err);

#endif
