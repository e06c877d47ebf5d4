/* What a catalog is asked about a table, and what it answers. */
#ifndef MURR_SOURCE_ICEBERG_CATALOG_ANSWER_H
#define MURR_SOURCE_ICEBERG_CATALOG_ANSWER_H

#include "base/buf.h"
#include "source/iceberg_spec.h"

struct catalog_question {
    const char *table;   /* "namespace.table" */
    const char *version; /* of an earlier answer; NULL: answer in any case */
    bool all_snapshots;  /* else those that branches and tags need may be all that there are */
};

/* Credentials for files below a prefix, and where their store is, handed out by the catalog for a
 * time. Strings are owned. */
struct vended_credentials {
    char *prefix;                            /* "s3://bucket/path"; "": all files of the table */
    char *access_key_id;                     /* NULL: no credentials, only what follows them */
    char *secret_access_key, *session_token; /* NULL: none */
    char *endpoint, *region;                 /* NULL: as configured */
    enum s3_addressing addressing;           /* S3_ADDRESSING_AUTO: as configured */
    int64_t expires_at_ms;                   /* wall clock; 0: not said */
};

void vended_credentials_done(struct vended_credentials *v);

/* What a catalog says of a table. Zeroed memory is empty. */
struct catalog_answer {
    char *metadata_location; /* a URI; NULL: not said */
    struct buf metadata;     /* the metadata itself, as JSON; empty: read it from its location */
    char *version;           /* what to say next time to hear only whether it changed; NULL */
    struct vended_credentials *vended; /* the longest prefix first */
    size_t n_vended;
};

void catalog_answer_done(struct catalog_answer *a);

#endif
