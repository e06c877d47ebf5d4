/*
 * Manifest lists and manifests of Iceberg tables: which files a snapshot has. Both are Avro; fields
 * are found by their numbers.
 *
 * Format    the Iceberg table specification, "Manifests" and "Manifest Lists".
 */
#ifndef MURR_FORMAT_ICEBERG_MANIFEST_H
#define MURR_FORMAT_ICEBERG_MANIFEST_H

#include "base/arena.h"
#include "format/iceberg/schema.h"

enum ice_content { ICE_DATA, ICE_POSITION_DELETES, ICE_EQUALITY_DELETES };
enum ice_file_format { ICE_PARQUET, ICE_ORC, ICE_AVRO, ICE_PUFFIN, ICE_OTHER_FORMAT };
enum ice_status { ICE_EXISTING = 0, ICE_ADDED = 1, ICE_DELETED = 2 };

/* Of a manifest that no list names: its file says the spec. */
enum { ICE_SPEC_OF_FILE = -1 };

/* A manifest, as its list names it. */
struct ice_manifest {
    const char *path; /* a URI */
    int64_t length;   /* as recorded; tables that were copied have manifests of other lengths */
    int32_t spec_id;  /* or ICE_SPEC_OF_FILE */
    bool has_deletes; /* content 1: of delete files */
    int64_t sequence_number, min_sequence_number; /* 0 in version 1 */
    int64_t added_snapshot_id;
    bool is_encrypted; /* it has key metadata */
};

/*
 * Parse a manifest list. All memory comes from `arena`.
 *
 * Fails     E_CORRUPT; E_UNSUPPORTED; E_LIMIT beyond `max_manifests`.
 */
must_use enum code ice_manifest_list_parse(struct view bytes, size_t max_manifests,
                                           struct arena *arena, struct ice_manifest **out_manifests,
                                           size_t *out_n, struct err *err);

/* The value of one partition field. */
struct ice_partition_value {
    int32_t field_id;
    struct ice_value value;
};

/* A data or delete file, as a manifest has it. */
struct ice_entry {
    enum ice_status status;
    int64_t snapshot_id;
    int64_t sequence_number;      /* inherited where the manifest leaves it out */
    int64_t file_sequence_number; /* likewise */
    int32_t spec_id;              /* the manifest's */
    enum ice_content content;
    enum ice_file_format format;
    const char *format_name;                     /* as written, for messages */
    const char *path;                            /* a URI */
    const struct ice_partition_value *partition; /* in the order of the manifest's schema */
    size_t n_partition;                          /* 0: not partitioned, or not recorded */
    int64_t n_rows, n_bytes;
    bool is_encrypted;           /* it has key metadata */
    const int32_t *equality_ids; /* the columns that equality deletes compare */
    size_t n_equality_ids;
    const char *referenced_data_file; /* the one data file it deletes from; NULL: not recorded */
    /* Bounds of the column file_path of a position delete file, which may be cut short (that says
     * nothing); empty: not recorded. */
    struct view path_lower, path_upper;
    int64_t content_offset, content_bytes; /* of the deletion vector in its file; -1: none */
};

/* Called for each entry in turn; what it is given lives as long as the arena. A failure ends the
 * parsing. */
typedef enum code (*ice_entry_fn)(void *arg, const struct ice_entry *entry, struct err *err);

/*
 * Parse the bytes of a manifest, plain Avro, in the order of the file. `what` gives what entries
 * inherit. Entries that are not live are given out too; the sequence numbers of those are -1 where
 * they are not known.
 *
 * Fails     E_CORRUPT, also for a data file in a manifest of deletes, and the reverse;
 *           E_UNSUPPORTED; what `fn` fails with. Messages name the entry by its position.
 */
must_use enum code ice_manifest_parse(struct view bytes, const struct ice_manifest *what,
                                      struct arena *arena, ice_entry_fn fn, void *arg,
                                      struct err *err);

#endif
