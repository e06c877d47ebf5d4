/* What the files of libmurr share: library.c opens, tables.c has the tables, rows.c their rows. */
#ifndef MURR_LIBRARY_LIBRARY_PRIV_H
#define MURR_LIBRARY_LIBRARY_PRIV_H

#include "engine/registry.h"
#include "murr.h"

#include <pthread.h>

struct held_table;

struct murr {
    char *data_dir;
    enum storage_kind storage;
    struct registry *registry; /* NULL: read-only */

    pthread_mutex_t lock; /* guards the rest; held for a few instructions */
    struct held_table *held;
    uint64_t n_refreshes;
};

/* What a call returns; a sentence goes into `error`, where that is not NULL. */
enum murr_result library_result(enum code rc, const struct err *err, char *error);

/* Fails E_INVALID where an argument is NULL. */
must_use static inline enum code library_given(const void *argument, const char *name,
                                               struct err *err)
{
    return argument ? OK : err_set(err, E_INVALID, "%s is NULL", name);
}

/* What `table` is for reads that begin now; the caller unrefs. Fails E_NOTFOUND, E_INVALID for NULL, E_CORRUPT. */
must_use enum code library_snapshot(struct murr *db, const char *table,
                                    struct snapshot **out_snapshot, struct err *err);

/* Fails E_INVALID where nothing can be written. */
must_use enum code library_check_writable(const struct murr *db, const char *table,
                                          struct err *err);

/* Have a writer do this, and wait until it did. What the request points to is the caller's; `done` is set here. */
must_use enum code library_request(struct murr *db, const char *table,
                                   const struct write_request *request, struct err *err);

#endif
