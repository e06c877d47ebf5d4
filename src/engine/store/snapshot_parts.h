/* The parts of a snapshot, for those who put one together or look into it: base, layers, their stack. */
#ifndef MURR_ENGINE_STORE_SNAPSHOT_PARTS_H
#define MURR_ENGINE_STORE_SNAPSHOT_PARTS_H

#include "engine/store/base_generation.h"
#include "engine/store/manifest.h"
#include "engine/store/overlay.h"
#include "engine/spec/spec.h"

struct seg_stack;
struct snapshot;
struct table_counters;

/*
 * A snapshot of a base with layers on top; takes both references, also when it fails.
 *
 * Fails E_CORRUPT where a layer's keys are hashed otherwise than the base's; E_INVALID where its columns do not
 * fit the base's (layer_match).
 */
must_use enum code snapshot_new(struct base_generation *take_base, struct overlay *take_overlay,
                                struct snapshot **out_snapshot, struct err *err);

/* Rows of base and layers, counted by looking up every row of the layers. */
uint64_t snapshot_count_rows(const struct snapshot *s);

/* What snapshot_n_rows says, where it is not the rows of the base: before anybody else has the snapshot. */
void snapshot_set_n_rows(struct snapshot *s, uint64_t n_rows);

/* Count reads of it there; before anybody else has the snapshot. Takes a reference. */
void snapshot_set_counters(struct snapshot *s, struct table_counters *counters);

/* Borrowed. */
struct base_generation *snapshot_base(const struct snapshot *s);
struct overlay *snapshot_overlay(const struct snapshot *s);
const struct seg_stack *snapshot_stack(const struct snapshot *s);

/* Rows with stamps up to this are replaced by a base of this generation: all that was written before its
 * partition was published. INT64_MIN for a table without a source. */
int64_t snapshot_floor(const struct generation_info *info);

#endif
