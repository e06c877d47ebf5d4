/* Strings as Parquet writes them, and whether they are UTF-8. */
#ifndef MURR_FORMAT_PARQUET_STRINGS_H
#define MURR_FORMAT_PARQUET_STRINGS_H

#include "base/cursor.h"

/* The next `n` PLAIN strings: u32 length, bytes. Views point into the cursor's bytes. */
must_use enum code pq_strings_plain(struct cursor *cur, struct view *out, size_t n,
                                    struct err *err);

/* Strings of the given lengths, one after another. */
must_use enum code pq_strings_cut(struct cursor *cur, const uint64_t *lengths, size_t n,
                                  struct view *out, struct err *err);

/* Whether all bytes are ASCII; then so are all strings among them, and none need be checked. */
bool pq_strings_ascii(struct view bytes);

/* Fails E_CORRUPT on the first string that is not UTF-8, and shows it. */
must_use enum code pq_strings_check(const struct view *strings, size_t n, struct err *err);

#endif
