/* Tables that have no source: they are made and dropped through the API. */
#ifndef MURR_ENGINE_TABLE_CREATE_H
#define MURR_ENGINE_TABLE_CREATE_H

#include "base/file.h"
#include "engine/spec/spec.h"

struct schema;
struct table;

/*
 * Make a table without a source: its directory, an empty first generation, a manifest. On disk when this returns.
 * `storage` is how it will be kept.
 *
 * Fails E_EXISTS where the data directory has such a table; E_INVALID for a schema that it cannot have.
 */
must_use enum code table_create(struct view name, const struct schema *schema,
                                enum storage_kind storage, const char *data_dir,
                                struct table **out_table, struct err *err);

/* Open such a table. */
must_use enum code table_open_created(const char *name, enum storage_kind storage,
                                      const char *data_dir, struct table **out_table,
                                      struct err *err);

/* Give the files of a table another name, which no table has: a crash leaves all or nothing of it, and what is there
 * under that name is removed at the next start. */
must_use enum code table_put_aside(const struct table *t, const char *data_dir,
                                   char aside[static PATH_CAP], struct err *err);
/* What removals left behind. */
must_use enum code table_remove_debris(const char *data_dir, struct err *err);

#endif
