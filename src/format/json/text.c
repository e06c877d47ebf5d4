#include "format/json/text.h"

#include "format/json/put.h"
#include "model/decimal.h"

static const int64_t seconds_a_day = 86400;

/* A number of at least `width` digits. */
static uint8_t *write_padded(uint8_t *out, uint64_t value, unsigned width)
{
    uint8_t digits[20];
    unsigned n = (unsigned)(json_write_uint(digits, value) - digits);
    for (; width > n; width--)
        *out++ = '0';
    return mempcpy(out, digits, n);
}

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

/*
 * The date of a day in the proleptic Gregorian calendar. Days are counted from 0000-03-01, so that
 * a leap day ends its year and its cycle: a cycle of 400 years has 146097 days, and within a year
 * counted from March, month m begins on day (153 m + 2) / 5.
 */
static uint8_t *write_day(uint8_t *out, int64_t days)
{
    int64_t since = days + 719468;
    int64_t cycle = floor_div(since, 146097);
    int64_t day = since - cycle * 146097;
    /* Take the leap days out of the day before dividing by 365: one each 4 years, none each 100,
     * one each 400. */
    int64_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
    int64_t in_year = day - (365 * year + year / 4 - year / 100);
    int64_t month = (5 * in_year + 2) / 153;
    int64_t in_month = in_year - (153 * month + 2) / 5 + 1;
    year += cycle * 400 + (month >= 10);
    month += month < 10 ? 3 : -9;
    if (year < 0 || year > 9999)
        *out++ = year < 0 ? '-' : '+';
    out = write_padded(out, (uint64_t)(year < 0 ? -year : year), 4);
    *out++ = '-';
    out = write_padded(out, (uint64_t)month, 2);
    *out++ = '-';
    return write_padded(out, (uint64_t)in_month, 2);
}

/* `units` since midnight, not negative. */
static uint8_t *write_clock(uint8_t *out, enum time_unit unit, int64_t units)
{
    int64_t per_second = unit_per_second(unit), seconds = units / per_second;
    out = write_padded(out, (uint64_t)(seconds / 3600), 2);
    *out++ = ':';
    out = write_padded(out, (uint64_t)(seconds / 60 % 60), 2);
    *out++ = ':';
    out = write_padded(out, (uint64_t)(seconds % 60), 2);
    if (unit == UNIT_S)
        return out;
    *out++ = '.';
    return write_padded(out, (uint64_t)(units % per_second), 3 * (unsigned)unit);
}

uint8_t *json_write_date(uint8_t *out, int32_t days)
{
    *out++ = '"';
    out = write_day(out, days);
    *out++ = '"';
    return out;
}

uint8_t *json_write_timestamp(uint8_t *out, const struct type *t, int64_t value)
{
    int64_t a_day = seconds_a_day * unit_per_second(t->unit);
    int64_t days = floor_div(value, a_day);
    *out++ = '"';
    out = write_day(out, days);
    *out++ = 'T';
    out = write_clock(out, t->unit, (int64_t)((uint64_t)value - (uint64_t)days * (uint64_t)a_day));
    if (t->zone[0])
        *out++ = 'Z';
    *out++ = '"';
    return out;
}

uint8_t *json_write_time(uint8_t *out, enum time_unit unit, int64_t value)
{
    *out++ = '"';
    if (value < 0) {
        *out++ = '-';
        value = value == INT64_MIN ? INT64_MAX : -value;
    }
    out = write_clock(out, unit, value);
    *out++ = '"';
    return out;
}

uint8_t *json_write_decimal(uint8_t *out, const struct type *t, const uint8_t *value)
{
    const struct decimal_form form = {.width = dtype_width(t->dtype), .scale = t->scale};
    char digits[DECIMAL_TEXT_CAP];
    const char *text = decimal_text(value, &form, digits);
    *out++ = '"';
    out = mempcpy(out, text, strlen(text));
    *out++ = '"';
    return out;
}

void json_put_base64(struct buf *out, struct view bytes)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint8_t *w = buf_reserve(out, (bytes.len + 2) / 3 * 4 + 2), *start = w;
    *w++ = '"';
    for (size_t i = 0; i < bytes.len; i += 3) {
        size_t left = bytes.len - i;
        uint32_t three = (uint32_t)bytes.ptr[i] << 16 |
                         (left > 1 ? (uint32_t)bytes.ptr[i + 1] << 8 : 0) |
                         (left > 2 ? bytes.ptr[i + 2] : 0u);
        *w++ = (uint8_t)letters[three >> 18];
        *w++ = (uint8_t)letters[three >> 12 & 63];
        *w++ = (uint8_t)(left > 1 ? letters[three >> 6 & 63] : '=');
        *w++ = (uint8_t)(left > 2 ? letters[three & 63] : '=');
    }
    *w++ = '"';
    out->len += (size_t)(w - start);
}
