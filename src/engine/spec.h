/* What the configuration says of one table. Filled by cli/config.c, read by the engine. */
#ifndef MURR_ENGINE_SPEC_H
#define MURR_ENGINE_SPEC_H

#include "model/type.h"
#include "remote/s3_config.h"

enum source_kind { SOURCE_LOCAL, SOURCE_S3, SOURCE_NONE };

struct source_spec {
    enum source_kind kind;
    struct {
        char *path; /* the folder that holds the YYYY-MM-DD partitions */
    } local;
    struct s3_config s3;
};

/* How columns are stored: side by side in one row, or one group a column (docs/segment-format.md). */
enum layout_kind { LAYOUT_PACKED, LAYOUT_COLUMNAR };

/* Where the segments that serve are read from: copied to memory in huge pages, mapped, or mapped with the
 * rows of a request brought in at once, for tables larger than memory. */
enum storage_kind { STORAGE_MEMORY, STORAGE_MMAP, STORAGE_DISK };

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

/* Fails E_INVALID for what cannot be the name of a table. */
must_use enum code table_name_check(struct view name, struct err *err);

#endif
