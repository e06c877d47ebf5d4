#include "model/decimal.h"

/*
 * A decimal is an array of 64-bit words, the lowest first. Rescaling always computes with four of
 * them: 10^76, the largest power that a decimal256 needs, is below 2^253, so a sign fits above it.
 * Printing, which is part of every answer in JSON, uses only as many words as the value has.
 */

/* value * 10^n; false: it does not fit. A negative number stands here as 2^256 - |value|; ten times
 * that carries 9 out of the highest word where |value| * 10 still fits. */
static bool scale_up(uint64_t words[4], unsigned n)
{
    bool negative = words[3] >> 63;
    for (; n > 0; n--) {
        uint64_t carry = 0;
        for (unsigned w = 0; w < 4; w++) {
            unsigned __int128 product = (unsigned __int128)words[w] * 10 + carry;
            words[w] = (uint64_t)product;
            carry = (uint64_t)(product >> 64);
        }
        if (carry != (negative ? 9 : 0) || words[3] >> 63 != negative)
            return false;
    }
    return true;
}

static void negate(uint64_t *words, size_t n)
{
    uint64_t carry = 1;
    for (size_t w = 0; w < n; w++) {
        words[w] = ~words[w] + carry;
        carry = carry && words[w] == 0;
    }
}

static bool is_zero(const uint64_t *words, size_t n)
{
    uint64_t all = 0;
    for (size_t w = 0; w < n; w++)
        all |= words[w];
    return all == 0;
}

/* Long division, from the highest word; returns the remainder. The number is not negative. */
static uint64_t divide_by_10(uint64_t *words, size_t n)
{
    uint64_t rest = 0;
    for (size_t w = n; w-- > 0;) {
        unsigned __int128 part = (unsigned __int128)rest << 64 | words[w];
        words[w] = (uint64_t)(part / 10);
        rest = (uint64_t)(part % 10);
    }
    return rest;
}

/* value / 10^n; false: there is a remainder. */
static bool scale_down(uint64_t words[4], unsigned n)
{
    bool negative = words[3] >> 63;
    uint64_t rest = 0;
    if (negative)
        negate(words, 4);
    for (; n > 0 && !rest; n--)
        rest = divide_by_10(words, 4);
    if (negative)
        negate(words, 4);
    return rest == 0;
}

/* Whether the number has at most so many digits. */
static bool has_digits(const uint64_t words[4], unsigned precision)
{
    uint64_t left[4];
    memcpy(left, words, sizeof(left));
    if (left[3] >> 63)
        negate(left, 4);
    for (; precision > 0; precision--)
        divide_by_10(left, 4);
    return is_zero(left, 4);
}

bool decimal_rescale(const uint8_t *from, size_t from_bytes, uint8_t *to, size_t to_bytes,
                     int steps, unsigned precision)
{
    uint64_t words[4];
    memset(words, from[from_bytes - 1] >> 7 ? 0xFF : 0, sizeof(words));
    memcpy(words, from, from_bytes);
    if (steps >= 0 ? !scale_up(words, (unsigned)steps) : !scale_down(words, (unsigned)-steps))
        return false;
    if (precision && !has_digits(words, precision))
        return false;
    memcpy(to, words, to_bytes);
    uint64_t sign = words[to_bytes / 8 - 1] >> 63 ? UINT64_MAX : 0;
    return to_bytes == 32 || (words[2] == sign && words[3] == sign);
}

const char *decimal_text(const uint8_t *value, const struct decimal_form *form,
                         char out[static DECIMAL_TEXT_CAP])
{
    uint64_t words[4];
    size_t at = DECIMAL_TEXT_CAP, n_words = (form->width + 7) / 8;
    bool negative = value[form->width - 1] >> 7 && !form->is_unsigned;
    memset(words, negative ? 0xFF : 0, sizeof(words));
    memcpy(words, value, form->width);
    if (negative)
        negate(words, n_words);
    out[--at] = '\0';
    for (int n = 0; at > 3 && (n <= form->scale || !is_zero(words, n_words)); n++) {
        uint64_t digit = divide_by_10(words, n_words);
        if (n == form->scale && form->scale > 0)
            out[--at] = '.';
        out[--at] = (char)('0' + digit);
    }
    if (negative)
        out[--at] = '-';
    return out + at;
}
