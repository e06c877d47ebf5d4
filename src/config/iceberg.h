/* The configuration of a table in the format Iceberg: source: { iceberg: { ... } }. */
#ifndef MURR_CONFIG_ICEBERG_H
#define MURR_CONFIG_ICEBERG_H

#include "config/settings.h"
#include "config/tree.h"

/* Into struct source_spec. */
extern const struct field_list iceberg_fields;

/*
 * The source of a table without a configuration: a metadata file, which ends in ".json" or in that
 * and the name of a compression, or else a location. Everything else has its default. The caller
 * calls source_spec_done.
 */
must_use enum code iceberg_of_uri(const char *uri, struct source_spec *out, struct err *err);

/* Check that the fields fit together, and find the catalog (source.h). */
must_use enum code iceberg_check(const struct node *n, const struct config *config,
                                 struct source_spec *s, struct err *err);

#endif
