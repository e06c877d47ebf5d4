/* Arithmetic on decimals: integers of 16 or 32 bytes of two's complement, little-endian, with a
 * point somewhere in them. */
#ifndef MURR_MODEL_DECIMAL_H
#define MURR_MODEL_DECIMAL_H

#include "model/dtype.h"

/*
 * `steps` more digits after the point, or less where it is negative; of `precision` digits in all,
 * 0: as many as there are. Widths are bytes; `from` may be a narrower integer. False: digits would
 * be lost, or there are too many.
 */
bool decimal_rescale(const uint8_t *from, size_t from_bytes, uint8_t *to, size_t to_bytes,
                     int steps, unsigned precision);

struct decimal_form {
    size_t width; /* bytes */
    int scale;
    bool is_unsigned;
};

/* As it is read: "-12.50". Returns the text, in `out`. */
enum { DECIMAL_TEXT_CAP = 84 };
const char *decimal_text(const uint8_t *value, const struct decimal_form *form,
                         char out[static DECIMAL_TEXT_CAP]);

#endif
