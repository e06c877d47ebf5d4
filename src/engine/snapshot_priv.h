/* Making a snapshot from a generation on disk; for engine/ only. */
#ifndef MURR_ENGINE_SNAPSHOT_PRIV_H
#define MURR_ENGINE_SNAPSHOT_PRIV_H

#include "engine/generation.h"
#include "engine/snapshot.h"

/* Open and check the segments of a generation's directory. The caller holds the one reference. */
must_use enum code snapshot_open(const char *dir, struct snapshot **out_snapshot, struct err *err);

const struct generation_info *snapshot_info(const struct snapshot *s);
uint64_t snapshot_index_bytes(const struct snapshot *s);

#endif
