/*
 * Publications of a source that did not get to serve, and why: refused by a guard, until somebody accepts them or
 * they are published anew; or failed to load, to be tried again after a while. They are known by their fingerprint.
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
    uint64_t retry_ns; /* clock_mono_ns; not to be tried before. Refused ones are not */
    bool is_seen;      /* by the latest discovery */
    bool is_early;     /* refused for its date alone, which comes */
};

/* Zeroed memory is empty. */
struct setbacks {
    struct setback *items; /* in the order in which they came */
    size_t n;
};

void setbacks_done(struct setbacks *s);

/* NULL: it had none. */
struct setback *setbacks_find(const struct setbacks *s, uint64_t fingerprint);

/* Note one, or once more; the oldest of too many goes. Returned is what may be changed. */
struct setback *setbacks_note(struct setbacks *s, const struct publication *p, enum code code,
                              const struct err *why);

/* Forget one, or all that were not seen since the last call. */
void setbacks_forget(struct setbacks *s, uint64_t fingerprint);
void setbacks_forget_unseen(struct setbacks *s);

/* Those that failed may be tried again at once; refused ones may not. */
void setbacks_retry(struct setbacks *s);

/* By label; NULL: a guard refused none. */
const struct setback *setbacks_newest_refused(const struct setbacks *s);

/* Whether a failure says that the data is bad, and not that it could not be had now. */
bool setback_is_of_data(enum code code);

#endif
