/* The files of a snapshot, as its manifests have them. */
#ifndef MURR_SOURCE_ICEBERG_MANIFESTS_H
#define MURR_SOURCE_ICEBERG_MANIFESTS_H

#include "format/iceberg/manifest.h"
#include "format/iceberg/metadata.h"
#include "source/iceberg/locations.h"

/* Live files. Zeroed memory is empty. */
struct manifest_files {
    struct arena arena; /* of all that the entries hold */
    struct ice_entry *data;
    size_t n_data;
    struct ice_entry *deletes;
    size_t n_deletes;
};

void manifest_files_done(struct manifest_files *f);

/*
 * Read the manifest list of a snapshot, and its manifests, some at a time.
 *
 * Fails     E_UNSUPPORTED for a file that is encrypted or is not Parquet; E_LIMIT for more than
 *           1 GiB of entries; as locations_find and reading do. Messages name the file.
 */
must_use enum code manifest_files_read(struct locations *l, const struct ice_snapshot *snapshot,
                                       const struct remote_op *op, struct manifest_files *out,
                                       struct err *err);

#endif
