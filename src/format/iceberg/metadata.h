/*
 * The metadata file of an Iceberg table, versions 1 to 3: its schemas, partition specs, snapshots
 * and names of snapshots.
 *
 * Format    the Iceberg table specification, "Table Metadata Fields" and appendix C.
 */
#ifndef MURR_FORMAT_ICEBERG_METADATA_H
#define MURR_FORMAT_ICEBERG_METADATA_H

#include "format/iceberg/schema.h"

struct json_t; /* of jansson */

enum { ICE_NO_SNAPSHOT = -1, ICE_NO_SCHEMA = -1 };

struct ice_partition_field {
    int32_t source_id; /* 0 where a transform has several sources */
    int32_t field_id;  /* 1000 and up; the numbers of the fields of `partition` in manifests */
    const char *name;
    bool is_identity; /* the value is the column's own */
};

struct ice_spec {
    int32_t id;
    const struct ice_partition_field *fields;
    size_t n_fields;
};

struct ice_snapshot {
    int64_t id;
    int64_t parent_id;       /* ICE_NO_SNAPSHOT: it has none */
    int64_t sequence_number; /* 0 in version 1 */
    int64_t timestamp_ms;
    int32_t schema_id;         /* ICE_NO_SCHEMA: the current one */
    const char *operation;     /* "append", "replace", "overwrite", "delete"; "": not recorded */
    const char *manifest_list; /* a URI; NULL: the manifests are named here */
    const char *const *manifests;
    size_t n_manifests;
    bool is_encrypted; /* its manifest list is: it has a key */
};

struct ice_ref {
    const char *name; /* "main" is there whenever there is a current snapshot */
    int64_t snapshot_id;
    bool is_branch; /* else a tag */
};

struct ice_log_entry {
    int64_t timestamp_ms; /* from then on the snapshot was the current one */
    int64_t snapshot_id;
};

/* One name under which files without numbers may have a field of the top level. */
struct ice_mapped_name {
    const char *name;
    int32_t field_id;
};

struct ice_metadata {
    int32_t format_version;
    const char *table_uuid; /* "": version 1 may lack it */
    const char *location;
    int64_t last_sequence_number;
    int64_t last_updated_ms;
    const struct ice_schema *schemas;
    size_t n_schemas;
    int32_t current_schema_id;
    const struct ice_spec *specs;
    size_t n_specs;
    const struct ice_snapshot *snapshots;
    size_t n_snapshots;
    int64_t current_snapshot_id; /* ICE_NO_SNAPSHOT: the table is empty */
    const struct ice_ref *refs;
    size_t n_refs;
    const struct ice_log_entry *log; /* oldest first */
    size_t n_log;
    const struct ice_mapped_name *mapping; /* schema.name-mapping.default */
    size_t n_mapping;
    bool has_mapping;
};

/*
 * Parse a metadata file, plain or compressed with gzip or zstd; which, its first bytes say. The
 * caller calls ice_metadata_free; everything lives until then, and borrows nothing of `bytes`.
 *
 * Fails     E_UNSUPPORTED for another format version and for types that no version has; E_CORRUPT for
 *           anything malformed; E_LIMIT if it is larger than `max_bytes` once decompressed.
 */
must_use enum code ice_metadata_parse(struct view bytes, size_t max_bytes,
                                      struct ice_metadata **out_metadata, struct err *err);
/* The same of JSON that stands in something larger: an answer of a catalog. */
must_use enum code ice_metadata_of_json(const struct json_t *json,
                                        struct ice_metadata **out_metadata, struct err *err);
void ice_metadata_free(struct ice_metadata *m); /* NULL is fine */

/* By id or name; NULL if there is none. */
const struct ice_schema *ice_metadata_schema(const struct ice_metadata *m, int32_t id);
const struct ice_spec *ice_metadata_spec(const struct ice_metadata *m, int32_t id);
const struct ice_snapshot *ice_metadata_snapshot(const struct ice_metadata *m, int64_t id);
const struct ice_ref *ice_metadata_ref(const struct ice_metadata *m, const char *name);

#endif
