/* The part of a configuration that describes one table. */
#ifndef MURR_CONFIG_TABLE_H
#define MURR_CONFIG_TABLE_H

#include "config/map.h"
#include "config/settings.h"

/* Fields of a table itself and of a column: into table_spec and column_spec. */
extern const struct field_list table_fields, column_fields;

/* `n` is the member of `tables`; `config` has the catalogs. On failure `out` holds what was read so
 * far; table_spec_done it. */
must_use enum code table_read(const struct node *n, const struct config *config,
                              struct table_spec *out, struct err *err);
void table_print(const struct table_spec *spec, struct buf *out);

#endif
