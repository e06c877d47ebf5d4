/*
 * Setbacks: publications of a source that are not served, and why. A publication that a guard
 * refused stays refused until somebody accepts it or it is published anew. One that failed to load
 * is tried again after a while. Setbacks are found by the fingerprint of the publication, and kept
 * in memory only.
 */
#ifndef MURR_ENGINE_TABLE_SETBACKS_H
#define MURR_ENGINE_TABLE_SETBACKS_H

#include "source/publication.h"

struct setback {
    char *label; /* owned */
    uint64_t fingerprint;
    enum code code;
    struct err why;
    unsigned n_tries;
    uint64_t retry_ns; /* clock_mono_ns: not tried before; unused if refused */
    bool is_seen;      /* the latest discovery found it in the source */
    bool is_early;     /* refused only because its date is in the future */
};

/* Zeroed memory is empty. */
struct setbacks {
    struct setback *items; /* oldest first */
    size_t n;
};

void setbacks_done(struct setbacks *s);

/* NULL if there is none. */
struct setback *setbacks_find(const struct setbacks *s, uint64_t fingerprint);

/* Note a setback, or one more try of it. If there are too many, the oldest is forgotten. The caller
 * may set the remaining fields of what is returned. */
struct setback *setbacks_note(struct setbacks *s, const struct publication *p, enum code code,
                              const struct err *why);

/* Forget one; or all that were not seen since the previous call. */
void setbacks_forget(struct setbacks *s, uint64_t fingerprint);
void setbacks_forget_unseen(struct setbacks *s);

/* Allow those that failed to be tried again at once. Refused ones stay refused. */
void setbacks_retry(struct setbacks *s);

/* The refused one with the greatest label; NULL if none was refused. */
const struct setback *setbacks_newest_refused(const struct setbacks *s);

/* Whether a failure means that the data is bad, and not that it could not be read at the moment. */
bool setback_is_of_data(enum code code);

#endif
