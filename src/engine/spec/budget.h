/* What loads and writes may take of the machine, as the configuration says. */
#ifndef MURR_ENGINE_SPEC_BUDGET_H
#define MURR_ENGINE_SPEC_BUDGET_H

#include "engine/spec/spec.h"

struct load_config {
    uint64_t
        memory_bytes; /* what loads may hold in memory together; more goes through spill files */
    unsigned threads; /* that work on loads at a time; 0: one a core */
};

struct write_config {
    uint64_t
        memory_bytes; /* of one group of writes, while it is built; as much again for a merge */
    uint64_t
        queue_bytes; /* of bodies that wait for one table; one that is larger alone is taken, too */
    uint64_t quota_bytes;      /* what writes may take on the disk, in all; 0: what there is */
    enum storage_kind storage; /* of tables that were created */
    unsigned max_tables;       /* with those of the config: no more are created then; 0: no limit */
};

#endif
