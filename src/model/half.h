/* IEEE 754 half precision: 1 sign, 5 exponent, 10 fraction bits. */
#ifndef MURR_MODEL_HALF_H
#define MURR_MODEL_HALF_H

#include <stdint.h>
#include <string.h>

/* Exact: every half is a float. */
static inline float half_to_float(uint16_t half)
{
    uint32_t sign = (uint32_t)(half >> 15) << 31;
    uint32_t exponent = half >> 10 & 0x1F, fraction = half & 0x3FF;
    uint32_t bits;
    if (exponent == 0) { /* zero and subnormals: fraction * 2^-24 */
        float tiny = (float)fraction * 0x1p-24f;
        memcpy(&bits, &tiny, sizeof(bits));
        bits |= sign;
    } else if (exponent == 0x1F) {
        bits = sign | 0xFFu << 23 | fraction << 13;
    } else {
        bits = sign | (exponent + 127 - 15) << 23 | fraction << 13;
    }
    float value;
    memcpy(&value, &bits, sizeof(value));
    return value;
}

#endif
