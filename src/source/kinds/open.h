/* Opening the source that the configuration of a table describes. */
#ifndef MURR_SOURCE_KINDS_OPEN_H
#define MURR_SOURCE_KINDS_OPEN_H

#include "remote/transfer.h"
#include "source/source.h"
#include "source/spec.h"

/* Borrows spec and loop until the close; loop may be NULL if source_requests is 0. Fails as opening
 * the object store does. */
must_use enum code source_open(const struct source_spec *spec, struct transfer_loop *loop,
                               struct source **out_source, struct err *err);

/* How many requests such a source may have in flight at a time; 0 for a local folder. One of those
 * of an Iceberg table is for its catalog. */
unsigned source_requests(const struct source_spec *spec);

#endif
