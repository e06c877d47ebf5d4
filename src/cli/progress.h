/*
 * Shows the progress of loads: a bar with rate and ETA on a terminal, a log line every few seconds
 * elsewhere.
 */
#ifndef MURR_CLI_PROGRESS_H
#define MURR_CLI_PROGRESS_H

#include "engine/registry.h"

struct progress {
    bool is_terminal; /* draw a bar */
    bool is_plain;    /* print lines of our own, not of the log */
    uint64_t line_interval_ns;
    bool bar_shown;
    uint64_t last_line_ns;
};

/* `always`: print a plain line every second, even on a terminal. */
void progress_init(struct progress *p, bool always);

/* Show the loads that run now. Call it several times a second. */
void progress_show(struct progress *p, struct registry *r);

/* Remove the bar. */
void progress_clear(struct progress *p);

#endif
