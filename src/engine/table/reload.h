/* A reload: a publication of a table's source is loaded, checked by the guards, and swapped in. */
#ifndef MURR_ENGINE_TABLE_RELOAD_H
#define MURR_ENGINE_TABLE_RELOAD_H

#include "engine/table/state.h"
#include "source/source.h"

struct load_shares;

struct reload_wish {
    bool (*passes_over)(void *arg, const struct publication *p, struct err *why);
    void *arg;
    bool goes_back; /* accept also publications older than the served one */
};

/* Ask the source for a publication newer than the served one. If what is served came from another
 * source its label means nothing here, and the newest publication is found. Fails as
 * source_find_newest does. */
must_use enum code reload_look(struct table *t, const struct reload_wish *wish,
                               struct source_answer *out, struct err *err);

/*
 * Serve a publication that was found: by what changed, if the source can tell and that is enough
 * (engine/refresh/refresh.h), else by a load of all. If that fails the table serves what it served.
 * With `is_accepted` the guards are skipped.
 *
 * Fails     E_REFUSED by a guard; E_CHANGED if it was published anew meanwhile; as loading and
 *           committing do.
 */
must_use enum code reload_run(struct table *t, const struct source_answer *found,
                              struct load_shares *shares, bool is_accepted, struct err *err);

#endif
