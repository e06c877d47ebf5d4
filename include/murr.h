/*
 * libmurr: feature tables in your own process, written and read as Arrow, without a server.
 *
 *     struct murr *db;
 *     char error[MURR_ERROR_BYTES];
 *     if (murr_open("/var/lib/features", NULL, &db, error))
 *         die(error);
 *     if (murr_create(db, "users", &schema, (const char *[]){"user_id"}, 1, error) ||
 *         murr_write(db, "users", &rows, &schema, error) ||
 *         murr_read(db, "users", &keys, &keys_schema, NULL, 0, &found, &found_schema, error))
 *         die(error);
 *     ... found.children[0]->buffers[1] ...
 *     found.release(&found);
 *     found_schema.release(&found_schema);
 *     murr_close(db);
 *
 * Two ways to open a data directory:
 *
 *   to write    The default, for one process at a time; a running `murr serve` counts as one. It
 *   has the tables that were
 *               created by murr_create or over HTTP, but not those that a server loads from a
 *               source. A read sees every write that returned before the read began.
 *   read-only   MURR_READ_ONLY, for any number of processes, also while another one writes or
 *   serves. It has every table
 *               with data. A table is opened at its first use, and reads see that state until
 *               murr_refresh.
 *
 * Arrow      Arguments of the C data interface are borrowed for the call and never released by the
 *            library. The caller releases what a call puts out: once, in any order, on any thread,
 *            also after murr_close.
 * Threads    Any number of threads may use one struct murr at a time, except murr_close, which must
 *            be the last call. Reads never wait for a writer. Writes, deletes, compactions and
 *            drops block until they are on disk; those of several threads are synced together. Not
 *            usable after fork() in the child.
 * Errors     Each call returns a code and, except for MURR_OK, writes a sentence into `error`,
 *            unless that is NULL. Outputs are valid only with MURR_OK. A null pointer gives
 *            MURR_INVALID, unless NULL is said to be fine.
 * Memory     If a small allocation fails, or not a single thread can be started, the process is
 *            aborted.
 * Signals    The threads of the library block all signals.
 */
#ifndef MURR_H
#define MURR_H

#include "murr_arrow.h"

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MURR_API __attribute__((visibility("default")))

/* Size of the buffers for error sentences, with the NUL. */
#define MURR_ERROR_BYTES 512

enum murr_result {
    MURR_OK = 0,
    MURR_INVALID = 1,   /* an argument, a column or a value that the table cannot have */
    MURR_NOT_FOUND = 2, /* no such directory or table, or nothing was loaded yet */
    MURR_CORRUPT = 3,   /* a file is damaged */
    MURR_LIMIT = 4,     /* the answer, or a row, is too large */
    MURR_FAILED = 5,    /* the operating system refused something */
    MURR_EXISTS = 6,    /* there is a table of that name already */
    MURR_BUSY = 7,      /* another process writes there; or too many writes wait: try again later */
    MURR_NO_SPACE = 8   /* the disk is full, or options.disk_bytes is used up */
};

/* The version, as `murr --version` prints it. Static. */
MURR_API const char *murr_version(void);

/* ---------------------------------------------------------------------------------- directories */

/* An open data directory. */
struct murr;

enum {
    MURR_READ_ONLY = 1, /* see above */
    /* Copy tables into memory, into huge pages if the system has any. Otherwise files are
     * mapped. */
    MURR_IN_MEMORY = 2,
    /* When a mapped file cannot be read, fail the call with MURR_FAILED. Otherwise the kernel's
     * SIGBUS ends the process. Installs a SIGBUS handler for the whole process, for good; without
     * this flag the library touches no signal handler. */
    MURR_CATCH_SIGBUS = 4
};

/* A field that is zero has its default. */
struct murr_options {
    size_t size;      /* must be sizeof(struct murr_options): later versions may add fields */
    unsigned flags;   /* MURR_READ_ONLY, MURR_IN_MEMORY, MURR_CATCH_SIGBUS */
    unsigned threads; /* that build writes; default: one for each core, at most four */
    /* Memory to build writes; merging may take as much again. Default 256 MiB, at least 16 MiB. */
    uint64_t memory_bytes;
    uint64_t disk_bytes; /* disk space of all tables together; default: no limit */
};

/*
 * Open a data directory. It is created if it does not exist, unless MURR_READ_ONLY. `options` may
 * be NULL: all defaults.
 *
 * Fails     MURR_BUSY while another process, or another struct murr of this process, has it open to
 *           write.
 */
MURR_API enum murr_result murr_open(const char *data_dir, const struct murr_options *options,
                                    struct murr **out_db, char error[MURR_ERROR_BYTES]);

/* NULL is fine. Every write that returned MURR_OK is on disk already; a running merge is
 * cancelled. */
MURR_API void murr_close(struct murr *db);

/* Read-only: close all tables. The next use of a table opens its newest state. Does nothing if open
 * to write. */
MURR_API void murr_refresh(struct murr *db);

/* --------------------------------------------------------------------------------------- tables */

/*
 * Create a table. Its columns are the children of `schema`, a struct ("+s"). `key` names the
 * columns that identify a row, text or integers, in the order of the key. A column may be null if
 * its field is nullable; key columns never may.
 *
 * Fails     MURR_EXISTS; MURR_INVALID for bad names, types or keys; MURR_NO_SPACE.
 */
MURR_API enum murr_result murr_create(struct murr *db, const char *table,
                                      const struct ArrowSchema *schema, const char *const *key,
                                      size_t n_key, char error[MURR_ERROR_BYTES]);

/* Remove a table and its files, after the writes that wait for it. Reads under way are not
 * affected. Fails MURR_NOT_FOUND. */
MURR_API enum murr_result murr_drop(struct murr *db, const char *table,
                                    char error[MURR_ERROR_BYTES]);

/* The names of all tables that can be read, in one block, which the caller frees with murr_free. */
MURR_API enum murr_result murr_list(struct murr *db, char ***out_names, size_t *out_n,
                                    char error[MURR_ERROR_BYTES]);
MURR_API void murr_free(void *block); /* NULL is fine */

/* The columns of a table, which the caller releases; and the names of its key columns, in the order
 * of the key, in one block, which the caller frees with murr_free. */
MURR_API enum murr_result murr_schema(struct murr *db, const char *table,
                                      struct ArrowSchema *out_schema, char ***out_key,
                                      size_t *out_n_key, char error[MURR_ERROR_BYTES]);

/* How many rows a table has. */
MURR_API enum murr_result murr_count(struct murr *db, const char *table, uint64_t *out_n_rows,
                                     char error[MURR_ERROR_BYTES]);

/* ---------------------------------------------------------------------------------------
 * writing */

/*
 * Write the rows of a record batch, all or none. Each row replaces the whole row of its key; of
 * several rows with one key the last one counts. Columns are found by name, in any order. Columns
 * that the table does not have are ignored, and columns that are left out become null. A type may
 * differ from the table's if it converts without loss.
 *
 * After MURR_OK the rows are on disk, and every read that begins later sees them.
 *
 * Fails     MURR_INVALID, naming column and row; MURR_NOT_FOUND; MURR_BUSY; MURR_NO_SPACE;
 *           MURR_FAILED. Nothing is then written.
 */
MURR_API enum murr_result murr_write(struct murr *db, const char *table,
                                     const struct ArrowArray *rows,
                                     const struct ArrowSchema *schema,
                                     char error[MURR_ERROR_BYTES]);

/*
 * Write all batches of a stream as one write; they are all in memory until it is done. Reads the
 * stream to its end on the calling thread; the caller releases it afterwards. Fails as murr_write,
 * and with MURR_INVALID if the stream fails.
 */
MURR_API enum murr_result murr_write_stream(struct murr *db, const char *table,
                                            struct ArrowArrayStream *rows,
                                            char error[MURR_ERROR_BYTES]);

/* Delete the rows of these keys, which are given as in murr_read. Keys that do not exist are
 * ignored. Otherwise as murr_write. */
MURR_API enum murr_result murr_delete(struct murr *db, const char *table,
                                      const struct ArrowArray *keys,
                                      const struct ArrowSchema *keys_schema,
                                      char error[MURR_ERROR_BYTES]);

/* Merge all earlier writes into one file, and wait for it. Murr merges by itself, too; doing it now
 * makes the next reads a little faster. */
MURR_API enum murr_result murr_compact(struct murr *db, const char *table,
                                       char error[MURR_ERROR_BYTES]);

/* ---------------------------------------------------------------------------------------
 * reading */

/*
 * Read the rows of `keys`: one row for each key, in the order of the keys, with nulls for a key
 * that does not exist. `keys` is a record batch of the key columns or, if the key is one column,
 * that column alone, with any name.
 *
 * `columns` names the wanted columns; with n_columns 0 it is all except the key. The rows come out
 * as a struct ("+s"), in the buffers that they were gathered into, without another copy.
 *
 * Cost      about one cache miss a key; takes a lock for a few instructions.
 * Fails     MURR_INVALID for keys or columns that do not fit the table; MURR_NOT_FOUND; MURR_LIMIT
 *           above one gigabyte.
 */
MURR_API enum murr_result murr_read(struct murr *db, const char *table,
                                    const struct ArrowArray *keys,
                                    const struct ArrowSchema *keys_schema,
                                    const char *const *columns, size_t n_columns,
                                    struct ArrowArray *out_rows, struct ArrowSchema *out_schema,
                                    char error[MURR_ERROR_BYTES]);

/* The same, but with rows only for the keys that exist. A first column "_idx", uint32, has the
 * position of each row's key in `keys`. */
MURR_API enum murr_result
murr_read_found(struct murr *db, const char *table, const struct ArrowArray *keys,
                const struct ArrowSchema *keys_schema, const char *const *columns, size_t n_columns,
                struct ArrowArray *out_rows, struct ArrowSchema *out_schema,
                char error[MURR_ERROR_BYTES]);

#ifdef __cplusplus
}
#endif

#endif
