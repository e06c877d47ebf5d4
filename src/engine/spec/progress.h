/* The progress of a load: written by its workers, read by any thread. Setting `cancelled` stops the
 * load. */
#ifndef MURR_ENGINE_SPEC_PROGRESS_H
#define MURR_ENGINE_SPEC_PROGRESS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum load_state { LOAD_IDLE, LOAD_READING, LOAD_BUILDING };

struct load_progress {
    _Atomic int state; /* enum load_state */
    _Atomic uint64_t rows_done, rows_total;
    _Atomic uint64_t bytes_done, bytes_total;
    _Atomic uint64_t started_ns; /* clock_mono_ns */
    _Atomic bool cancelled;
};

#endif
