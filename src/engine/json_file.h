/* Small JSON files of ours: the manifest and table.json. */
#ifndef MURR_ENGINE_JSON_FILE_H
#define MURR_ENGINE_JSON_FILE_H

#include "base/err.h"

#include <jansson.h>

/* AUTO(json) json_t *j: dropped at the end of the scope. */
void json_done(json_t **j);

/* Replace the file durably. Fails E_INVALID where `value` is NULL or holds what is no UTF-8; E_IO, E_NOSPACE. */
must_use enum code json_file_save(const char *path, const json_t *value, struct err *err);

/* Fails E_NOTFOUND; E_CORRUPT where it is no JSON. */
must_use enum code json_file_read(const char *path, json_t **out, struct err *err);

#endif
