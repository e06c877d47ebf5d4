/* A catalog without a server: tables are folders below a warehouse, db.t in db/t, and each has its
 * metadata in metadata/ (metadata_file.h). catalog.h has the contracts. */
#ifndef MURR_SOURCE_ICEBERG_FILESYSTEM_H
#define MURR_SOURCE_ICEBERG_FILESYSTEM_H

#include "remote/op.h"
#include "remote/transfer.h"
#include "source/iceberg/catalog_answer.h"

struct filesystem_catalog;

must_use enum code filesystem_open(const struct catalog_spec *spec, struct transfer_loop *loop,
                                   struct filesystem_catalog **out, struct err *err);
void filesystem_close(struct filesystem_catalog *f);

/* The answer has the place of the metadata, and no metadata. */
must_use enum code filesystem_ask(struct filesystem_catalog *f, const struct catalog_question *q,
                                  const struct remote_op *op, struct catalog_answer *out,
                                  bool *out_is_same, struct err *err);

#endif
