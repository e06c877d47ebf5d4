/*
 * Small JSON files that must not be lost: the manifest and table.json. Each is kept twice, so that
 * one damaged file loses nothing.
 *
 *     NAME, NAME.copy     the same text: the members, "sequence", and "checksum": XXH3-64 of the
 *                         other members as compact JSON with sorted names
 *
 * (1) Saving makes both new files durable before it renames either, and renames the copy first. So
 *     after a crash at any moment both files are whole; if they differ, the one with the greater
 *     sequence is newer.
 * (2) A main file without "sequence" was written by an earlier release, which kept no copy. It
 *     counts, and a copy beside it is out of date.
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
 * Replace both files durably. `sequence` must exceed that of every earlier save. Adds "sequence"
 * and "checksum" to `value`, which stays the caller's.
 *
 * Cost      three fsyncs.
 * Fails     E_INVALID if `value` is NULL or has a text that is not UTF-8; E_IO, E_NOSPACE.
 */
must_use enum code json_file_save(const char *path, json_t *value, uint64_t sequence,
                                  struct err *err);

/* Read the newer of the two files, or the one that is whole. The caller owns *out. Fails E_NOTFOUND
 * when neither file exists; E_CORRUPT, E_IO when neither is whole. */
must_use enum code json_file_read(const char *path, json_t **out, struct err *err);

/* 0 for a file of an earlier release. */
uint64_t json_file_sequence(const json_t *value);

/* Whether both files exist, are whole, and are equal. */
bool json_file_is_doubled(const char *path);

#endif
