/*
 * Finding the newest publication of a table in a folder.
 *
 * A partition is a folder <root>/YYYY-MM-DD/ (a real calendar date) with a file _SUCCESS and at least one
 * *.parquet whose name begins with neither '_' nor '.'. The newest valid one wins. Folders without
 * _SUCCESS are still being written and are skipped; other names are ignored.
 */
#ifndef MURR_REMOTE_PARTITION_H
#define MURR_REMOTE_PARTITION_H

#include "base/err.h"
#include "base/view.h"

struct partition_file {
    char *path; /* to open it */
    char *name; /* without the folder */
    uint64_t size;
    int64_t mtime_ns;
};

/* Zeroed memory is empty. */
struct partition {
    char date[11]; /* "2026-11-22" */
    struct partition_file
        *files; /* sorted by name, bytewise: the order in which rows replace rows */
    size_t n_files;
    uint64_t fingerprint;    /* of date, names, sizes and times: equal means unchanged */
    int64_t published_at_ms; /* modification time of _SUCCESS */
};

void partition_done(struct partition *p);

/*
 * Fails E_NOTFOUND, with its own sentence each, when the folder is missing or empty, has no date folder,
 * none with _SUCCESS, or none of those with Parquet; E_UNSUPPORTED for a Delta table, whose files are
 * not to be read without its log; E_IO.
 */
must_use enum code partition_find_newest(const char *root, struct partition *out_partition,
                                         struct err *err);

/* "2026-02-28", but not "2026-02-30" or "2026-2-28". */
bool partition_is_date(const char *name);

#endif
