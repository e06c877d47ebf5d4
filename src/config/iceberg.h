/* The configuration of a table in the format Iceberg: source: { iceberg: { ... } }. */
#ifndef MURR_CONFIG_ICEBERG_H
#define MURR_CONFIG_ICEBERG_H

#include "config/settings.h"
#include "config/tree.h"

/* Into struct source_spec. */
extern const struct field_list iceberg_fields;

/* Check that the fields fit together, and find the catalog (source.h). */
must_use enum code iceberg_check(const struct node *n, const struct config *config,
                                 struct source_spec *s, struct err *err);

#endif
