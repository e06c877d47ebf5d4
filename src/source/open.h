/* The source of a table, as its configuration says. */
#ifndef MURR_SOURCE_OPEN_H
#define MURR_SOURCE_OPEN_H

#include "remote/transfer.h"
#include "source/source.h"
#include "source/spec.h"

/* Borrows   spec, and loop, which may be NULL where no source needs it. Fails as opening the object store does. */
must_use enum code source_open(const struct source_spec *spec, struct transfer_loop *loop,
                               struct source **out_source, struct err *err);

/* Requests that sources of this kind have on their way at a time; 0: they make none. */
unsigned source_requests(const struct source_spec *spec);

#endif
