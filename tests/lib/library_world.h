/* A data directory of libmurr that lives for one test, with rows of arrow_rows.h to write and
 * read. */
#ifndef MURR_TESTS_LIBRARY_WORLD_H
#define MURR_TESTS_LIBRARY_WORLD_H

#include "murr.h"

#include "arrow_rows.h"
#include "test.h"

/* One a process. */
extern struct library_world {
    char *dir;
    struct murr *db; /* opened to write */
} library;

/* What the latest call said that did not say it elsewhere. */
extern char library_error[MURR_ERROR_BYTES];

#define assert_murr(expr)                                            \
    do {                                                             \
        enum murr_result rc_ = (expr);                               \
        if (rc_)                                                     \
            fail_msg("%s: %s (%d)", #expr, library_error, (int)rc_); \
    } while (0)

#define assert_murr_fails(expr, wanted, text)                                      \
    do {                                                                           \
        library_error[0] = '\0';                                                   \
        assert_int_equal(expr, wanted);                                            \
        if (!strstr(library_error, (text)))                                        \
            fail_msg("message \"%s\" does not say \"%s\"", library_error, (text)); \
    } while (0)

/* Setup and teardown of a test: an empty directory, and no trace of it. */
int library_begin(void **state);
int library_end(void **state);

/* A table of the columns of arrow_rows.h; the key is "id". */
void library_create(const char *table);

/* `n` rows with ids from `first` on; row i has the score `score` + i. A message goes into
 * `message`. */
enum murr_result library_write(struct murr *db, const char *table, int first, int n, float score,
                               char *message);

/* All columns but the key, of the same ids. `out` is the caller's to end (arrow_found_done). */
enum murr_result library_read(struct murr *db, const char *table, int first, int n,
                              struct arrow_found *out, char *message);

void assert_rows(struct murr *db, const char *table, int first, int n, float score);
void assert_absent(struct murr *db, const char *table, int id);
uint64_t library_count(struct murr *db, const char *table);

/* Beside the one that writes; the caller closes it. */
struct murr *library_open_read_only(void);

/* Close the one that writes, and open it again. */
void library_reopen(const struct murr_options *options);

#endif
