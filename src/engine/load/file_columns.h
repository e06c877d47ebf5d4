/*
 * Columns of a file under the names of its publication. Where the publication knows columns by
 * number, and the file has numbers or a mapping of names says them, those decide: a column that was renamed since has its new name,
 * one that was dropped has none, and one that only has the name of a dropped column is another one.
 * Otherwise the names in the file count.
 */
#ifndef MURR_ENGINE_LOAD_FILE_COLUMNS_H
#define MURR_ENGINE_LOAD_FILE_COLUMNS_H

#include "format/parquet/reader.h"
#include "source/publication.h"

/* Borrows the file and the publication. Zeroed memory can be ended. */
struct file_columns {
    const struct pq_file *file;
    /* By column; one without a pointer is not in the publication. NULL: the names in the file count. */
    struct view *names;
    int32_t *ids; /* by column: its number; PQ_NO_FIELD_ID: none. NULL: the names count */
};

/* Cost: columns of the file times fields of the publication, if numbers decide. */
void file_columns_init(struct file_columns *c, const struct pq_file *file,
                       const struct publication *p);
void file_columns_done(struct file_columns *c);

/* Returns false if the publication does not have the column. Borrows the name. */
bool file_columns_name(const struct file_columns *c, size_t column, struct view *out_name);

/* The column with that name. Fails E_NOTFOUND if the file has none; E_INVALID if it has several. */
must_use enum code file_columns_find(const struct file_columns *c, struct view name,
                                     size_t *out_column, struct err *err);

/* The column with that number, also of a dropped one. False: there is none, or numbers do not
 * count. */
bool file_columns_find_id(const struct file_columns *c, int32_t id, size_t *out_column);

#endif
