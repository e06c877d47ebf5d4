/*
 * Guards: checks on a partition after it was built and before it is served. A batch can be readable
 * and still be wrong.
 *
 *     min_rows, max_duplicates, max_days_ahead     look at the partition alone, so they hold for
 *                                                  the first load, too
 *     max_shrink, max_null_growth, schema          compare it with the served data, if that has the
 *                                                  same source and configuration: somebody who
 *                                                  changes these expects other data
 */
#ifndef MURR_ENGINE_TABLE_GUARD_H
#define MURR_ENGINE_TABLE_GUARD_H

#include "engine/store/generation.h"
#include "engine/load/loader.h"

/* The generation that is served. */
struct guard_served {
    const struct generation_info *info;
    const struct schema *schema;
    const char *dir; /* of its generation */
};

/* Check the date before a partition is loaded. Fails E_REFUSED, naming the setting. */
must_use enum code guard_check_day(const struct guard_spec *guard, const struct publication *p,
                                   struct err *err);

/* Check all else after it was built. `served` may be NULL. Fails E_REFUSED, naming the setting and
 * both numbers. */
must_use enum code guard_check(const struct guard_spec *guard, const struct guard_served *served,
                               const struct load_result *fresh, struct err *err);

/* Check the number of rows that a publication has which changed some of the served ones. Fails
 * E_REFUSED likewise. */
must_use enum code guard_check_rows(const struct guard_spec *guard,
                                    const struct generation_info *served, uint64_t n_rows,
                                    struct err *err);

/* Write statistics.json into the generation's directory: what the next partition will be compared
 * with, beyond table.json. */
must_use enum code guard_save(const char *dir, const struct load_result *fresh, struct err *err);

#endif
