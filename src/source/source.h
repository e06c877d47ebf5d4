/* The object store of a table, as its configuration says. */
#ifndef MURR_SOURCE_SOURCE_H
#define MURR_SOURCE_SOURCE_H

#include "remote/store/object_store.h"
#include "remote/s3_config.h"
#include "remote/transfer.h"
#include "source/partition.h"

enum source_kind { SOURCE_LOCAL, SOURCE_S3, SOURCE_NONE };

struct source_spec {
    enum source_kind kind;
    struct {
        char *path; /* the folder that holds the partitions */
    } local;
    struct s3_config s3;
    struct partition_layout layout;
};

/* Borrows   spec, and loop, which may be NULL where no source needs it. Close with object_store_close. */
must_use enum code source_open(const struct source_spec *spec, struct transfer_loop *loop,
                               struct object_store **out_store, struct err *err);

/* Requests that sources of this kind have on their way at a time; 0: they make none. */
unsigned source_requests(const struct source_spec *spec);

#endif
