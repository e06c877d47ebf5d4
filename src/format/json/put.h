/* JSON values: strings appended to a buffer, numbers into memory that the caller has reserved. */
#ifndef MURR_FORMAT_JSON_PUT_H
#define MURR_FORMAT_JSON_PUT_H

#include "base/buf.h"

/* Quoted and escaped; the bytes are UTF-8. */
void json_put_string(struct buf *out, struct view text);

/* Numbers go into memory with room for JSON_NUMBER_CAP bytes; all return the end of what was
 * written. */
#define JSON_NUMBER_CAP 96
uint8_t *json_write_int(uint8_t *out, int64_t value);
uint8_t *json_write_uint(uint8_t *out, uint64_t value);

/*
 * The fewest digits that read back to the same value, always with a point or an exponent, so that
 * readers see a fraction: 1.0, 0.1, 1e+20. NaN and the infinities become null.
 */
uint8_t *json_write_float32(uint8_t *out, float value);
uint8_t *json_write_float64(uint8_t *out, double value);
uint8_t *json_write_float16(uint8_t *out, uint16_t bits);

#endif
