/* Restoring: opening a table from its files, at a start, and again later if something could not be
 * opened. */
#ifndef MURR_ENGINE_TABLE_RESTORE_H
#define MURR_ENGINE_TABLE_RESTORE_H

#include "engine/spec/spec.h"

struct snapshot;
struct table;
struct transfer_loop;

/*
 * Open a table with a source: remove debris, and serve what its manifest names, mapped. Damage does
 * not make this fail (engine/table/damage.h).
 *
 * Borrows   spec and loop, until table_close.
 * Fails     E_IO if the table's directory cannot be made; E_EXISTS if a table without a source has
 *           the name; as source_open.
 */
must_use enum code table_open(const struct table_spec *spec, const char *data_dir,
                              struct transfer_loop *loop, struct table **out_table,
                              struct err *err);

/* Whether a directory of the data directory is a table that was created through the API. */
bool table_is_created(const char *data_dir, const char *name);

/* Serve what is in the directory. What cannot be opened is noted as damage. */
void table_restore(struct table *t);

/* Write manifest and table.json again if a copy is missing or damaged. */
void table_mend_small_files(struct table *t, const struct snapshot *s);

/* If nothing could be opened, try again. Threads: the scrubber. */
void table_restore_again(struct table *t);

/* If the live base is mapped and should be a copy in memory, make the copy and serve it. Tried
 * again at each call. Threads: one at a time for a table. */
void table_settle(struct table *t);

#endif
