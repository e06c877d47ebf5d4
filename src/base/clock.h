/* Time: monotonic for durations, wall clock for people. */
#ifndef MURR_BASE_CLOCK_H
#define MURR_BASE_CLOCK_H

#include "base/view.h"

/* Nanoseconds of a clock that never jumps; only differences mean anything. */
uint64_t clock_mono_ns(void);

/* Milliseconds since 1970-01-01 UTC. */
int64_t clock_wall_ms(void);
int64_t clock_wall_us(void);

/* RFC 3339 in UTC with milliseconds, "2026-11-22T10:00:00.123Z"; `out` holds 25 bytes. Returns
 * `out`. */
char *clock_format(int64_t wall_ms, char out[static 25]);

/* Read RFC 3339, "2026-11-22T10:00:00.123+02:00", or a date, which is its midnight in UTC. False,
 * and *out_wall_ms is as it was, for anything else. */
bool clock_parse(struct view text, int64_t *out_wall_ms);

#endif
