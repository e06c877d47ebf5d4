/*
 * libmurr: tables of features in your own process, written and read as Arrow, without a server.
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
 *   to write    The default. One process at a time; a running `murr serve` is one, too. Has the tables that were made
 *               by murr_create or over HTTP, not those that a server loads from a source. A read sees every write that
 *               returned before it began.
 *   read-only   MURR_READ_ONLY. Any number of processes, beside one that writes or serves, and every table that has
 *               data. A table is opened at its first use and stays as it was then until murr_refresh.
 *
 * Arrow      Arguments of the C data interface are borrowed for the call, const where that can be said, and never
 *            released here. What comes out is the caller's to release: once, in any order, on any thread, also after
 *            murr_close.
 * Threads    Any number may use one struct murr at once, but for murr_close, which must be the last. Reads wait for no
 *            writer. Writes, deletes, compactions and drops block until they are on disk; those of several threads
 *            share the waiting. Not across fork().
 * Errors     Each call returns what to do, and writes what happened into `error`, where that is not NULL. What it
 *            puts out is only valid with MURR_OK. Null pointers are MURR_INVALID, but where they are said to be fine.
 * Memory     When a small allocation fails, or not one thread can be made, the process is aborted.
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

/* Room for the sentence of an error. */
#define MURR_ERROR_BYTES 512

enum murr_result {
    MURR_OK = 0,
    MURR_INVALID = 1,   /* an argument, a column or a value that the table cannot have */
    MURR_NOT_FOUND = 2, /* no such directory or table, or nothing was loaded yet */
    MURR_CORRUPT = 3,   /* a file is not what it should be */
    MURR_LIMIT = 4,     /* the answer would be too large */
    MURR_FAILED = 5,    /* the operating system refused */
    MURR_EXISTS = 6,    /* there is such a table */
    MURR_BUSY = 7,      /* another process writes there; too many writes wait: try again later */
    MURR_NO_SPACE = 8   /* the disk is full, or options.disk_bytes used up */
};

/* As `murr --version` says it. Static. */
MURR_API const char *murr_version(void);

/* ---------------------------------------------------------------------------------- directories */

/* An open data directory. */
struct murr;

enum {
    MURR_READ_ONLY = 1, /* see above */
    MURR_IN_MEMORY =
        2, /* tables are copied into memory, in huge pages where there are any; else mapped */
    MURR_CATCH_SIGBUS =
        4 /* mapped files that cannot be read fail a call (MURR_FAILED) instead of ending the process:
                             takes SIGBUS for the whole process, for good. By itself murr touches no signal handler */
};

/* What is zero has its default. */
struct murr_options {
    size_t size;    /* sizeof(struct murr_options), always: later versions may have more of them */
    unsigned flags; /* MURR_READ_ONLY, MURR_IN_MEMORY, MURR_CATCH_SIGBUS */
    unsigned threads; /* that build what was written; default one a core, at most four */
    uint64_t
        memory_bytes; /* for writes while they are built, as much again for merging; default 256 MiB,
                              at least 16 MiB */
    uint64_t disk_bytes; /* that written tables may take in all; default what there is */
};

/*
 * Open a data directory, which is made where it is missing (but not read-only). `options` NULL: all defaults.
 *
 * Fails MURR_BUSY while another process, or another struct murr of this one, has it open to write.
 */
MURR_API enum murr_result murr_open(const char *data_dir, const struct murr_options *options,
                                    struct murr **out_db, char error[MURR_ERROR_BYTES]);

/* NULL is fine. All that was acknowledged is on disk already; a merge that runs is called off. */
MURR_API void murr_close(struct murr *db);

/* Read-only: let go of all tables, so that the next use of each opens it as it is then. Else does nothing. */
MURR_API void murr_refresh(struct murr *db);

/* --------------------------------------------------------------------------------------- tables */

/*
 * Create a table. The columns are the children of `schema`, a struct ("+s"); `key` names those that identify a row:
 * text or integers, in the order of the key. A column may be null where its field says nullable; a key never.
 *
 * Fails MURR_EXISTS; MURR_INVALID for names, types and keys that cannot be; MURR_NO_SPACE.
 */
MURR_API enum murr_result murr_create(struct murr *db, const char *table,
                                      const struct ArrowSchema *schema, const char *const *key,
                                      size_t n_key, char error[MURR_ERROR_BYTES]);

/* Remove a table and its files. Reads that are under way keep what they read. Fails MURR_NOT_FOUND. */
MURR_API enum murr_result murr_drop(struct murr *db, const char *table,
                                    char error[MURR_ERROR_BYTES]);

/* Names of the tables that can be read: one block, the caller's to murr_free. */
MURR_API enum murr_result murr_list(struct murr *db, char ***out_names, size_t *out_n,
                                    char error[MURR_ERROR_BYTES]);
MURR_API void murr_free(void *block); /* NULL is fine */

/* The columns of a table, and the names of its key columns, in order, as one block to murr_free. */
MURR_API enum murr_result murr_schema(struct murr *db, const char *table,
                                      struct ArrowSchema *out_schema, char ***out_key,
                                      size_t *out_n_key, char error[MURR_ERROR_BYTES]);

/* How many rows a table has. */
MURR_API enum murr_result murr_count(struct murr *db, const char *table, uint64_t *out_n_rows,
                                     char error[MURR_ERROR_BYTES]);

/* --------------------------------------------------------------------------------------- writing */

/*
 * Write the rows of a record batch, all or none. A row replaces the one of its key whole; of rows with one key the last
 * counts. Columns are found by name, in any order; those that the table has not are passed over, those left out are
 * null. Types need not be the table's where every value goes into them without loss.
 *
 * MURR_OK says that the rows are on disk and read from now on.
 *
 * Fails MURR_INVALID naming column and row; MURR_NOT_FOUND; MURR_BUSY; MURR_NO_SPACE; MURR_FAILED. Nothing is written.
 */
MURR_API enum murr_result murr_write(struct murr *db, const char *table,
                                     const struct ArrowArray *rows,
                                     const struct ArrowSchema *schema,
                                     char error[MURR_ERROR_BYTES]);

/*
 * The same with all batches of a stream as one write, which are held until it is done. Reads the stream to its end, on
 * the calling thread; to release it remains the caller's. Fails MURR_INVALID also where the stream does.
 */
MURR_API enum murr_result murr_write_stream(struct murr *db, const char *table,
                                            struct ArrowArrayStream *rows,
                                            char error[MURR_ERROR_BYTES]);

/* Delete the rows of these keys, as murr_read has them; absent ones are fine. Otherwise as murr_write. */
MURR_API enum murr_result murr_delete(struct murr *db, const char *table,
                                      const struct ArrowArray *keys,
                                      const struct ArrowSchema *keys_schema,
                                      char error[MURR_ERROR_BYTES]);

/* Merge what was written before into one file. This happens by itself, too; it makes the next reads a little faster. */
MURR_API enum murr_result murr_compact(struct murr *db, const char *table,
                                       char error[MURR_ERROR_BYTES]);

/* --------------------------------------------------------------------------------------- reading */

/*
 * The rows of `keys`, in their order, one a key; a key that is absent has nulls. Keys are the key columns as a record
 * batch, or, of a key of one column, that column alone, whatever its name.
 *
 * `columns` names those wanted; with n_columns 0 all but the key. The rows come out as a struct ("+s") of them, whose
 * buffers are those that the rows were gathered into: nothing is copied after that.
 *
 * Fails MURR_INVALID for keys and columns that the table has not; MURR_NOT_FOUND; MURR_LIMIT beyond a gigabyte.
 */
MURR_API enum murr_result murr_read(struct murr *db, const char *table,
                                    const struct ArrowArray *keys,
                                    const struct ArrowSchema *keys_schema,
                                    const char *const *columns, size_t n_columns,
                                    struct ArrowArray *out_rows, struct ArrowSchema *out_schema,
                                    char error[MURR_ERROR_BYTES]);

/* The same with the rows of keys that exist alone. A first column "_idx", uint32, has their positions in `keys`. */
MURR_API enum murr_result
murr_read_found(struct murr *db, const char *table, const struct ArrowArray *keys,
                const struct ArrowSchema *keys_schema, const char *const *columns, size_t n_columns,
                struct ArrowArray *out_rows, struct ArrowSchema *out_schema,
                char error[MURR_ERROR_BYTES]);

#ifdef __cplusplus
}
#endif

#endif
