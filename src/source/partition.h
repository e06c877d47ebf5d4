/*
 * A partition: one publication of a table, which is the Parquet files of one folder of a source, whole. Which
 * folder counts is source/discover.h's business.
 *
 * Its files are the objects directly in the folder whose names end in ".parquet" and begin with neither '_' nor
 * '.'. It is whole when its marker is there (see enum partition_kind).
 */
#ifndef MURR_SOURCE_PARTITION_H
#define MURR_SOURCE_PARTITION_H

#include "remote/store/object_store.h"

enum { PARTITION_LABEL_CAP = 256, PARTITION_NO_DAY = INT32_MIN };

/* How a source publishes. */
enum partition_kind {
    PARTITIONS_DATED, /* YYYY-MM-DD/, each with a marker */
    PARTITIONS_HIVE, /* name=YYYY-MM-DD/, each with a marker, or one at the root that is not older than the files */
    PARTITIONS_HOURLY,  /* YYYY-MM-DD/HH/, each with a marker */
    PARTITIONS_NONE,    /* the root itself, with a marker that is not older than the files */
    PARTITIONS_POINTER, /* the folder that a small object at the root names; no marker */
};

struct partition_layout {
    enum partition_kind kind;
    char *marker;  /* name of the object that says "whole": "_SUCCESS" */
    char *pointer; /* name of the small object */
};

struct partition_file {
    struct object_info info;
    const char *name; /* without the folder; points into info.name */
};

/* Zeroed memory is empty. */
struct partition {
    char label
        [PARTITION_LABEL_CAP]; /* what people see: "2026-11-22", "dt=2026-11-22", "2026-11-22/05" */
    int32_t day;               /* days since 1970-01-01 of its label; PARTITION_NO_DAY */
    struct partition_file
        *files; /* sorted by name, bytewise: the order in which rows replace rows */
    size_t n_files;
    uint64_t fingerprint;    /* of store, label, names, sizes and versions, of the marker too: equal
                                means unchanged */
    int64_t published_at_ms; /* modification time of the marker */
};

void partition_done(struct partition *p);

enum folder_state {
    FOLDER_EMPTY,      /* nothing is there */
    FOLDER_UNFINISHED, /* something is, without a marker */
    FOLDER_UNUSABLE,   /* the marker is there, and yet it cannot be read as a partition */
    FOLDER_WHOLE,
};

/*
 * Read a folder ("" or "2026-11-22/"). `outer` is a marker beside the folders that counts as well where it is not
 * older than the files, or NULL. For PARTITIONS_POINTER it is the pointer.
 *
 * `out_partition` is filled where the state is FOLDER_WHOLE; `out_why` says what is amiss where it is not.
 * Fails what listing fails with.
 */
must_use enum code partition_read(struct object_store *store, const struct partition_layout *layout,
                                  const char *label, const char *folder,
                                  const struct object_info *outer, const struct remote_op *op,
                                  struct partition *out_partition, enum folder_state *out_state,
                                  struct err *out_why, struct err *err);

/* The object of that name in a listing of `folder`; NULL: there is none, or it cannot be looked at. */
const struct object_info *partition_object(const struct object_list *list, const char *folder,
                                           const char *name);

/* Days since 1970-01-01 of "2026-02-28"; PARTITION_NO_DAY for "2026-02-30" or "2026-2-28". */
int32_t partition_day(struct view name);

/* "*.parquet", but not "_x.parquet" or ".x.parquet". */
bool partition_is_file_name(const char *name);

#endif
