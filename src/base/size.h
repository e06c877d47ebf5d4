/* Numbers of bytes as people write them: 64MB, 1GiB, 4096. */
#ifndef MURR_BASE_SIZE_H
#define MURR_BASE_SIZE_H

#include "base/err.h"
#include "base/view.h"

/*
 * A whole number, and a unit: B, kB, MB, GB, TB (powers of 1000), KiB, MiB, GiB, TiB (powers of
 * 1024); no unit means bytes. Upper and lower case are the same. Fails E_INVALID.
 */
must_use enum code size_parse(struct view text, uint64_t *out_bytes, struct err *err);

/* The same number with the largest binary unit that divides it: 16777216 is "16MiB". Returns `out`.
 */
#define SIZE_CAP 32
char *size_format(uint64_t bytes, char out[static SIZE_CAP]);

#endif
