/* An Iceberg source: its publications are snapshots of one table, labelled "snapshot 8231...". */
#ifndef MURR_SOURCE_ICEBERG_ICEBERG_H
#define MURR_SOURCE_ICEBERG_ICEBERG_H

#include "remote/transfer.h"
#include "source/iceberg_spec.h"
#include "source/source.h"

/* Borrows spec and loop until the source is closed; loop may be NULL if nothing is remote. Sends
 * nothing. Fails E_INVALID for a bad URI. */
must_use enum code iceberg_open(const struct iceberg_spec *spec, struct transfer_loop *loop,
                                struct source **out_source, struct err *err);

#endif
