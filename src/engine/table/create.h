/* Created tables: those without a source, which are made and dropped through the API. */
#ifndef MURR_ENGINE_TABLE_CREATE_H
#define MURR_ENGINE_TABLE_CREATE_H

#include "base/file.h"
#include "engine/spec/spec.h"

struct schema;
struct table;

/*
 * Make a table without a source: its directory, an empty first generation, and a manifest, all
 * durable when this returns.
 *
 * Fails     E_EXISTS if the data directory has files of a table of that name; E_INVALID for a bad
 *           name or schema; E_IO, E_NOSPACE, and then leaves nothing.
 */
must_use enum code table_create(struct view name, const struct schema *schema,
                                enum storage_kind storage, const char *data_dir,
                                struct table **out_table, struct err *err);

/* Open a created table after a restart. Damage does not make this fail (engine/table/damage.h). */
must_use enum code table_open_created(const char *name, enum storage_kind storage,
                                      const char *data_dir, struct table **out_table,
                                      struct err *err);

/* Rename a table's directory to a name that no table can have. After a crash the table is therefore
 * either whole or gone, and the next start removes what has such a name. */
must_use enum code table_put_aside(const struct table *t, const char *data_dir,
                                   char aside[static PATH_CAP], struct err *err);
/* Remove what earlier drops, and creations that failed, left under such names. */
must_use enum code table_remove_debris(const char *data_dir, struct err *err);

#endif
