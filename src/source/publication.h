/*
 * A publication: one complete state of a table in its source. People know it by its label:
 * "2026-11-22" for a folder, "2026-11-22/05" for an hour. Loads, plans and manifests deal with
 * publications, whatever the kind of source.
 */
#ifndef MURR_SOURCE_PUBLICATION_H
#define MURR_SOURCE_PUBLICATION_H

#include "model/constant.h"
#include "remote/store/object_store.h"

enum { PUBLICATION_NO_DAY = INT32_MIN };

/* The value of a column that a file does not hold. */
struct file_constant {
    int32_t field_id;
    struct constant value;
};

/* A Parquet file of rows. */
struct data_file {
    struct object_store *store; /* borrowed from the source */
    struct object_info info;
    const char *name; /* for messages; points into info.name, or is the uri */

    /* What follows is said only by sources whose rows can be deleted. Owned. */
    char *uri;               /* as delete files name it */
    uint64_t n_rows;         /* with the deleted ones */
    int64_t sequence_number; /* when it was added */
    uint32_t partition;      /* deletes of the same partition may apply */
    int32_t partitioning;    /* which columns make its partition; tables change it */
    bool has_vector;         /* a deletion vector says everything that is deleted by position */
    struct file_constant *constants;
    size_t n_constants;
    size_t *equalities; /* indexes of the equality groups that apply */
    size_t n_equalities;
};

enum delete_kind {
    DELETE_POSITIONS, /* a Parquet file of paths and positions */
    DELETE_VECTOR,    /* a bitmap of positions in one data file, at a place in a file */
    DELETE_EQUALITY,  /* a Parquet file of values: rows that have them are deleted */
};

/* A file that says which rows of data files are deleted. */
struct delete_file {
    enum delete_kind kind;
    struct object_store *store; /* borrowed */
    struct object_info info;
    char *uri; /* for messages, too; owned */
    /* Rows of files with a smaller number are deleted; by position, also those with the same. */
    int64_t sequence_number;
    uint32_t partition;   /* by position: of the data files that it applies to */
    uint64_t offset, len; /* of a vector, in the file */
    size_t data_file;     /* of a vector: the file that it deletes from */
    size_t equality;      /* by equality: its group */
};

/* Equality deletes that compare the same columns, and apply to the same files. */
struct equality_group {
    int32_t *field_ids; /* ascending */
    size_t n_field_ids;
    int32_t *partition_ids; /* columns whose values also decide to which files they apply */
    size_t n_partition_ids;
    int32_t partitioning; /* of the files that it applies to; without such columns, all files */
};

/* A column of a publication that numbers its columns. In files it may have another name, or an
 * earlier, narrower type. */
struct publication_field {
    int32_t id; /* the field_id of Parquet */
    char *name;
    bool is_dropped; /* no longer a column, but equality deletes compare it */
    struct type type;
    char *why_not;           /* why its type cannot be read; NULL: it can */
    struct constant initial; /* its value in files that neither hold it nor have a constant */
};

/* A name under which files without numbers have a column. */
struct publication_name {
    char *name;
    int32_t field_id;
};

/* Zeroed memory is empty. */
struct publication {
    char *label;
    int32_t day;                  /* days since 1970-01-01 of its label; or PUBLICATION_NO_DAY */
    uint64_t fingerprint;         /* of source, label, files and versions; equal means unchanged */
    int64_t published_at_ms;      /* wall clock of the store, from the marker; or of the commit */
    int64_t sequence_number;      /* counts publications, if the source does; else 0 */
    struct data_file *data_files; /* rows of later files replace rows of earlier ones */
    size_t n_data_files;
    struct publication_field *fields; /* in the order of the table; empty: columns are known by
                                       * name */
    size_t n_fields;
    struct publication_name *names; /* only used with fields, and if has_names */
    size_t n_names;
    bool has_names;
    struct delete_file *delete_files;
    size_t n_delete_files;
    struct equality_group *equalities;
    size_t n_equalities;
};

void publication_done(struct publication *p);

/* The size of all data files. */
uint64_t publication_bytes(const struct publication *p);

/* By number; NULL if there is none. */
const struct publication_field *publication_field(const struct publication *p, int32_t id);

/* A label, or "" for NULL, as messages show it: printable, and cut if it is very long. Returns
 * `out`. */
enum { LABEL_SHOWN_CAP = 264 };
const char *label_shown(const char *label, char out[static LABEL_SHOWN_CAP]);

#endif
