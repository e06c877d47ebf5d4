/* The spec of a source: what the configuration says about it. Filled by config/source.c. */
#ifndef MURR_SOURCE_SPEC_H
#define MURR_SOURCE_SPEC_H

#include "remote/s3_config.h"
#include "source/iceberg_spec.h"

enum source_kind { SOURCE_LOCAL, SOURCE_S3, SOURCE_ICEBERG, SOURCE_NONE };

/* How publications are laid out in folders. */
enum partition_kind {
    PARTITIONS_DATED, /* YYYY-MM-DD/, each with a marker */
    /* name=YYYY-MM-DD/, each with a marker; or a marker at the root that is not older than the
     * files */
    PARTITIONS_HIVE,
    PARTITIONS_HOURLY,  /* YYYY-MM-DD/HH/, each with a marker */
    PARTITIONS_NONE,    /* the root itself, with a marker that is not older than the files */
    PARTITIONS_POINTER, /* a small object at the root names the folder; there is no marker */
};

struct partition_layout {
    enum partition_kind kind;
    char *marker;  /* name of the object that makes a folder whole: "_SUCCESS" */
    char *pointer; /* name of the small object, for PARTITIONS_POINTER */
};

/* Strings are owned. */
struct source_spec {
    enum source_kind kind;
    struct {
        char *path; /* the folder that holds the partitions */
    } local;
    struct s3_config s3;
    struct partition_layout layout;
    struct iceberg_spec iceberg;
};

void source_spec_done(struct source_spec *spec);

#endif
