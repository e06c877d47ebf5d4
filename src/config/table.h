/* The part of a configuration that describes one table. */
#ifndef MURR_CONFIG_TABLE_H
#define MURR_CONFIG_TABLE_H

#include "config/map.h"
#include "engine/spec/spec.h"

/* Fields of a table itself, of its guard and of a column: into table_spec, guard_spec and
 * column_spec. */
extern const struct field_list table_fields, guard_fields, column_fields;

/* `n` is the member of `tables`. On failure `out` holds what was read so far; table_spec_done it.
 */
must_use enum code table_read(const struct node *n, struct table_spec *out, struct err *err);
void table_print(const struct table_spec *spec, struct buf *out);

#endif
