/* JSON of Iceberg, from catalogs and metadata files. */
#ifndef MURR_FORMAT_ICEBERG_JSON_LOAD_H
#define MURR_FORMAT_ICEBERG_JSON_LOAD_H

#include "base/err.h"
#include "base/view.h"

struct json_t; /* of jansson */

/*
 * Parse a text; the caller calls json_decref. Integers from 2^63 to 2^64 - 1 are read as the int64
 * with the same bits: some writers have ids of snapshots without a sign, and compare them.
 *
 * Fails     E_CORRUPT.
 */
must_use enum code ice_json_load(struct view text, struct json_t **out, struct err *err);

#endif
