/* The state of a table, shared by the files of this room. Other rooms use table.h. */
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
    struct table_spec *own_spec; /* the same as `spec` if the table owns it; else NULL */
    char *dir;
    uint64_t spec_hash;
    uint64_t source_hash;  /* of the source's identity */
    struct source *source; /* NULL for a created table */
    struct table_counters *counters;
    struct load_progress progress;
    struct load_progress write_progress, merge_progress;
    _Atomic uint64_t n_read_bytes; /* from the source, since the start */
    _Atomic uint64_t next_number;  /* for the next generation or layer */
    _Atomic bool is_serving;       /* bases are kept as configured; false: always mapped */

    /* Used only by the thread that polls or settles. */
    uint64_t unsettled;      /* the generation that could not be copied to memory; 0: none */
    unsigned n_failed_polls; /* in a row */
    unsigned n_gone;         /* polls in a row in which the served publication was gone */

    struct err last_write_err; /* used only by the writer that holds the table */

    /* Lock order: `commit` before `lock`. `commit` is held while the manifest and `live` change. */
    pthread_mutex_t commit;
    uint64_t manifest_sequence; /* of the latest attempt to save; guarded by `commit` */

    /* `lock` guards all below, and is held for a few instructions. Taking a snapshot means reading
     * the pointer and adding a reference in one step. */
    pthread_mutex_t lock;
    struct snapshot *live; /* NULL: nothing is served. Changes only if `commit` is held as well */
    struct err last_error;
    int64_t last_error_at_ms, polled_at_ms, source_ok_at_ms, next_poll_at_ms;
    uint64_t next_poll_ns;
    bool is_poll_wanted;       /* somebody asked for a poll since the latest one began */
    struct latest_load latest; /* how the served publication came */
    uint64_t n_refreshes_ok;   /* of n_loads_ok, those that read only what changed */
    uint64_t n_loads_ok, n_loads_failed, n_loads_refused, n_polls_ok, n_polls_failed;
    struct setbacks setbacks; /* changed by the polling thread and by table_accept */
    uint64_t accepted;        /* fingerprint of the publication that skips the guards; 0: none */
    struct {
        enum damage_kind kind;
        struct err why;
        int64_t at_ms;  /* when it was found */
        int64_t newest; /* the latest stamp of a write that may be lost */
    } damage;
    uint64_t n_damages;
    struct overlay *orphans; /* layers whose base cannot be opened, for the next base; or NULL */
    struct {
        bool is_held;      /* the scrubbing thread has the table */
        uint64_t next_ns;  /* when the next run is due */
        uint64_t retry_ns; /* when to try again to open what could not be opened */
        uint64_t base;     /* the generation of the latest run */
        uint64_t bad_base; /* the generation in which the latest run found a bad file; 0: none */
        struct scrub_status status;
    } scrub;
    struct {
        struct write_list queue;
        struct write_list compactions; /* requests that wait for a merge of everything */
        bool is_writing;               /* a writer thread has the table */
        bool is_merging;               /* the merging thread has it */
        bool is_dropped;
        uint64_t last_write_ns; /* clock_mono_ns */
        enum code merge_rc;     /* of the latest merge; OK also when there was none */
        struct err merge_err;
        unsigned n_merges_bad;           /* failures in a row */
        uint64_t retry_merge_ns;         /* no merge before this time */
        uint64_t n_ok, n_failed, n_rows; /* writes since the start, and rows of the good ones */
        uint64_t n_merges_ok, n_merges_failed;
    } writes;
};

/* A table without files yet. Borrows the spec. */
struct table *table_new(const struct table_spec *spec);

/* Make the table's directory, and set t->dir. */
must_use enum code table_make_dir(struct table *t, const char *data_dir, struct err *err);

/* The bounds of requests to the source: they end when the table is cancelled, and after timeout_ms
 * unless that is 0. */
struct remote_op table_source_op(struct table *t, int64_t timeout_ms);

/* Copy the live base's info; the caller calls generation_info_done. False if there is no base.
 * Threads: any. */
bool table_live_info(struct table *t, struct generation_info *out);

/* The seed that hashes this table's keys; 0 if it has neither base nor layers. */
uint64_t table_hash_seed(struct table *t);

#endif
