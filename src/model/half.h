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

/* The nearest half; of two equally near, the even one; infinity beyond the range. */
static inline uint16_t half_of_double(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof(bits));
    uint16_t sign = (uint16_t)(bits >> 48 & 0x8000);
    double size = value < 0 ? -value : value;
    if (size != size)
        return (uint16_t)(sign | 0x7E00);
    if (size >= 65520)
        return (uint16_t)(sign | 0x7C00);
    int exponent = (int)(bits >> 52 & 0x7FF) - 1023;
    exponent = exponent < -14 ? -14 : exponent; /* subnormals have the smallest one */
    /* Scale so that the last bit of a half is worth 1. Adding 2^52 then rounds to a whole number,
     * because a double of that size has no bits for fractions. `volatile` keeps the compiler from
     * undoing it. */
    double scaled = size;
    for (int e = exponent; e > 10; e--)
        scaled /= 2;
    for (int e = exponent; e < 10; e++)
        scaled *= 2;
    volatile double rounded = scaled + 0x1p52;
    uint32_t fraction =
        (uint32_t)(rounded - 0x1p52); /* 2048 where it rounded up to the next power */
    uint32_t half = fraction < 1024 ? fraction : ((uint32_t)(exponent + 14) << 10) + fraction;
    return (uint16_t)(sign | half);
}

#endif
