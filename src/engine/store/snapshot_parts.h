/* The parts of a snapshot (base, layers, their stack), for code that makes a snapshot or looks
 * inside. */
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
 * A snapshot of a base with layers on top, and of the publication that it has by them, which may be
 * NULL: it is the base's. Takes both references, also when it fails.
 *
 * Fails     E_CORRUPT if a layer hashes keys with another seed than the base; E_INVALID if its
 *           columns do not fit the base's (layer_match).
 */
must_use enum code snapshot_new(struct base_generation *take_base, struct overlay *take_overlay,
                                const struct manifest_refresh *refresh,
                                struct snapshot **out_snapshot, struct err *err);

/* Count the rows of base and layers. Cost: one lookup for each row of the layers. */
uint64_t snapshot_count_rows(const struct snapshot *s);

/* Set what snapshot_n_rows returns; the default is the base's count. Only before the snapshot is
 * shared. */
void snapshot_set_n_rows(struct snapshot *s, uint64_t n_rows);

/* Set where reads of the snapshot are counted, and take a reference to it. Only before the snapshot
 * is shared. */
void snapshot_set_counters(struct snapshot *s, struct table_counters *counters);

/* Borrowed. */
struct base_generation *snapshot_base(const struct snapshot *s);
struct overlay *snapshot_overlay(const struct snapshot *s);
const struct seg_stack *snapshot_stack(const struct snapshot *s);

/* The base's info, with the publication that the snapshot has. Borrowed. */
const struct generation_info *snapshot_info(const struct snapshot *s);

/* The publication that came by layers; label "": it is the base's. Borrowed. */
const struct manifest_refresh *snapshot_refresh(const struct snapshot *s);

/* What the source published: the base and the layers that publications brought, without writes. */
struct seg_stack snapshot_published(const struct snapshot *s);

/* Stamps of the rows of a layer that count are greater. */
int64_t snapshot_layer_floor(const struct snapshot *s, size_t layer);

/* The largest stamp of a row that a base of this generation replaces: everything written up to the
 * time when its publication was published. INT64_MIN for a table without a source. */
int64_t snapshot_floor(const struct generation_info *info);

#endif
