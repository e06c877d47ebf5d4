/* What the files of this folder share. */
#ifndef MURR_SERVICE_SERVICE_PRIV_H
#define MURR_SERVICE_SERVICE_PRIV_H

#include "service/service.h"

#include <stdatomic.h>

struct service {
    struct service_config config;
    struct metrics *metrics; /* both below */
    struct histogram *read_keys;
    struct counter *answer_bytes;
    _Atomic unsigned n_in_flight;
    _Atomic bool is_draining;
};

#endif
