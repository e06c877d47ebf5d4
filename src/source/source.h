/* The object store of a table, as its configuration says. */
#ifndef MURR_SOURCE_SOURCE_H
#define MURR_SOURCE_SOURCE_H

#include "engine/spec/spec.h"
#include "remote/store/object_store.h"
#include "remote/transfer.h"

/* Borrows   spec, and loop, which may be NULL where no source needs it. Close with object_store_close. */
must_use enum code source_open(const struct source_spec *spec, struct transfer_loop *loop,
                               struct object_store **out_store, struct err *err);

/* Requests that sources of this kind have on their way at a time; 0: they make none. */
unsigned source_requests(const struct source_spec *spec);

#endif
