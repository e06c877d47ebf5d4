/*
 * A catalog that is a server with the REST protocol of Iceberg (rest.h): says what the current
 * metadata of a table is. Tables of a catalog that is a file system are found without it
 * (metadata_file.h).
 *
 * All tables of one catalog share what its server is asked for once: its settings, the token, the
 * budget of retries.
 *
 * Threads   any; each call waits for its answer.
 */
#ifndef MURR_SOURCE_ICEBERG_CATALOG_H
#define MURR_SOURCE_ICEBERG_CATALOG_H

#include "remote/op.h"
#include "remote/transfer.h"
#include "source/iceberg/catalog_answer.h"

struct catalog;

/* Borrows spec and loop until the close. Sends nothing. Fails E_INVALID for a bad URI or region. */
must_use enum code catalog_open(const struct catalog_spec *spec, struct transfer_loop *loop,
                                struct catalog **out_catalog, struct err *err);
void catalog_close(struct catalog *c); /* NULL is fine */

/*
 * Ask about a table. If it has not changed since the version of the question, *out_is_same is true
 * and `out` stays empty.
 *
 * Cost      one request; at first, and after a failure, one more for the settings of the catalog.
 * Fails     E_NOTFOUND if the catalog has no such table; E_IO if it does not answer or does not let
 *           us in; E_UNSUPPORTED; E_TIMEOUT, E_CANCELLED; E_CORRUPT for an answer that makes no
 *           sense; E_INVALID for an address in it that we do not follow. Messages name the catalog.
 */
must_use enum code catalog_ask(struct catalog *c, const struct catalog_question *q,
                               const struct remote_op *op, struct catalog_answer *out,
                               bool *out_is_same, struct err *err);

/* Get new credentials for the files of a table: `out` has only those. For vended.h. Fails as
 * catalog_ask. */
must_use enum code catalog_renew(struct catalog *c, const char *table, const struct remote_op *op,
                                 struct catalog_answer *out, struct err *err);

#endif
