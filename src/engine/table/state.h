/* What the files of this folder share of a table. Others know it by table.h. */
#ifndef MURR_ENGINE_TABLE_STATE_H
#define MURR_ENGINE_TABLE_STATE_H

#include "base/hash.h"
#include "engine/store/manifest.h"
#include "engine/spec/counters.h"
#include "engine/spec/status.h"
#include "engine/store/snapshot.h"
#include "engine/store/snapshot_parts.h"
#include "engine/table/setbacks.h"
#include "engine/write/write_list.h"
#include "source/source.h"

#include <pthread.h>

struct table {
    const struct table_spec *spec;
    struct table_spec *own_spec; /* of a table made through the API: `spec`, owned; else NULL */
    char *dir;
    uint64_t spec_hash;
    uint64_t source_hash;  /* of the identity of the source */
    struct source *source; /* NULL: it has none */
    struct table_counters *counters;
    struct load_progress progress;
    struct load_progress write_progress, merge_progress;
    _Atomic uint64_t n_read_bytes; /* that came from the source */
    _Atomic uint64_t next_number;  /* of the next generation or segment */
    _Atomic bool is_serving;       /* snapshots are kept as the configuration says; else mapped */

    /* Only the polling thread. */
    uint64_t unsettled;      /* generation that could not be settled; 0: none */
    unsigned n_failed_polls; /* in a row */
    unsigned n_gone;         /* polls in a row that did not find what serves */

    struct err last_write_err; /* only the writer that holds the table */

    /* Held while the manifest and what is served change: by a load, a write and a merge in turn. */
    pthread_mutex_t commit;
    uint64_t
        manifest_sequence; /* of the latest that was saved, or tried to be; guarded by `commit` */

    /* Guarded by the lock, held for a few instructions: taking a snapshot is reading the pointer and
     * adding the reference in one step. */
    pthread_mutex_t lock;
    struct snapshot *live; /* NULL: nothing loaded yet. Changed only with `commit` held, too */
    struct err last_error;
    int64_t last_error_at_ms, polled_at_ms, source_ok_at_ms, next_poll_at_ms;
    uint64_t next_poll_ns;
    bool is_poll_wanted; /* since the latest poll began */
    uint64_t n_loads_ok, n_loads_failed, n_loads_refused, n_polls_ok, n_polls_failed;
    struct setbacks setbacks; /* changed by the polling thread and by table_accept */
    uint64_t accepted;        /* fingerprint of a partition that no guard keeps out; 0: none */
    struct {
        enum damage_kind kind;
        struct err why;
        int64_t at_ms;  /* when it was found */
        int64_t newest; /* the latest stamp of a write that may be lost */
    } damage;
    uint64_t n_damages;
    struct overlay
        *orphans; /* layers whose base does not open; until a load gives them another. NULL: none */
    struct {
        bool is_held;      /* the scrubbing thread has the table */
        uint64_t next_ns;  /* of the next run */
        uint64_t retry_ns; /* when to try again what did not open */
        uint64_t base;     /* the generation that was gone over, or is */
        uint64_t bad_base; /* the latest of which some file was not as it should be */
        struct scrub_status status;
    } scrub;
    struct {
        struct write_list queue;
        struct write_list compactions; /* that wait for a merge of everything */
        bool is_writing;               /* a writer thread has the table */
        bool is_merging;               /* the merging thread has it */
        bool is_dropped;
        uint64_t last_write_ns; /* clock_mono_ns */
        enum code merge_rc;     /* of the latest merge; OK also when there was none */
        struct err merge_err;
        unsigned n_merges_bad;           /* in a row, the latest among them */
        uint64_t retry_merge_ns;         /* not to be tried again before */
        uint64_t n_ok, n_failed, n_rows; /* writes and their rows, since the start */
        uint64_t n_merges_ok, n_merges_failed;
    } writes;
};

/* Without files. Borrows the spec. */
struct table *table_new(const struct table_spec *spec);

/* Its directory, made. */
must_use enum code table_make_dir(struct table *t, const char *data_dir, struct err *err);

/* Bounds of what is asked of the source. Listings have a deadline, reads end with their retries. */
struct remote_op table_source_op(struct table *t, int64_t timeout_ms);

/* Copies what is said of the live base, for the caller to end; false: there is none. Threads: any. */
bool table_live_info(struct table *t, struct generation_info *out);

/* With which keys of this table are hashed; 0 while there is no base. */
uint64_t table_hash_seed(struct table *t);

#endif
