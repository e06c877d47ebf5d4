#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/*
 * A message that is too long is cut between two characters: half a character would make invalid
 * UTF-8, and invalid JSON where the message is quoted. A long circumstance is cut first, so that
 * the reason after it is kept.
 */
enum { MSG_CAP = sizeof(((struct err *)0)->msg), CIRCUMSTANCE_MIN = 128 };

/* Cut a text of more bytes at `len` or, where a character stands there, before it. */
static void cut(char *text, size_t len)
{
    while (len && ((uint8_t)text[len] & 0xC0) == 0x80)
        len--;
    text[len] = '\0';
}

/* Append ": " and the reason; of what stands there already, keep as much as leaves room for it. */
static void put_reason(char *msg, const char *reason)
{
    static const char dots[] = "...: ";
    char whole[2 * MSG_CAP + sizeof(dots)];
    size_t used = strlen(msg), len = strlen(reason);
    size_t room = MSG_CAP - sizeof(dots) > len ? MSG_CAP - sizeof(dots) - len : 0;
    room = room > CIRCUMSTANCE_MIN ? room : CIRCUMSTANCE_MIN;
    if (used + 2 + len >= MSG_CAP && used > room) {
        cut(msg, room);
        snprintf(whole, sizeof(whole), "%s%s%s", msg, dots, reason);
    } else {
        snprintf(whole, sizeof(whole), "%s: %s", msg, reason);
    }
    if (strlen(whole) >= MSG_CAP)
        cut(whole, MSG_CAP - 1);
    memcpy(msg, whole, strlen(whole) + 1);
}

/* One byte more than there is room for shows whether the text goes on. */
printf_like(2, 0) static void put(char *msg, const char *fmt, va_list ap)
{
    char text[MSG_CAP + 1];
    if (vsnprintf(text, sizeof(text), fmt, ap) >= MSG_CAP)
        cut(text, MSG_CAP - 1);
    memcpy(msg, text, strlen(text) + 1);
}

void err_write(struct err *err, const char *fmt, ...)
{
    if (err) {
        va_list ap;
        va_start(ap, fmt);
        put(err->msg, fmt, ap);
        va_end(ap);
    }
}

void err_write_errno(struct err *err, const char *fmt, ...)
{
    int saved = errno;
    if (err) {
        va_list ap;
        va_start(ap, fmt);
        put(err->msg, fmt, ap);
        va_end(ap);
        char reason[128];
        /* GNU: may not use reason */
        put_reason(err->msg, strerror_r(saved, reason, sizeof(reason)));
    }
    errno = saved;
}

void err_write_in(struct err *err, const char *fmt, ...)
{
    if (err) {
        struct err inner = *err;
        va_list ap;
        va_start(ap, fmt);
        put(err->msg, fmt, ap);
        va_end(ap);
        put_reason(err->msg, inner.msg);
    }
}
