#include "base/clock.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

uint64_t clock_mono_ns(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

int64_t clock_wall_us(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_REALTIME, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int64_t clock_wall_ms(void)
{
    return clock_wall_us() / 1000;
}

char *clock_format(int64_t wall_ms, char out[static 25])
{
    time_t secs = (time_t)(wall_ms / 1000);
    struct tm tm;
    gmtime_r(&secs, &tm);
    size_t used = strftime(out, 25, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(out + used, 25 - used, ".%03uZ", (unsigned)(wall_ms % 1000) % 1000u);
    return out;
}

/* `n` digits at *at, which moves behind them; -1 if there are fewer. */
static int take_digits(const char **at, int n)
{
    int value = 0;
    for (; n; n--, (*at)++) {
        if (**at < '0' || **at > '9')
            return -1;
        value = value * 10 + (**at - '0');
    }
    return value;
}

static bool take(const char **at, const char *one_of)
{
    bool found = **at && strchr(one_of, **at);
    *at += found;
    return found;
}

/* "2026-11-22"; timegm would take the 30th of February. */
static bool take_date(const char **at, struct tm *tm)
{
    int year = take_digits(at, 4);
    bool good = take(at, "-");
    int month = good ? take_digits(at, 2) : -1;
    good = take(at, "-") && month >= 1 && year >= 1970;
    int day = good ? take_digits(at, 2) : -1;
    *tm = (struct tm){.tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day};
    return day >= 1 && timegm(tm) >= 0 && tm->tm_mon == month - 1 && tm->tm_mday == day;
}

/* "10:00:00" and a fraction, of which milliseconds count. */
static bool take_time(const char **at, struct tm *tm, int64_t *out_ms)
{
    *out_ms = 0;
    tm->tm_hour = take_digits(at, 2);
    bool good = take(at, ":");
    tm->tm_min = good ? take_digits(at, 2) : -1;
    good = take(at, ":");
    tm->tm_sec = good ? take_digits(at, 2) : -1;
    if (take(at, ".")) {
        good = **at >= '0' && **at <= '9';
        for (int64_t scale = 100; **at >= '0' && **at <= '9'; (*at)++, scale /= 10)
            *out_ms += (**at - '0') * scale;
    }
    return good && tm->tm_hour >= 0 && tm->tm_hour < 24 && tm->tm_min >= 0 && tm->tm_min < 60 &&
           tm->tm_sec >= 0 && tm->tm_sec <= 60;
}

/* "Z" or "+02:00". */
static bool take_zone(const char **at, int64_t *out_ms)
{
    char sign = **at;
    *out_ms = 0;
    if (take(at, "Zz"))
        return true;
    if (!take(at, "+-"))
        return false;
    int hours = take_digits(at, 2);
    int minutes = take(at, ":") ? take_digits(at, 2) : -1;
    *out_ms = (hours * 60 + minutes) * (sign == '-' ? -60000ll : 60000ll);
    return hours >= 0 && hours < 24 && minutes >= 0 && minutes < 60;
}

bool clock_parse(struct view text, int64_t *out_wall_ms)
{
    char copy[64];
    struct tm tm;
    int64_t ms = 0, zone_ms = 0;
    if (text.len >= sizeof(copy))
        return false;
    memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    const char *at = copy;
    if (!take_date(&at, &tm))
        return false;
    if (*at && !(take(&at, "Tt ") && take_time(&at, &tm, &ms) && take_zone(&at, &zone_ms)))
        return false;
    if (at != copy + text.len)
        return false;
    *out_wall_ms = (int64_t)timegm(&tm) * 1000 + ms - zone_ms;
    return true;
}
