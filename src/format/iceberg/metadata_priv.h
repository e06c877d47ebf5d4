/* Parts of a metadata file, each from the JSON of the whole one. Everything is copied into the
 * arena. All fail E_CORRUPT. */
#ifndef MURR_FORMAT_ICEBERG_METADATA_PRIV_H
#define MURR_FORMAT_ICEBERG_METADATA_PRIV_H

#include "base/arena.h"
#include "format/iceberg/metadata.h"

#include <jansson.h>

must_use enum code ice_specs_parse(const json_t *j, struct arena *arena, struct ice_metadata *m,
                                   struct err *err);
/* Snapshots, the current one, names and log. */
must_use enum code ice_snapshots_parse(const json_t *j, struct arena *arena, struct ice_metadata *m,
                                       struct err *err);
must_use enum code ice_mapping_parse(const json_t *j, struct arena *arena, struct ice_metadata *m,
                                     struct err *err);

#endif
