/* From a publication of a table's source to what the table serves: loaded, checked by the guards, swapped in. */
#ifndef MURR_ENGINE_TABLE_RELOAD_H
#define MURR_ENGINE_TABLE_RELOAD_H

#include "engine/table/state.h"
#include "source/source.h"

struct load_shares;

struct reload_wish {
    bool (*passes_over)(void *arg, const struct publication *p, struct err *why);
    void *arg;
    bool goes_back; /* also what is older than what serves */
};

/* What the source of a table has, as seen from what serves. Labels of another source say nothing here: then nothing
 * is taken to serve. */
must_use enum code reload_look(struct table *t, const struct reload_wish *wish,
                               struct source_answer *out, struct err *err);

/*
 * Load and serve a publication. What is served stays when that fails.
 *
 * Fails E_REFUSED where a guard says so, unless `is_accepted`; E_CHANGED when it was published anew meanwhile;
 *       what loading and committing fail with.
 */
must_use enum code reload_run(struct table *t, const struct publication *p,
                              struct load_shares *shares, bool is_accepted, struct err *err);

#endif
