/* What finding a folder and explaining that there is none share. */
#ifndef MURR_SOURCE_DATED_PRIV_H
#define MURR_SOURCE_DATED_PRIV_H

#include "source/dated.h"

struct dated {
    struct source source;
    const struct partition_layout *layout;
};

/* "00/" to "23/". */
bool dated_is_hour(const char *folder);

/* The day of "dt=2026-11-22/", whatever the name in front; PUBLICATION_NO_DAY. */
int32_t dated_hive_day(const char *folder);

/* Whether a path has a part that is ".." or ".", or an empty one. */
bool dated_climbs(struct view path);

/* Why nothing can be taken: what is there, and what kind of partitions that would be. `lacks` is what the newest
 * folder lacks, or "". Returns E_NOTFOUND, E_UNSUPPORTED, or what listing fails with. */
enum code dated_explain(const struct dated *d, const struct object_list *root, const char *lacks,
                        const struct remote_op *op, struct err *err);

#endif
