#include "net/http1/answer.h"

#include "base/clock.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>

static const char *reason_of(unsigned status)
{
    static const struct {
        unsigned status;
        const char *reason;
    } known[] = {{200, "OK"},
                 {201, "Created"},
                 {204, "No Content"},
                 {400, "Bad Request"},
                 {403, "Forbidden"},
                 {404, "Not Found"},
                 {405, "Method Not Allowed"},
                 {406, "Not Acceptable"},
                 {409, "Conflict"},
                 {413, "Content Too Large"},
                 {415, "Unsupported Media Type"},
                 {429, "Too Many Requests"},
                 {431, "Request Header Fields Too Large"},
                 {500, "Internal Server Error"},
                 {501, "Not Implemented"},
                 {503, "Service Unavailable"},
                 {507, "Insufficient Storage"}};
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (known[i].status == status)
            return known[i].reason;
    return "";
}

/* "Sun, 22 Nov 2026 10:00:00 GMT", made once a second. */
static const char *http_date(void)
{
    static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    static _Thread_local char text[64];
    static _Thread_local time_t made_at;
    time_t now = (time_t)(clock_wall_ms() / 1000);
    struct tm t;
    if (now != made_at && gmtime_r(&now, &t)) {
        snprintf(text, sizeof(text), "%s, %02d %s %04d %02d:%02d:%02d GMT", days[t.tm_wday],
                 t.tm_mday, months[t.tm_mon], t.tm_year + 1900, t.tm_hour, t.tm_min, t.tm_sec);
        made_at = now;
    }
    return text;
}

void answer_begin(struct answer *out, const struct http_response *take)
{
    buf_printf(&out->head, "HTTP/1.1 %u %s\r\n", take->status, reason_of(take->status));
    if (take->content_type)
        buf_printf(&out->head, "Content-Type: %s\r\n", take->content_type);
    if (take->status != 204)
        buf_printf(&out->head, "Content-Length: %zu\r\n", take->body_len);
    for (size_t i = 0; i < take->n_headers; i++)
        buf_printf(&out->head, "%s: %s\r\n", take->headers[i].name, take->headers[i].value);
    out->body = take->body;
    out->body_len = take->body_len;
}

void answer_end_head(struct answer *a, unsigned idle_s, bool is_bodiless)
{
    buf_printf(&a->head, "Date: %s\r\n", http_date());
    if (idle_s)
        buf_printf(&a->head, "Connection: keep-alive\r\nKeep-Alive: timeout=%u\r\n\r\n", idle_s);
    else
        buf_puts(&a->head, "Connection: close\r\n\r\n");
    a->is_bodiless = is_bodiless;
}

/* Head and body in one call, from where they are. */
static ssize_t send_rest(struct answer *a, int fd, size_t total)
{
    struct iovec parts[2];
    struct msghdr message = {.msg_iov = parts};
    if (a->n_sent < a->head.len)
        parts[message.msg_iovlen++] =
            (struct iovec){a->head.ptr + a->n_sent, a->head.len - a->n_sent};
    size_t body_at = a->n_sent > a->head.len ? a->n_sent - a->head.len : 0;
    if (total > a->head.len)
        parts[message.msg_iovlen++] = (struct iovec){a->body + body_at, a->body_len - body_at};
    return sendmsg(fd, &message, MSG_NOSIGNAL);
}

enum code answer_send(struct answer *a, int fd)
{
    size_t total = a->head.len + (a->is_bodiless ? 0 : a->body_len);
    ssize_t n = send_rest(a, fd, total);
    if (n < 0)
        return errno == EAGAIN || errno == EINTR ? E_BUSY : E_IO;
    a->n_sent += (size_t)n;
    return a->n_sent == total ? OK : E_BUSY;
}

void answer_reset(struct answer *a)
{
    struct buf head = a->head;
    free(a->body);
    buf_reset(&head);
    *a = (struct answer){.head = head};
}

void answer_done(struct answer *a)
{
    free(a->body);
    buf_done(&a->head);
    *a = (struct answer){0};
}
