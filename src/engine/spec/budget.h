/* The budget of loads and writes: how much of the machine the configuration allows them. */
#ifndef MURR_ENGINE_SPEC_BUDGET_H
#define MURR_ENGINE_SPEC_BUDGET_H

#include "engine/spec/spec.h"

struct load_config {
    /* Memory of all loads together; rows beyond it go through spill files. */
    uint64_t memory_bytes;
    unsigned threads; /* working on loads at the same time; 0: one for each core */
};

struct write_config {
    /* Memory to build one group of writes; a merge takes as much again. */
    uint64_t memory_bytes;
    /* Bodies waiting for one table. A single body may be larger if it waits alone. */
    uint64_t queue_bytes;
    uint64_t quota_bytes;      /* disk space of all writes together; 0: no limit */
    enum storage_kind storage; /* of tables created through the API */
    unsigned max_tables;       /* configured and created together; 0: no limit */
};

#endif
