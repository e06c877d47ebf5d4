/* Parts of a dated source, shared by finding a publication (dated.c) and explaining that there is
 * none (dated_explain.c). */
#ifndef MURR_SOURCE_DATED_PRIV_H
#define MURR_SOURCE_DATED_PRIV_H

#include "source/dated.h"

struct dated {
    struct source source;
    struct object_store *store; /* owned */
    const struct partition_layout *layout;
};

/* "00/" to "23/". */
bool dated_is_hour(const char *folder);

/* The day of "dt=2026-11-22/", with any name before the '='; or PUBLICATION_NO_DAY. */
int32_t dated_hive_day(const char *folder);

/* Whether a part of the path is "..", "." or empty. */
bool dated_climbs(struct view path);

/* Say why no publication was found: what the source has, and which setting of `partitions` would
 * fit. `lacks` says what the newest folder lacks, or is "". Returns E_NOTFOUND, E_UNSUPPORTED, or
 * what listing fails with. */
enum code dated_explain(const struct dated *d, const struct object_list *root, const char *lacks,
                        const struct remote_op *op, struct err *err);

#endif
