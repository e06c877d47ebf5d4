/* From the files of a table to one that serves: at a start, and again where something could not be opened. */
#ifndef MURR_ENGINE_TABLE_RESTORE_H
#define MURR_ENGINE_TABLE_RESTORE_H

#include "engine/spec/spec.h"

struct snapshot;
struct table;
struct transfer_loop;

/*
 * Remove debris and serve the newest complete generation, if there is one. A damaged generation is
 * logged and the one before it is taken.
 *
 * Borrows   spec, loop.
 * Fails     E_IO when the table's directory cannot be made or read.
 */
must_use enum code table_open(const struct table_spec *spec, const char *data_dir,
                              struct transfer_loop *loop, struct table **out_table,
                              struct err *err);

/* Whether a directory of the data directory is a table that was created through the API. */
bool table_is_created(const char *data_dir, const char *name);

/* Serve what is in the directory; what cannot be is its damage. */
void table_restore(struct table *t);

/* Of manifest and table.json, one of the two files may be damaged, or both: write them again. */
void table_mend_small_files(struct table *t, const struct snapshot *s);

/* Try again what could not be opened. Threads: the scrubbing one. */
void table_restore_again(struct table *t);

/* Keep the live base as configured, where it is not. Tried again at each call. Threads: one at a time. */
void table_settle(struct table *t);

#endif
