/* Making a snapshot from a generation on disk; for engine/ only. */
#ifndef MURR_ENGINE_SNAPSHOT_PRIV_H
#define MURR_ENGINE_SNAPSHOT_PRIV_H

#include "engine/generation.h"
#include "engine/snapshot.h"
#include "engine/spec.h"
#include "remote/op.h"

/*
 * Open and check the segments of a generation's directory. The caller holds the one reference.
 *
 * Cost      STORAGE_MMAP: milliseconds. STORAGE_MEMORY: a copy of the files, about a second a 2 GB, which ends
 *           early with `op`.
 * Fails     E_NOTFOUND, E_CORRUPT, E_IO; E_NOMEM when STORAGE_MEMORY does not fit; E_CANCELLED.
 */
must_use enum code snapshot_open(const char *dir, enum storage_kind storage,
                                 const struct remote_op *op, struct snapshot **out_snapshot,
                                 struct err *err);

enum storage_kind snapshot_storage(const struct snapshot *s);
uint64_t snapshot_memory_bytes(const struct snapshot *s); /* of the copy; 0 when mapped */

/* Take the files of a generation that was copied to memory out of the page cache. */
void snapshot_drop_cache(const char *dir, const struct snapshot *s);

const struct generation_info *snapshot_info(const struct snapshot *s);
uint64_t snapshot_index_bytes(const struct snapshot *s);

#endif
