/*
 * "Did you mean ...?": the known name closest to a misspelt one, by edits of one letter (insert,
 * delete, replace, swap two neighbours). Cost: length of word times length of name, for each name.
 */
#ifndef MURR_BASE_SUGGEST_H
#define MURR_BASE_SUGGEST_H

#include "base/view.h"

struct suggest {
    struct view word;
    const char *best;  /* borrowed; NULL: nothing close */
    unsigned distance; /* of best; names must beat it */
};

/* A name is close when at most two letters, or a third of a longer word, would change. */
struct suggest suggest_init(struct view word);
void suggest_offer(struct suggest *s, const char *name);

/* "; did you mean 'x'?" or "". Returns `out`. */
#define SUGGEST_CAP 160
const char *suggest_text(const struct suggest *s, char out[static SUGGEST_CAP]);

#endif
