/*
 * Newer rows: a record source that leaves out the records of another one that are older than the
 * rows which are served for their keys, by the column that decides (record_format.newest_by). So
 * what is built of them may lie over what is served.
 */
#ifndef MURR_ENGINE_BUILD_NEWER_ROWS_H
#define MURR_ENGINE_BUILD_NEWER_ROWS_H

#include "engine/build/record_source.h"
#include "engine/store/snapshot.h"

/* Whether a record counts whatever is served. NULL: none does. Threads: several at a time. */
typedef bool (*newer_rows_counts_fn)(void *arg, const struct record *r);

/* All is borrowed until the source is no longer used. */
struct newer_rows {
    struct record_source source; /* what a build takes from */
    struct record_source *from;
    const struct record_format *format;
    const struct snapshot *served;
    newer_rows_counts_fn counts;
    void *arg;
};

/* `format` decides by a column, which `served` has under the same name. */
void newer_rows_init(struct newer_rows *n, struct record_source *from,
                     const struct record_format *format, const struct snapshot *served,
                     newer_rows_counts_fn counts, void *arg);

#endif
