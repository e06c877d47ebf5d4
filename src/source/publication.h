/*
 * A publication: one complete state of a table in its source. People know it by its label:
 * "2026-11-22" for a folder, "2026-11-22/05" for an hour. Loads, plans and manifests deal with
 * publications, whatever the kind of source.
 */
#ifndef MURR_SOURCE_PUBLICATION_H
#define MURR_SOURCE_PUBLICATION_H

#include "remote/store/object_store.h"

enum { PUBLICATION_NO_DAY = INT32_MIN };

/* A Parquet file of rows. */
struct data_file {
    struct object_store *store; /* borrowed from the source */
    struct object_info info;
    const char *name; /* for messages; points into info.name */
};

/* A column of a publication that numbers its columns. In older files it may have an earlier
 * name. */
struct publication_field {
    int32_t id; /* the field_id of Parquet */
    char *name;
};

/* Zeroed memory is empty. */
struct publication {
    char *label;
    int32_t day;                  /* days since 1970-01-01 of its label; or PUBLICATION_NO_DAY */
    uint64_t fingerprint;         /* of source, label, files and versions; equal means unchanged */
    int64_t published_at_ms;      /* wall clock of the store, from the marker */
    struct data_file *data_files; /* rows of later files replace rows of earlier ones */
    size_t n_data_files;
    struct publication_field *fields; /* empty: columns are known by name */
    size_t n_fields;
};

void publication_done(struct publication *p);

/* A label, or NULL, for a sentence: printable, and cut where it would leave no room for the rest.
 * Returns `out`. */
enum { LABEL_SHOWN_CAP = 264 };
const char *label_shown(const char *label, char out[static LABEL_SHOWN_CAP]);

#endif
