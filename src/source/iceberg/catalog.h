/*
 * A catalog: says where the current metadata of a table is.
 *
 * `rest` asks a server by the REST protocol of Iceberg, `filesystem` looks for the newest metadata
 * file below the table's location.
 *
 * Threads   any; each call waits for its answer.
 */
#ifndef MURR_SOURCE_ICEBERG_CATALOG_H
#define MURR_SOURCE_ICEBERG_CATALOG_H

#include "base/buf.h"
#include "remote/op.h"
#include "remote/transfer.h"
#include "source/iceberg_spec.h"

struct catalog;

/* Credentials for files below a prefix, handed out by the catalog for a time. Strings are owned. */
struct vended_credentials {
    char *prefix; /* "s3://bucket/path"; "": all files of the table */
    char *access_key_id, *secret_access_key, *session_token;
    char *endpoint, *region; /* "": as configured */
    bool has_path_style;
    int64_t expires_at_ms; /* wall clock; 0: not said */
};

/* What a catalog says of a table. Zeroed memory is empty. */
struct catalog_answer {
    char *metadata_location; /* a URI; NULL: not said */
    struct buf metadata;     /* the metadata itself, as JSON; empty: read it from its location */
    char *version;           /* what to say next time to hear only whether it changed; NULL */
    struct vended_credentials *vended; /* the longest prefix first */
    size_t n_vended;
};

void catalog_answer_done(struct catalog_answer *a);

/* Borrows spec and loop until the close. Sends nothing. Fails E_INVALID for a bad URI. */
must_use enum code catalog_open(const struct catalog_spec *spec, struct transfer_loop *loop,
                                struct catalog **out_catalog, struct err *err);
void catalog_close(struct catalog *c); /* NULL is fine */

/*
 * Ask about the table "namespace.table". With the `version` of an earlier answer and nothing new
 * *out_is_same is true, and `out` stays empty.
 *
 * Fails     E_NOTFOUND if the catalog has no such table; E_IO also if it does not let us in;
 *           E_TIMEOUT, E_CANCELLED; E_CORRUPT for an answer that is none.
 */
must_use enum code catalog_ask(struct catalog *c, const char *table, const char *version,
                               const struct remote_op *op, struct catalog_answer *out,
                               bool *out_is_same, struct err *err);

#endif
