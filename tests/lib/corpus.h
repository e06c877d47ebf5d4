/* Files that others wrote, from a corpus outside the repository: MURR_CORPUS, or ../shared/corpus.
 * Its manifest.tsv says what they are and what is expected of them. */
#ifndef MURR_TESTS_CORPUS_H
#define MURR_TESTS_CORPUS_H

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"

/* Where a file or folder of the corpus is. Skips the test, and prints so, where it is not there. */
void corpus_path(const char *file, char out[static PATH_CAP]);

/* A file of the corpus. Fails the test where it cannot be read. */
void corpus_read(const char *file, struct buf *out);

/* Whether a file is read as expected ("read", "error", ...); if not, it prints why. */
typedef bool (*corpus_fn)(const char *file, const char *expected);

/* Check every file of a kind. Skips the test, and prints so, where there is no corpus; fails it
 * where a check fails. */
void corpus_check(const char *kind, corpus_fn check);

#endif
