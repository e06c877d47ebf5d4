/* Spans of time as people write them: 90s, 5m, 1h 30m, 500ms. */
#ifndef MURR_BASE_DURATION_H
#define MURR_BASE_DURATION_H

#include "base/err.h"
#include "base/view.h"

/*
 * One or more numbers with units ms, s, m, h or d, with or without blanks between: "1h 30m". A bare
 * 0 is fine; any other number needs its unit. Fails E_INVALID with what is wrong about the text.
 */
must_use enum code duration_parse(struct view text, int64_t *out_ms, struct err *err);

/* The same span in the same notation, largest unit first: 90000 is "1m 30s". Returns `out`. */
#define DURATION_CAP 64
char *duration_format(int64_t ms, char out[static DURATION_CAP]);

#endif
