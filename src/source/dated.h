/* A dated source: its publications are folders of Parquet files, named by date or otherwise (enum
 * partition_kind). */
#ifndef MURR_SOURCE_DATED_H
#define MURR_SOURCE_DATED_H

#include "source/source.h"
#include "source/spec.h"

/* Takes the store. Borrows the layout until the source is closed. */
struct source *dated_new(struct object_store *take_store, const struct partition_layout *layout);

#endif
