/*
 * Small JSON files of ours that must not be lost: the manifest and table.json. Each is kept twice, so that one damaged
 * file loses nothing.
 *
 *     NAME, NAME.copy     the same text: the members, "sequence", and "checksum", XXH3-64 of all others as compact JSON
 *                         with sorted names
 *
 * Saving makes both new files durable before it renames either, the copy first. So after a crash at any moment both are
 * whole, and where they differ the one with the greater sequence is newer. A file without "sequence" was written by a
 * release that kept no copy: it counts, whatever lies beside it.
 */
#ifndef MURR_ENGINE_STORE_JSON_FILE_H
#define MURR_ENGINE_STORE_JSON_FILE_H

#include "base/err.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* AUTO(json) json_t *j: dropped at the end of the scope. */
void json_done(json_t **j);

/*
 * Replace both files durably. `sequence` is greater than that of any that was saved there before. Adds the two members
 * to `value`. Fails E_INVALID where `value` is NULL or holds what is no UTF-8; E_IO, E_NOSPACE.
 */
must_use enum code json_file_save(const char *path, json_t *value, uint64_t sequence,
                                  struct err *err);

/* The newer of those that are whole. Fails E_NOTFOUND where there is neither; E_CORRUPT, E_IO where none is whole. */
must_use enum code json_file_read(const char *path, json_t **out, struct err *err);

/* Of what was read; 0 for a file without one. */
uint64_t json_file_sequence(const json_t *value);

/* Whether both are there, whole, and the same. */
bool json_file_is_doubled(const char *path);

#endif
