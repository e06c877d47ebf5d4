/*
 * Changing what a table is: a new base from its source, a layer of writes, a merge. Each is the same three steps
 * under the table's commit lock: files are on disk under their names; the manifest is replaced; the snapshot is
 * swapped. Readers see the old state or the new; a crash leaves one or the other.
 */
#ifndef MURR_ENGINE_TABLE_COMMIT_H
#define MURR_ENGINE_TABLE_COMMIT_H

#include "engine/table/state.h"

/*
 * A complete generation in `tmp_dir` becomes the base. Layers stay where they have rows newer than it.
 *
 * Fails E_INVALID where such rows do not fit its columns; E_IO, E_NOSPACE. The directory is then removed.
 */
must_use enum code commit_base(struct table *t, const char *tmp_dir, uint64_t number,
                               struct err *err);

/* An older generation, checked whole, serves in the place of the base, which is damaged. Fails E_NOTFOUND where none is
 * whole. */
must_use enum code commit_older(struct table *t, struct err *err);

/* A complete segment in `tmp_dir` becomes the newest layer; its directory is removed in any case. Fails   E_BUSY
 * where there are as many layers as may be. */
must_use enum code commit_layer(struct table *t, const char *tmp_dir, uint64_t number,
                                int64_t newest, struct err *err);

/*
 * What was merged from the layers `first` to `end`-1 of the snapshot `from` takes their place: as the base, where
 * that was merged, too (then `end` is all); else as a layer. The directory is removed in any case.
 *
 * Fails E_CHANGED where they are not what is served any more.
 */
must_use enum code commit_merge(struct table *t, const char *tmp_dir, uint64_t number,
                                const struct snapshot *from, size_t first, size_t end,
                                bool has_base, struct err *err);

/* The base as the configuration wants it kept, in the place of the same one kept otherwise. Takes it. */
void commit_resettled(struct table *t, struct base_generation *take_base);

/* Write the manifest again where one of its two files is not what it should be. */
must_use enum code commit_mend_manifest(struct table *t, struct err *err);

/* "<table_dir>/0000000009.tmp", made. */
must_use enum code commit_make_tmp(struct table *t, uint64_t *out_number, char out[static PATH_CAP],
                                   struct err *err);
void commit_remove_tmp(const char *tmp_dir);

#endif
