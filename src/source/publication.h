/*
 * A publication: one state of a table in its source, whole. What people call it is its label: "2026-11-22" of a folder,
 * "2026-11-22/05" of an hour. Loads, plans, restores and manifests know publications, whatever the source.
 */
#ifndef MURR_SOURCE_PUBLICATION_H
#define MURR_SOURCE_PUBLICATION_H

#include "remote/store/object_store.h"

enum { PUBLICATION_NO_DAY = INT32_MIN };

/* A Parquet file of rows. */
struct data_file {
    struct object_store *store; /* where it lies; borrowed from the source */
    struct object_info info;
    const char *name; /* for messages; points into info.name */
};

/* A column of a publication that knows columns by number: files may have it under names of before. */
struct publication_field {
    int32_t id; /* as files have it (field_id of Parquet) */
    char *name;
};

/* Zeroed memory is empty. */
struct publication {
    char *label;
    int32_t day;             /* of its label, since 1970-01-01; PUBLICATION_NO_DAY */
    uint64_t fingerprint;    /* of source, label, files and their versions: equal means unchanged */
    int64_t published_at_ms; /* wall clock */
    struct data_file *data_files; /* in the order in which rows replace rows */
    size_t n_data_files;
    struct publication_field *fields; /* none: columns are known by name */
    size_t n_fields;
};

void publication_done(struct publication *p);

/* A label, or NULL, for a sentence: printable, and cut where it would leave no room for the rest. Returns `out`. */
enum { LABEL_SHOWN_CAP = 264 };
const char *label_shown(const char *label, char out[static LABEL_SHOWN_CAP]);

#endif
