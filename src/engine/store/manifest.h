/*
 * The manifest of a table: which of the files in its directory make up the table. Every file is
 * complete and on disk before the manifest names it. The manifest is replaced by rename, so after a
 * crash at any moment it describes the table either before or after a change. It is kept twice,
 * with a checksum (engine/store/json_file.h).
 *
 *     <data_dir>/<table>/manifest.json, manifest.json.copy
 *     {"generation": 7, "created": true, "rows": 120,
 *      "writes": [{"segment": 9, "newest": 3585..., "root": "08c1...", "published": true}, ...],
 *      "refresh": {"label": "snapshot 12", "fingerprint": "9c01...", "rows": 118,
 *                  "duplicates": false, "sequence_number": 5, "published_at_ms": 17..., "loaded_at_ms": 17...,
 *                  "seconds": 0.2},
 *      "sequence": 31, "checksum": "5f0a..."}
 *
 * "created" marks tables that were made through the API and have no source. "rows" and "writes" are
 * left out when there are no layers. A segment that is "published" holds what publications of the
 * source changed, not writes; these are the oldest. "refresh" is the publication that the table has
 * with them; it is left out where that is the base's. "root" names the content of the segment (seg_roots); earlier
 * releases did not write it.
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
    uint64_t root;    /* names its content (seg_roots); 0: not recorded */
    bool is_published;
};

enum { REFRESH_LABEL_CAP = 64 };

/* A publication that came to the table by layers over its base. */
struct manifest_refresh {
    char label[REFRESH_LABEL_CAP]; /* "": the base's publication is the table's */
    uint64_t fingerprint;
    uint64_t n_rows;     /* without writes */
    bool has_duplicates; /* as of a generation */
    int64_t sequence_number;
    int64_t published_at_ms, loaded_at_ms; /* wall clock, of the source and ours */
    double load_seconds;
};

struct manifest {
    uint64_t sequence;   /* grows with each save */
    uint64_t generation; /* the live one; 0: none yet */
    bool is_created;
    uint64_t n_rows; /* of the table with its layers; without layers the generation's count holds */
    struct manifest_refresh refresh;
    size_t n_writes;
    struct manifest_write writes[MANIFEST_WRITES_MAX]; /* oldest first */
};

/* Zeros if there is no manifest. Fails E_CORRUPT, E_IO if neither of its two files can be used. */
must_use enum code manifest_read(const char *table_dir, struct manifest *out, struct err *err);

/* Once this returns, a restart finds the table as `m` describes it. The caller has raised
 * m->sequence. */
must_use enum code manifest_save(const char *table_dir, const struct manifest *m, struct err *err);

/* Whether it names a generation or layer of that number. */
bool manifest_names(const struct manifest *m, uint64_t number);

/* Whether both name the same files. */
bool manifest_eq(const struct manifest *a, const struct manifest *b);

#endif
