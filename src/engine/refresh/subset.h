/*
 * Some data files of a publication, with the delete files that apply to them, as a publication of
 * their own: what the loader's parts take. It borrows everything from the whole one, except its own
 * lists.
 */
#ifndef MURR_ENGINE_REFRESH_SUBSET_H
#define MURR_ENGINE_REFRESH_SUBSET_H

#include "source/publication.h"

/* Zeroed memory is empty. */
struct subset {
    struct publication publication; /* not for publication_done */
};

/*
 * The data files with these indexes, in that order. `wanted` says by delete file of the whole whether
 * it may be part; NULL: all that apply to any of the files.
 */
void subset_init(struct subset *s, const struct publication *whole, const size_t *files, size_t n,
                 const bool *wanted);
void subset_done(struct subset *s);

/* Those wanted delete files of one equality group, as data files: their rows are the values that they
 * delete. */
void subset_init_deletes(struct subset *s, const struct publication *whole, const bool *wanted,
                         size_t equality);

#endif
