/*
 * Columns of a file under the names of its publication. Where the publication knows columns by number, and the file has
 * numbers, those decide: a column that was renamed since has its new name, one that was dropped has none, and one that
 * only has the name of a dropped one is another. Else the names in the file count.
 */
#ifndef MURR_ENGINE_LOAD_FILE_COLUMNS_H
#define MURR_ENGINE_LOAD_FILE_COLUMNS_H

#include "format/parquet/reader.h"
#include "source/publication.h"

/* False: the publication does not have the column. The name is borrowed from either. */
bool file_column_name(const struct pq_file *file, size_t column, const struct publication *p,
                      struct view *out_name);

/* The column of that name. Fails E_NOTFOUND where the file has none; E_INVALID where it has several. */
must_use enum code file_column_find(const struct pq_file *file, const struct publication *p,
                                    struct view name, size_t *out_column, struct err *err);

#endif
