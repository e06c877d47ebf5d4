/* The part of a configuration that describes one table. */
#ifndef MURR_CONFIG_TABLE_H
#define MURR_CONFIG_TABLE_H

#include "base/suggest.h"
#include "config/field.h"
#include "engine/spec/spec.h"

/* `n` is the member of `tables`. On failure `out` holds what was read so far; table_spec_done it.
 */
must_use enum code table_read(const struct node *n, struct table_spec *out, struct err *err);
void table_print(const struct table_spec *spec, struct buf *out);

/* The helpers below are what sections have in common. `path` leads to the map itself. */

must_use enum code map_check(const struct node *n, const char *path, struct err *err);

/* Refuse members of `map` that are neither in `fields` nor in `others` (NULL-terminated, or NULL).
 */
must_use enum code fields_check(const struct node *map, const struct config_field *fields,
                                size_t n_fields, const char *const *others, const char *path,
                                struct err *err);

/* Read every field; `map` NULL gives the defaults. `owner`: where `map` is, or should have been. */
must_use enum code fields_read(const struct node *map, const struct config_field *fields,
                               size_t n_fields, void *base, const char *owner, const char *path,
                               struct err *err);

void fields_print(const struct config_field *fields, size_t n_fields, const void *base,
                  unsigned indent, struct buf *out);

/* "FILE:LINE: path.name: unknown field; did you mean ...". Path "" is the top level. */
enum code unknown_field(const struct node *n, const char *path, const struct suggest *close,
                        struct err *err);

#endif
