/* The section `catalogs`: catalogs of Iceberg tables, each with a name. */
#ifndef MURR_CONFIG_CATALOG_H
#define MURR_CONFIG_CATALOG_H

#include "config/map.h"
#include "source/iceberg_spec.h"

/* Fields of a catalog, except its headers: into struct catalog_spec. */
extern const struct field_list catalog_fields;

/* `n` is the member of `catalogs`. On failure `out` holds what was read so far; catalog_spec_done
 * it. */
must_use enum code catalog_read(const struct node *n, struct catalog_spec *out, struct err *err);
void catalog_print(const struct catalog_spec *spec, struct buf *out);

#endif
