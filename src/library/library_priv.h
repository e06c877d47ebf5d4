/* The open directory of libmurr, shared by its files: library.c opens it, tables.c has its tables,
 * rows.c their rows. */
#ifndef MURR_LIBRARY_LIBRARY_PRIV_H
#define MURR_LIBRARY_LIBRARY_PRIV_H

#include "engine/registry.h"
#include "murr.h"

#include <pthread.h>

struct held_table;

struct murr {
    char *data_dir;
    enum storage_kind storage;
    struct registry *registry; /* NULL if read-only */

    pthread_mutex_t lock; /* guards the rest; held for a few instructions */
    struct held_table *held;
    uint64_t n_refreshes; /* calls of murr_refresh */
};

/* The result of a call. Copies the message to `error`, unless that is NULL. */
enum murr_result library_result(enum code rc, const struct err *err, char *error);

/* Fails E_INVALID if the argument is NULL. */
must_use static inline enum code library_given(const void *argument, const char *name,
                                               struct err *err)
{
    return argument ? OK : err_set(err, E_INVALID, "%s is NULL", name);
}

/* The snapshot for a read of `table` that begins now; the caller unrefs. Fails E_NOTFOUND,
 * E_INVALID for NULL, E_CORRUPT. */
must_use enum code library_snapshot(struct murr *db, const char *table,
                                    struct snapshot **out_snapshot, struct err *err);

/* Fails E_INVALID if the directory is read-only, or an argument is NULL. */
must_use enum code library_check_writable(const struct murr *db, const char *table,
                                          struct err *err);

/* Queue a request and wait until a writer has done it. The caller keeps what the request points to;
 * `done` is set here. */
must_use enum code library_request(struct murr *db, const char *table,
                                   const struct write_request *request, struct err *err);

#endif
