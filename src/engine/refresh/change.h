/* What differs between two publications of one source, of which one came after the other: files by
 * their URIs and sequence numbers. */
#ifndef MURR_ENGINE_REFRESH_CHANGE_H
#define MURR_ENGINE_REFRESH_CHANGE_H

#include "source/publication.h"

/* Indexes into the data and delete files of the two. Zeroed memory is empty. */
struct change {
    size_t *added;   /* data files of `after` alone */
    size_t *removed; /* of `before` alone */
    size_t n_added, n_removed;
    size_t *common_before, *common_after; /* the files that both have, in one order */
    size_t n_common;
    bool *new_deletes; /* by delete file of `after`: `before` does not have it */
    bool *old_deletes; /* by delete file of `before`: `after` does not have it */
    size_t n_new_deletes, n_old_deletes;
};

void change_init(struct change *c, const struct publication *before,
                 const struct publication *after);
void change_done(struct change *c);

#endif
