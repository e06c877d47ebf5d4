/* What the configuration says of one table. Filled by config/config.c, read by the engine. */
#ifndef MURR_ENGINE_SPEC_SPEC_H
#define MURR_ENGINE_SPEC_SPEC_H

#include "model/type.h"
#include "source/spec.h"

/* How columns are stored: side by side in one row, or one group a column (docs/segment-format.md). */
enum layout_kind { LAYOUT_PACKED, LAYOUT_COLUMNAR };

/* Where the segments that serve are read from: copied to memory in huge pages, mapped, or mapped with the
 * rows of a request brought in at once, for tables larger than memory. */
enum storage_kind { STORAGE_MEMORY, STORAGE_MMAP, STORAGE_DISK };

/* Whether a partition may have other columns than what serves. */
enum guard_schema { SCHEMA_COMPATIBLE, SCHEMA_ANY };

/* What a partition must be like to take the place of what serves (engine/table/guard.h). Shares are in percent; 100 is no
 * bound. */
struct guard_spec {
    uint64_t min_rows;
    unsigned max_shrink;      /* rows that may be missing, of those that serve */
    unsigned max_null_growth; /* points by which the share of nulls of a column may grow */
    unsigned
        max_duplicates; /* rows that may be replaced by others of the same key, of those read */
    unsigned max_days_ahead; /* of the date that a partition is named after */
    enum guard_schema schema;
};

struct column_spec {
    char *name;
    struct type type;
    bool nullable;
};

enum { SCRUB_DEFAULT_MS = 86400000 }; /* as the configuration's */

struct table_spec {
    char *
        name; /* letters, digits, '_', '-', '.'; starts with none of the punctuation; <= 128 bytes */
    struct source_spec source;
    int64_t poll_interval_ms;
    unsigned
        rollback_after; /* polls that what serves must be gone for before an older one is taken */
    struct guard_spec guard;
    unsigned parts;
    enum layout_kind layout;
    enum storage_kind storage;
    int64_t scrub_ms; /* all that serves is compared with its checksums once in so long; 0: never */
    unsigned keep_generations; /* old ones kept beside the live one */
    bool writes;               /* through the API are taken */
    char **key;                /* names of the key columns */
    size_t n_key;
    struct column_spec *columns; /* none: every supported column of the Parquet files */
    size_t n_columns;
};

void table_spec_done(struct table_spec *spec);

/* Names of Murr's own columns, which no table may use: the stamp and the mask of a row that was written
 * (engine/store/layer.h), and the position of a row's key in a request (engine/store/answer.h). */
#define STAMP_FIELD     "_murr_stamp"
#define MASK_FIELD      "_murr_mask"
#define ANSWER_POSITION "_idx"
bool table_column_is_reserved(struct view name);

/* Fails E_INVALID for what cannot be the name of a table. */
must_use enum code table_name_check(struct view name, struct err *err);

#endif
