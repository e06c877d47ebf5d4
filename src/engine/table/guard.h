/*
 * What stands between a partition that loaded and the one that serves: a batch can be sound and still wrong. Each
 * bound compares either the partition with itself, so that it also holds for the first load, or with what serves:
 *
 *     min_rows, max_duplicates, max_days_ahead     the partition alone
 *     max_shrink, max_null_growth, schema          with what serves, if it came of the same source and
 *                                                  configuration: who changes these expects other data
 */
#ifndef MURR_ENGINE_TABLE_GUARD_H
#define MURR_ENGINE_TABLE_GUARD_H

#include "engine/store/generation.h"
#include "engine/load/loader.h"

/* What serves; or NULL in its place. */
struct guard_served {
    const struct generation_info *info;
    const struct schema *schema;
    const char *dir; /* of its generation */
};

/* Before a partition is loaded. Fails E_REFUSED, naming the bound. */
must_use enum code guard_check_day(const struct guard_spec *guard, const struct publication *p,
                                   struct err *err);

/* After. Fails E_REFUSED, naming the bound and both numbers. */
must_use enum code guard_check(const struct guard_spec *guard, const struct guard_served *served,
                               const struct load_result *fresh, struct err *err);

/* What the next one will be compared with, beside table.json: written into the generation's directory. */
must_use enum code guard_save(const char *dir, const struct load_result *fresh, struct err *err);

#endif
