/*
 * A refresh: instead of loading a new publication, what it changed is made into a layer over what
 * the table serves.
 *
 *     data files added                 their rows
 *     data files removed               deletes of their keys, unless an added file has the key
 *     rows deleted by position         deletes of their keys, likewise
 *     rows deleted by equality with    deletes of these keys, likewise
 *     the columns of the key
 *
 * Only key columns are read of what is deleted. The cost follows the change, not the table.
 *
 * That would be wrong in some cases, in which the publication must be loaded in full; then
 * refresh_run says why. The most important: a row is deleted whose key another live file has as
 * well, so that its row there must show again. The table remembers whether any key was ever in two
 * rows (manifest_refresh.has_duplicates).
 */
#ifndef MURR_ENGINE_REFRESH_REFRESH_H
#define MURR_ENGINE_REFRESH_REFRESH_H

#include "base/pool.h"
#include "engine/spec/progress.h"
#include "engine/spec/spec.h"
#include "engine/store/snapshot.h"
#include "source/publication.h"

struct refresh_job {
    const struct table_spec *spec;
    const struct publication *before, *after; /* the served one and the new one */
    bool is_rewritten;                        /* both have the same rows */
    const struct snapshot *served;            /* has `before` */
    bool has_duplicates;                      /* some key is or may be in two rows of `before` */
    const struct remote_op *op;               /* bounds all reads */
    const char *dir;                          /* an empty directory, which gets 00000000.seg */
    uint64_t memory_bytes;
    struct pool *pool;
    struct load_progress *progress;
};

struct refresh_result {
    bool has_layer;          /* false: no row changed */
    int64_t newest;          /* the latest stamp of its rows */
    uint64_t n_rows_added;   /* read from added files */
    uint64_t n_rows_deleted; /* keys of rows that were removed or deleted */
    size_t n_files_added, n_files_removed, n_files_deleted_from;
    uint64_t disk_bytes;
    bool has_duplicates; /* some key is or may be in two rows of `after` */
};

/*
 * Build the layer. *out_why is empty if that was possible, and else says why the publication must be
 * loaded in full.
 *
 * Fails     as a load does.
 */
must_use enum code refresh_run(const struct refresh_job *job, struct refresh_result *out,
                               struct err *out_why, struct err *err);

#endif
