/*
 * libmurr: read the tables of a Murr data directory from your own process, without a server or a copy.
 *
 *     struct murr *db;
 *     struct murr_rows *rows;
 *     char error[MURR_ERROR_BYTES];
 *     if (murr_open("/var/lib/murr", "user_features", &db, error))
 *         die(error);
 *     struct murr_key keys[] = {{"alice", 5}, {"bob", 3}};
 *     const char *columns[] = {"click_rate"};
 *     if (murr_read(db, keys, 2, columns, 1, &rows, error))
 *         die(error);
 *     ... murr_rows_arrow(rows, &len): an Arrow IPC stream of one record batch ...
 *     murr_rows_free(rows);
 *     murr_close(db);
 *
 * Threads   a struct murr may be read by any number of threads at once.
 * Snapshot  an open table stays as it was when it was opened; open it again to see a newer generation.
 */
#ifndef MURR_H
#define MURR_H

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
    MURR_INVALID = 1,   /* a key or column the table cannot have */
    MURR_NOT_FOUND = 2, /* no such table, or nothing was loaded yet */
    MURR_CORRUPT = 3,   /* a file is not what it should be */
    MURR_LIMIT = 4,     /* the answer would be too large */
    MURR_FAILED = 5,    /* the operating system refused */
};

/* An open table. */
struct murr;

/* The live generation of `table` in `data_dir`; also while a server writes there. */
MURR_API enum murr_result murr_open(const char *data_dir, const char *table, struct murr **out_db,
                                    char error[MURR_ERROR_BYTES]);
MURR_API void murr_close(struct murr *db); /* NULL is fine; rows that were read stay valid */

MURR_API uint64_t murr_n_rows(const struct murr *db);
MURR_API uint64_t murr_generation(const struct murr *db);

/*
 * A key, as bytes: the characters of a utf8 key, or a little-endian integer in the width of its dtype. Of
 * a key of several columns all components in order, utf8 ones but the last behind their ULEB128 length.
 */
struct murr_key {
    const void *bytes;
    size_t len;
};

/* Rows that were read. */
struct murr_rows;

/*
 * The rows of `keys`, in their order, one a key; a key that is absent has nulls. `n_columns` 0: all columns
 * but the key. Borrows its arguments for the call.
 */
MURR_API enum murr_result murr_read(const struct murr *db, const struct murr_key *keys,
                                    size_t n_keys, const char *const *columns, size_t n_columns,
                                    struct murr_rows **out_rows, char error[MURR_ERROR_BYTES]);
MURR_API void murr_rows_free(struct murr_rows *rows);

/* The rows as an Arrow IPC stream; lives as long as the rows. */
MURR_API const uint8_t *murr_rows_arrow(const struct murr_rows *rows, size_t *out_len);

/* How many of the keys are absent. */
MURR_API size_t murr_rows_n_absent(const struct murr_rows *rows);

#ifdef __cplusplus
}
#endif

#endif
