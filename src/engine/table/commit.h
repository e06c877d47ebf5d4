/*
 * Commits: how a table changes, to a new base from its source, by a layer of writes, or by a merge.
 * Each commit takes the same three steps: files get their names on disk, the manifest is replaced,
 * the snapshot is swapped. Readers see the old state or the new one; a crash leaves the old state
 * or the new one.
 *
 * Threads   any; commits of one table take turns.
 */
#ifndef MURR_ENGINE_TABLE_COMMIT_H
#define MURR_ENGINE_TABLE_COMMIT_H

#include "engine/table/state.h"

/*
 * Make the complete generation in `tmp_dir` the base. Layers stay if they have rows newer than its
 * publication.
 *
 * Fails     E_INVALID if the columns of such a layer do not fit; E_IO, E_NOSPACE. The directory is
 *           then removed.
 */
must_use enum code commit_base(struct table *t, const char *tmp_dir, uint64_t number,
                               struct err *err);

/* The base is damaged: serve the newest older generation instead, after comparing all its
 * checksums. Fails E_NOTFOUND if no older generation is whole. */
must_use enum code commit_older(struct table *t, struct err *err);

/* Make the complete segment in `tmp_dir` the newest layer. The directory is removed in any case.
 * Fails E_BUSY if there are OVERLAY_MAX layers already. */
must_use enum code commit_layer(struct table *t, const char *tmp_dir, uint64_t number,
                                int64_t newest, struct err *err);

/*
 * Serve a later publication, which is what `from` serves with the complete segment in `tmp_dir` over
 * it; or, if `has_layer` is false, nothing over it. `refresh` describes it; its n_rows is set here.
 * Written rows that are older than the publication do not count any more. The directory is removed in
 * any case. With `is_accepted` the guards are skipped.
 *
 * Fails     E_CHANGED if another publication is served by now; E_BUSY if there are OVERLAY_MAX layers
 *           already; E_REFUSED by a guard.
 */
must_use enum code commit_refresh(struct table *t, const char *tmp_dir, uint64_t number,
                                  bool has_layer, int64_t newest, const struct snapshot *from,
                                  struct manifest_refresh *refresh, bool is_accepted,
                                  struct err *err);

/*
 * Put the result of a merge in the place of the layers `first` to `end` - 1 of the snapshot `from`.
 * If the base was merged too (`end` is then the number of layers), the result becomes the base;
 * otherwise it becomes a layer. The directory is removed in any case.
 *
 * Fails     E_CHANGED if these layers, or that base, are no longer served.
 */
must_use enum code commit_merge(struct table *t, const char *tmp_dir, uint64_t number,
                                const struct snapshot *from, size_t first, size_t end,
                                bool has_base, struct err *err);

/* Serve the same base in another form, as a copy in memory instead of a mapping. Does nothing if
 * another base is served by now. */
void commit_resettled(struct table *t, struct base_generation *take_base);

/* Write the manifest again if one of its two files is missing, damaged or different. */
must_use enum code commit_mend_manifest(struct table *t, struct err *err);

/* Make "<table_dir>/0000000009.tmp", with a number that was never used. */
must_use enum code commit_make_tmp(struct table *t, uint64_t *out_number, char out[static PATH_CAP],
                                   struct err *err);
void commit_remove_tmp(const char *tmp_dir);

#endif
