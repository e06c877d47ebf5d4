/* Serving a later publication by what changed (engine/refresh/refresh.h). */
#ifndef MURR_ENGINE_TABLE_REFRESHING_H
#define MURR_ENGINE_TABLE_REFRESHING_H

#include "engine/load/load_shares.h"
#include "engine/table/state.h"
#include "source/source.h"

/*
 * Refresh, if what was found says what changed and that is enough. Otherwise *out_is_done is false,
 * and `out_why` says why all must be loaded; it is empty if nothing was served.
 *
 * A refresh that fails is no failure, since a load may succeed: `out_why` then says what happened.
 *
 * Fails     E_CANCELLED; E_REFUSED by a guard.
 */
must_use enum code table_refresh(struct table *t, const struct source_answer *found,
                                 const struct load_share *share, bool is_accepted,
                                 bool *out_is_done, struct err *out_why, struct err *err);

#endif
