/* A table's spec: what it is configured to be. Filled by config/, read by the engine. */
#ifndef MURR_ENGINE_SPEC_SPEC_H
#define MURR_ENGINE_SPEC_SPEC_H

#include "model/schema.h"
#include "source/spec.h"

/* How columns are stored: side by side in one row, or each in a group of its own
 * (docs/segment-format.md). */
enum layout_kind { LAYOUT_PACKED, LAYOUT_COLUMNAR };

/* Where lookups read: a copy in huge pages, the mapped files, or the mapped files with all rows of
 * a request read from disk in one go, for tables larger than memory. */
enum storage_kind { STORAGE_MEMORY, STORAGE_MMAP, STORAGE_DISK };

/* Whether a new partition may drop columns or change their types. */
enum guard_schema { SCHEMA_COMPATIBLE, SCHEMA_ANY };

/* What to read when a source has a newer publication: what changed, where the source can tell, or
 * everything. */
enum refresh_kind { REFRESH_INCREMENTAL, REFRESH_FULL };

/* What a new partition must satisfy to replace the served one (engine/table/guard.h). Shares are in
 * percent; 100 means no limit. */
struct guard_spec {
    uint64_t min_rows;
    unsigned max_shrink;      /* how much smaller it may be, in percent of the served rows */
    unsigned max_null_growth; /* percentage points by which a column's share of nulls may grow */
    unsigned max_duplicates; /* rows replaced by later rows of their key, in percent of rows read */
    unsigned max_days_ahead; /* how far its date may lie in the future */
    enum guard_schema schema;
};

struct column_spec {
    char *name;
    struct type type;
    bool nullable;
};

enum { SCRUB_DEFAULT_MS = 86400000 }; /* one day; for tables without a configuration, too */

struct table_spec {
    char *name; /* as table_name_check wants it */
    struct source_spec source;
    int64_t poll_interval_ms;
    /* How many polls in a row must find the served partition gone before an older one is loaded. */
    unsigned rollback_after;
    struct guard_spec guard;
    unsigned parts;
    enum layout_kind layout;
    enum storage_kind storage;
    int64_t scrub_ms;          /* time in which a scrub compares all served bytes once; 0: never */
    unsigned keep_generations; /* old generations kept beside the live one */
    bool writes;               /* whether the API takes writes */
    char *
        newest_by; /* of rows with one key the greatest in this column counts; NULL, "": the last */
    enum refresh_kind refresh;
    char **key; /* names of the key columns */
    size_t n_key;
    struct column_spec *columns; /* empty: every supported column of the Parquet files */
    size_t n_columns;
};

void table_spec_done(struct table_spec *spec);

/* Names of Murr's own columns, which no table may use: the stamp and the mask of a written row
 * (engine/store/layer.h), and the position of a row's key in a request (engine/store/answer.h). */
#define STAMP_FIELD     "_murr_stamp"
#define MASK_FIELD      "_murr_mask"
#define ANSWER_POSITION "_idx"
bool table_column_is_reserved(struct view name);

/* Set the field of the schema by which the newer of two rows is known (newest_by); -1: none is. Fails
 * E_INVALID if there is no such column, or it is of the key, or its values have no order. */
must_use enum code table_newest_by(const struct table_spec *spec, const struct schema *schema,
                                   ptrdiff_t *out_field, struct err *err);

/* Letters, digits, '_', '-' and '.', beginning with a letter or digit, 1 to 128 bytes. Fails
 * E_INVALID for other names. */
must_use enum code table_name_check(struct view name, struct err *err);

#endif
