/*
 * The manifest of a table: which of the files in its directory are the table. What it names is complete and on
 * disk before it is named; it is replaced by rename, so that after a crash at any moment it says what the
 * table was before or after. It is kept twice, with a checksum (engine/store/json_file.h).
 *
 *     <data_dir>/<table>/manifest.json, manifest.json.copy
 *     {"generation": 7, "created": true, "rows": 120,
 *      "writes": [{"segment": 9, "newest": 3585..., "root": "08c1..."}, ...], "sequence": 31, "checksum": "5f0a..."}
 *
 * "created" is there for tables that were made through the API and have no source; "rows" and "writes" are left out
 * where there are no writes. "root" names the content of the segment (seg_roots); earlier releases left it out.
 */
#ifndef MURR_ENGINE_STORE_MANIFEST_H
#define MURR_ENGINE_STORE_MANIFEST_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MANIFEST_WRITES_MAX = 8 };

struct manifest_write {
    uint64_t segment; /* <table_dir>/0000000009.seg */
    int64_t newest;   /* the latest stamp of its rows (segment/stack.h) */
    uint64_t root;    /* its content (seg_roots); 0: not known */
};

struct manifest {
    uint64_t sequence;   /* greater in each that is saved */
    uint64_t generation; /* the live one; 0: none yet */
    bool is_created;
    uint64_t n_rows; /* of the table; said where there are writes, else the generation says it */
    size_t n_writes;
    struct manifest_write writes[MANIFEST_WRITES_MAX]; /* oldest first */
};

/* A manifest of zeros where there is none. Fails E_CORRUPT, E_IO where neither of the two can be used. */
must_use enum code manifest_read(const char *table_dir, struct manifest *out, struct err *err);

/* From the return of this on, a restart finds the table as it says. */
must_use enum code manifest_save(const char *table_dir, const struct manifest *m, struct err *err);

/* Whether it names the generation or segment of that number. */
bool manifest_names(const struct manifest *m, uint64_t number);

/* Whether both name the same files. */
bool manifest_eq(const struct manifest *a, const struct manifest *b);

#endif
