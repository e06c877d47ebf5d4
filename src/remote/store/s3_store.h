/*
 * The S3 store: objects in a bucket, below a prefix.
 *
 * A read is cut into parts of at most `part_bytes`, each of which is a request. The transfer loop
 * decides how many are on the wire at a time. All bytes are of the version that was listed
 * (If-Match), or the read fails with E_CHANGED.
 */
#ifndef MURR_REMOTE_STORE_S3_STORE_H
#define MURR_REMOTE_STORE_S3_STORE_H

#include "remote/identity/identity.h"
#include "remote/store/object_store.h"
#include "remote/s3_config.h"
#include "remote/transfer.h"

/* Borrows config, what `origin` points to, and loop until object_store_close. Credentials come from
 * `origin`; NULL: from where the configuration says. Sends nothing. Fails E_INVALID for a bad
 * endpoint or region. */
must_use enum code s3_store_new(const struct s3_config *config,
                                const struct credentials_origin *origin, struct transfer_loop *loop,
                                struct object_store **out_store, struct err *err);

#endif
