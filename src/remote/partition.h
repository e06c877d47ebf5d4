/*
 * Finding the newest publication of a table in its source.
 *
 * A partition is a folder YYYY-MM-DD/ (a real calendar date) with an object _SUCCESS and at least one
 * *.parquet whose name begins with neither '_' nor '.'. The newest valid one wins. Folders without
 * _SUCCESS are still being written and are skipped; other names are ignored.
 */
#ifndef MURR_REMOTE_PARTITION_H
#define MURR_REMOTE_PARTITION_H

#include "remote/object_store.h"

struct partition_file {
    struct object_info info;
    const char *name; /* without the folder; points into info.name */
};

/* Zeroed memory is empty. */
struct partition {
    char date[11]; /* "2026-11-22" */
    struct partition_file
        *files; /* sorted by name, bytewise: the order in which rows replace rows */
    size_t n_files;
    uint64_t
        fingerprint; /* of date, names, sizes and versions, _SUCCESS too: equal means unchanged */
    int64_t published_at_ms; /* modification time of _SUCCESS */
};

void partition_done(struct partition *p);

/*
 * List dates, newest first, until one is a valid partition. `from` is a date that was valid before: dates
 * before it are looked at only when it is so no more. NULL: all are.
 *
 * Cost      one listing of dates, and one of each folder that is looked at: two while nothing changes.
 * Fails     E_NOTFOUND, with its own sentence each, when the source is missing or empty, has no date folder,
 *           none with _SUCCESS, or none of those with Parquet; E_UNSUPPORTED for a Delta table, whose files are
 *           not to be read without its log; what listing fails with.
 */
must_use enum code partition_find_newest(struct object_store *store, const char *from,
                                         const struct remote_op *op,
                                         struct partition *out_partition, struct err *err);

/* "2026-02-28", but not "2026-02-30" or "2026-2-28". */
bool partition_is_date(struct view name);

#endif
