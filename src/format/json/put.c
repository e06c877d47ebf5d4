#include "format/json/put.h"

#include "model/half.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/*
 * Shortest numbers. A float32 needs 6 to 9 digits, a float64 15 to 17; any decimal of 6 (15) digits
 * survives the way into the float and back. So: scale the value to an integer of 6 (15) digits in a
 * wider type, see whether that integer scaled back rounds to the value, and else take one digit
 * more. When the first attempt succeeds, its trailing zeros go and what remains is the shortest.
 *
 * Scaling costs one rounding in a type with at least 2^11 finer steps, so the verdict is believed
 * only when values a little above and below agree on it; otherwise, and where the power of ten is
 * not exact, printf and strtod decide.
 */

static const char digit_pairs[] =
    "00010203040506070809101112131415161718192021222324252627282930313233"
    "34353637383940414243444546474849505152535455565758596061626364656667"
    "68697071727374757677787980818283848586878889909192939495969798"
    "99";

uint8_t *json_write_uint(uint8_t *out, uint64_t value)
{
    uint8_t text[20], *p = text + sizeof(text);
    while (value >= 100) {
        p -= 2;
        memcpy(p, digit_pairs + 2 * (value % 100), 2);
        value /= 100;
    }
    if (value >= 10) {
        p -= 2;
        memcpy(p, digit_pairs + 2 * value, 2);
    } else {
        *--p = (uint8_t)('0' + value);
    }
    return mempcpy(out, p, (size_t)(text + sizeof(text) - p));
}

uint8_t *json_write_int(uint8_t *out, int64_t value)
{
    uint64_t magnitude = (uint64_t)value;
    if (value < 0) {
        *out++ = '-';
        magnitude = 0 - magnitude;
    }
    return json_write_uint(out, magnitude);
}

struct decimal {
    uint64_t digits;
    int exponent; /* times ten to this */
};

/* As people write it: without trailing zeros, and with an exponent where it would get long. */
static uint8_t *write_decimal(uint8_t *out, struct decimal d)
{
    uint8_t text[20];
    for (; d.digits % 10 == 0; d.exponent++)
        d.digits /= 10;
    size_t n = (size_t)(json_write_uint(text, d.digits) - text);
    int point = (int)n + d.exponent; /* digits before the point */
    if (point < -4 || point > 16) {
        *out++ = text[0];
        if (n > 1)
            *out++ = '.';
        out = mempcpy(out, text + 1, n - 1);
        *out++ = 'e';
        *out++ = point > 0 ? '+' : '-';
        return json_write_uint(out, (uint64_t)(point > 0 ? point - 1 : 1 - point));
    }
    size_t n_whole = point < 0 ? 0 : (size_t)point < n ? (size_t)point : n;
    if (point <= 0)
        *out++ = '0';
    out = mempcpy(out, text, n_whole);
    for (int i = (int)n_whole; i < point; i++)
        *out++ = '0';
    *out++ = '.';
    for (int i = point; i < 0; i++)
        *out++ = '0';
    if (n_whole == n)
        *out++ = '0';
    return mempcpy(out, text + n_whole, n - n_whole);
}

/* With printf, for the few values that the quick way cannot decide. */
static uint8_t *write_printed(uint8_t *out, double value, bool single)
{
    int n = 0;
    for (int n_digits = 1; n_digits <= 17; n_digits++) {
        n = snprintf((char *)out, JSON_NUMBER_CAP - 2, "%.*g", n_digits, value);
        const char *text = (const char *)out;
        if (single ? strtof(text, NULL) == (float)value : strtod(text, NULL) == value)
            break;
    }
    bool fraction = memchr(out, '.', (size_t)n) || memchr(out, 'e', (size_t)n);
    return fraction ? out + n : mempcpy(out + n, ".0", 2);
}

static const long double powers[] = {1e0L,  1e1L,  1e2L,  1e3L,  1e4L,  1e5L,  1e6L,
                                     1e7L,  1e8L,  1e9L,  1e10L, 1e11L, 1e12L, 1e13L,
                                     1e14L, 1e15L, 1e16L, 1e17L, 1e18L, 1e19L, 1e20L,
                                     1e21L, 1e22L, 1e23L, 1e24L, 1e25L, 1e26L, 1e27L};
static const double powers_double[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                       1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                       1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
enum { POWER_MAX = 27, POWER_MAX_DOUBLE = 22 }; /* exact in 64 and in 53 bits of mantissa */

/* floor(log10(value)) for 1e-22 <= value < 1e23; `value` is finite and above 0. For other values it
 * may be one too small; these are never attempted, since the table of powers ends there. */
static int decimal_exponent(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof(bits));
    int binary = (int)(bits >> 52) - 1023;
    int low =
        binary * 78913 >> 18; /* 78913 / 2^18 is log10(2), near enough for all 2^11 exponents */
    int next = low + 1;
    if (next > POWER_MAX_DOUBLE || next < -POWER_MAX_DOUBLE)
        return low;
    return low + (next >= 0 ? value >= powers_double[next] : value * powers_double[-next] >= 1);
}

/* To the nearest; of a value so small that the sum is exact enough. */
static uint64_t rounded(double value)
{
    return (uint64_t)(int64_t)(value + 0.5);
}

/* Whether a decimal reads back to the value it was made of. */
enum verdict { NO, YES, UNSURE };

/* Try `n_digits` for a float32: in double, whose steps are 2^29 times finer. */
static enum verdict try_float32(float value, int exponent, int n_digits, struct decimal *out)
{
    int shift = n_digits - 1 - exponent;
    if (abs(shift) > POWER_MAX_DOUBLE || abs(exponent) > POWER_MAX_DOUBLE)
        return UNSURE;
    double power = powers_double[shift < 0 ? -shift : shift];
    uint64_t digits = rounded(shift < 0 ? value / power : value * power);
    double back = shift < 0 ? (double)digits * power : (double)digits / power;
    bool above = (float)(back * (1 + 0x1p-50)) == value,
         below = (float)(back * (1 - 0x1p-50)) == value;
    *out = (struct decimal){digits, -shift};
    return above != below ? UNSURE : above ? YES : NO;
}

/* The same for a float64, in long double; 80 bits have steps 2^11 times finer. */
static enum verdict try_float64(double value, int exponent, int n_digits, struct decimal *out)
{
    int shift = n_digits - 1 - exponent;
    if (shift > POWER_MAX || shift < -POWER_MAX || abs(exponent) > POWER_MAX_DOUBLE)
        return UNSURE;
    long double power = powers[shift < 0 ? -shift : shift];
    int64_t digits = (int64_t)((shift < 0 ? value / power : value * power) + 0.5L);
    long double back = shift < 0 ? (long double)digits * power : (long double)digits / power;
    bool above = (double)(back * (1 + 0x1p-61L)) == value,
         below = (double)(back * (1 - 0x1p-61L)) == value;
    *out = (struct decimal){(uint64_t)digits, -shift};
    return above != below ? UNSURE : above ? YES : NO;
}

/* null, zero, the sign, and whole numbers that a float32 or float64 holds exactly and shortest. */
static uint8_t *write_special(uint8_t *out, double *value, bool *done)
{
    *done = true;
    if (!isfinite(*value))
        return mempcpy(out, "null", 4);
    if (signbit(*value)) {
        *out++ = '-';
        *value = -*value;
    }
    if (*value < 1e6 && *value == (double)(uint32_t)*value)
        return mempcpy(json_write_uint(out, (uint32_t)*value), ".0", 2);
    *done = false;
    return out;
}

uint8_t *json_write_float32(uint8_t *out, float value)
{
    bool done;
    double magnitude = value;
    out = write_special(out, &magnitude, &done);
    if (done)
        return out;
    int exponent = decimal_exponent(magnitude);
    struct decimal d = {0};
    enum verdict reads_back = NO;
    for (int n = 6; n <= 9 && reads_back == NO; n++)
        reads_back = try_float32((float)magnitude, exponent, n, &d);
    return reads_back == YES ? write_decimal(out, d) : write_printed(out, magnitude, true);
}

uint8_t *json_write_float64(uint8_t *out, double value)
{
    bool done;
    out = write_special(out, &value, &done);
    if (done)
        return out;
    int exponent = decimal_exponent(value);
    struct decimal d = {0};
    enum verdict reads_back = NO;
    for (int n = 15; n <= 17 && reads_back == NO; n++)
        reads_back = try_float64(value, exponent, n, &d);
    return reads_back == YES ? write_decimal(out, d) : write_printed(out, value, false);
}

/* The half nearest to a decimal of a few digits, by binary search: there are only 31,744 halves of
 * one sign. */
static uint16_t nearest_half(double magnitude)
{
    uint16_t low = 0, high = 0x7BFF;
    while (low < high) {
        uint16_t middle = (uint16_t)((low + high + 1) / 2);
        if ((double)half_to_float(middle) <= magnitude)
            low = middle;
        else
            high = (uint16_t)(middle - 1);
    }
    if (low == 0x7BFF)
        return low;
    double below = magnitude - (double)half_to_float(low);
    double above = (double)half_to_float((uint16_t)(low + 1)) - magnitude;
    return above < below ? (uint16_t)(low + 1) : low;
}

uint8_t *json_write_float16(uint8_t *out, uint16_t bits)
{
    bool done;
    double value = (double)half_to_float(bits);
    out = write_special(out, &value, &done);
    if (done)
        return out;
    double shorter = value;
    for (int n_digits = 1; n_digits <= 5; n_digits++) {
        char text[32];
        snprintf(text, sizeof(text), "%.*g", n_digits, value);
        shorter = strtod(text, NULL);
        if (nearest_half(shorter) == (bits & 0x7FFF))
            break;
    }
    return json_write_float64(out, shorter);
}

static void put_escaped(struct buf *out, uint8_t c)
{
    static const char names[0x20] = {
        ['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't'};
    if (c >= 0x20)
        buf_printf(out, "\\%c", c);
    else if (names[c])
        buf_printf(out, "\\%c", names[c]);
    else
        buf_printf(out, "\\u%04x", c);
}

void json_put_string(struct buf *out, struct view text)
{
    buf_reserve(out, text.len + 2);
    buf_put_u8(out, '"');
    for (size_t i = 0; i < text.len;) {
        size_t run = i;
        while (i < text.len && text.ptr[i] >= 0x20 && text.ptr[i] != '"' && text.ptr[i] != '\\')
            i++;
        buf_put(out, text.ptr + run, i - run);
        if (i < text.len)
            put_escaped(out, text.ptr[i++]);
    }
    buf_put_u8(out, '"');
}
