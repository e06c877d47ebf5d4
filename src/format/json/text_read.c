/* The texts of text.h, read back. */
#include "format/json/text.h"

#include "base/cursor.h"

static const int64_t seconds_a_day = 86400;
enum { YEAR_DIGITS_MAX = 12 }; /* int64 seconds reach the year 292277026596 */

static bool take(struct cursor *c, char wanted)
{
    if (c->pos == c->end || *c->pos != (uint8_t)wanted)
        return false;
    c->pos++;
    return true;
}

/* Digits, at least `min` and at most `max` of them. */
static bool take_number(struct cursor *c, unsigned min, unsigned max, int64_t *out)
{
    int64_t value = 0;
    unsigned n = 0;
    for (; n < max && c->pos < c->end && *c->pos >= '0' && *c->pos <= '9'; n++)
        value = value * 10 + (*c->pos++ - '0');
    *out = value;
    return n >= min;
}

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

static int64_t days_in_month(int64_t year, int64_t month)
{
    static const int64_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return days[month - 1] + (month == 2 && leap);
}

/* Days since 1970-01-01; text.c says how the calendar is counted. */
static int64_t day_number(int64_t year, int64_t month, int64_t day)
{
    year -= month <= 2;
    int64_t cycle = floor_div(year, 400), year_of_cycle = year - cycle * 400;
    int64_t in_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return cycle * 146097 + year_of_cycle * 365 + year_of_cycle / 4 - year_of_cycle / 100 +
           in_year - 719468;
}

static bool take_date(struct cursor *c, int64_t *out_days)
{
    int64_t year, month, day;
    bool minus = take(c, '-'), sign = minus || take(c, '+');
    if (!take_number(c, 4, sign ? YEAR_DIGITS_MAX : 4, &year) || !take(c, '-') ||
        !take_number(c, 2, 2, &month) || !take(c, '-') || !take_number(c, 2, 2, &day))
        return false;
    year = minus ? -year : year;
    if (month < 1 || month > 12 || day < 1 || day > days_in_month(year, month))
        return false;
    *out_days = day_number(year, month, day);
    return true;
}

/* ".25" as units; nothing at all is 0. */
static bool take_fraction(struct cursor *c, enum time_unit unit, int64_t *out)
{
    int64_t step = unit_per_second(unit), digit;
    *out = 0;
    if (!take(c, '.'))
        return true;
    if (c->pos == c->end)
        return false;
    while (c->pos < c->end && *c->pos >= '0' && *c->pos <= '9') {
        digit = *c->pos++ - '0';
        step /= 10;
        if (step == 0 && digit)
            return false;
        *out += digit * step;
    }
    return c->pos[-1] != '.';
}

/* Since midnight, in units. Times of a type may have any number of hours. */
static bool take_clock(struct cursor *c, enum time_unit unit, int64_t hours_end, int64_t *out)
{
    int64_t hours, minutes, seconds, fraction;
    if (!take_number(c, 2, 13, &hours) || hours >= hours_end || !take(c, ':') ||
        !take_number(c, 2, 2, &minutes) || minutes > 59 || !take(c, ':') ||
        !take_number(c, 2, 2, &seconds) || seconds > 59 || !take_fraction(c, unit, &fraction))
        return false;
    seconds += hours * 3600 + minutes * 60;
    return !__builtin_mul_overflow(seconds, unit_per_second(unit), &seconds) &&
           !__builtin_add_overflow(seconds, fraction, out);
}

/* Z or +hh:mm, in seconds. */
static bool take_zone(struct cursor *c, int64_t *out_seconds)
{
    int64_t hours, minutes;
    *out_seconds = 0;
    if (take(c, 'Z'))
        return true;
    bool minus = take(c, '-');
    if (!(minus || take(c, '+')) || !take_number(c, 2, 2, &hours) || hours > 23 || !take(c, ':') ||
        !take_number(c, 2, 2, &minutes) || minutes > 59)
        return false;
    *out_seconds = (minus ? -60 : 60) * (hours * 60 + minutes);
    return true;
}

bool json_read_date(struct view text, int32_t *out_days)
{
    struct cursor c = cur_of(text);
    int64_t days;
    if (!take_date(&c, &days) || c.pos != c.end || days != (int32_t)days)
        return false;
    *out_days = (int32_t)days;
    return true;
}

bool json_read_timestamp(struct view text, const struct type *t, int64_t *out)
{
    struct cursor c = cur_of(text);
    int64_t days, units, offset = 0;
    if (!take_date(&c, &days) || !take(&c, 'T') || !take_clock(&c, t->unit, 24, &units) ||
        (t->zone[0] && !take_zone(&c, &offset)) || c.pos != c.end)
        return false;
    /* Years reach far beyond what int64 holds in ns: 128 bits, and one comparison at the end. */
    __int128 seconds = (__int128)days * seconds_a_day - offset;
    __int128 value = seconds * unit_per_second(t->unit) + units;
    *out = (int64_t)value;
    return value == (int64_t)value;
}

bool json_read_time(struct view text, enum time_unit unit, int64_t *out)
{
    struct cursor c = cur_of(text);
    bool minus = take(&c, '-');
    int64_t units;
    if (!take_clock(&c, unit, INT64_MAX, &units) || c.pos != c.end)
        return false;
    *out = minus ? -units : units;
    return true;
}

/* Read into 256 bits whatever the type, so that one function serves both decimals; the low words
 * are what a decimal128 keeps. */

/* words * 10 + digit. Precisions are such that it cannot overflow. */
static void put_digit(uint64_t words[4], unsigned digit)
{
    unsigned __int128 carry = digit;
    for (int i = 0; i < 4; i++) {
        carry += (unsigned __int128)words[i] * 10;
        words[i] = (uint64_t)carry;
        carry >>= 64;
    }
}

static void negate(uint64_t words[4])
{
    uint64_t carry = 1;
    for (int i = 0; i < 4; i++) {
        words[i] = ~words[i] + carry;
        carry = carry && words[i] == 0;
    }
}

/* Digits into the number; *n_digits counts those that are significant, up to `max`. */
static bool take_decimal_digits(struct cursor *c, uint64_t words[4], unsigned *n_digits,
                                unsigned max, unsigned n_wanted, unsigned *out_n)
{
    unsigned n = 0;
    for (; c->pos < c->end && *c->pos >= '0' && *c->pos <= '9'; n++) {
        unsigned digit = (unsigned)(*c->pos++ - '0');
        if (n >= n_wanted) {
            if (digit)
                return false;
            continue;
        }
        *n_digits += *n_digits || digit;
        if (*n_digits > max)
            return false;
        put_digit(words, digit);
    }
    *out_n = n;
    return n > 0;
}

bool json_read_decimal(struct view text, const struct type *t, uint8_t *out)
{
    struct cursor c = cur_of(text);
    uint64_t words[4] = {0};
    unsigned n_digits = 0, n, n_behind = 0, scale = t->scale > 0 ? (unsigned)t->scale : 0;
    bool minus = take(&c, '-');
    if (!take_decimal_digits(&c, words, &n_digits, t->precision, UINT32_MAX, &n))
        return false;
    if (take(&c, '.') && !take_decimal_digits(&c, words, &n_digits, t->precision, scale, &n_behind))
        return false;
    for (; n_behind < scale; n_behind++) {
        put_digit(words, 0);
        n_digits += n_digits > 0;
    }
    if (c.pos != c.end || n_digits > t->precision)
        return false;
    if (minus)
        negate(words);
    memcpy(out, words, type_width(t));
    return true;
}

/* The six bits of a letter; 64 for any other character. */
static unsigned sextet(uint8_t c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26u;
    if (c >= '0' && c <= '9')
        return c - '0' + 52u;
    return c == '+' ? 62 : c == '/' ? 63 : 64;
}

/* Bits after the last byte must be zero: one value has one text. */
bool json_read_base64(struct view text, struct arena *arena, struct view *out)
{
    size_t n = text.len;
    if (n % 4)
        return false;
    for (int i = 0; i < 2 && n && text.ptr[n - 1] == '='; i++)
        n--;
    uint8_t *bytes = arena_alloc(arena, text.len / 4 * 3), *w = bytes;
    uint32_t bits = 0, n_bits = 0;
    for (size_t i = 0; i < n; i++) {
        unsigned six = sextet(text.ptr[i]);
        if (six > 63)
            return false;
        bits = bits << 6 | six;
        n_bits += 6;
        if (n_bits >= 8) {
            n_bits -= 8;
            *w++ = (uint8_t)(bits >> n_bits);
        }
    }
    if (bits & ((1u << n_bits) - 1))
        return false;
    *out = view_of(bytes, (size_t)(w - bytes));
    return true;
}
