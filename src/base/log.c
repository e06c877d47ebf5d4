#include "base/log.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/log_writer.h"
#include "base/mem.h"

#include <stdatomic.h>
#include <unistd.h>

static const char *const level_names[] = {"debug", "info", "warn", "error"};
static const char *const level_labels[] = {"DEBUG", "INFO ", "WARN ", "ERROR"};

static const int64_t stop_wait_ms = 1000;

static _Atomic enum log_level min_level = LOG_INFO;
static _Atomic enum log_format line_format = LOG_TEXT;
/* Set by log_start, before there are threads that log; NULL: the thread that logs writes the
 * line. */
static struct log_writer *writer;
static _Atomic bool has_bar;

void log_init(enum log_level level, enum log_format format)
{
    min_level = level;
    line_format = format;
}

static void put_escaped(struct buf *b, const char *s)
{
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
        if (c == '"' || c == '\\')
            buf_printf(b, "\\%c", c);
        else if (c == '\n')
            buf_puts(b, "\\n");
        else if (c < 0x20 || c == 0x7F)
            buf_printf(b, "\\u%04x", c);
        else
            buf_put_u8(b, c);
    }
}

/* JSON must be UTF-8, and a terminal should not be sent anything else: other bytes become \xNN. */
static void put_quoted(struct buf *b, const char *s)
{
    buf_put_u8(b, '"');
    if (view_is_utf8(view_cstr(s))) {
        put_escaped(b, s);
    } else {
        char safe[512];
        put_escaped(b, view_printable(view_cstr(s), safe, sizeof(safe)));
    }
    buf_put_u8(b, '"');
}

/* In text lines a value of plain word characters needs no quotes. */
static bool is_bare(const char *s)
{
    static const char extra[] = "-_./:%+,@";
    if (!*s)
        return false;
    for (; *s; s++)
        if (!((*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') || (*s >= '0' && *s <= '9') ||
              strchr(extra, *s)))
            return false;
    return true;
}

static void put_value(struct buf *b, const struct log_field *f)
{
    switch (f->kind) {
    case LOG_STR:
        if (line_format == LOG_TEXT && is_bare(f->str))
            buf_puts(b, f->str);
        else
            put_quoted(b, f->str);
        break;
    case LOG_INT:
        buf_printf(b, "%lld", (long long)f->num);
        break;
    case LOG_DOUBLE:
        buf_printf(b, "%.6g", f->real);
        break;
    }
}

static void put_text_line(struct buf *b, const char *ts, enum log_level level, const char *msg,
                          const struct log_field *fields)
{
    buf_printf(b, "%s %s ", ts, level_labels[level]);
    put_escaped(b, msg);
    for (const struct log_field *f = fields; f->name; f++) {
        buf_printf(b, " %s=", f->name);
        put_value(b, f);
    }
}

static void put_json_line(struct buf *b, const char *ts, enum log_level level, const char *msg,
                          const struct log_field *fields)
{
    buf_printf(b, "{\"ts\":\"%s\",\"level\":\"%s\",\"msg\":", ts, level_names[level]);
    put_quoted(b, msg);
    for (const struct log_field *f = fields; f->name; f++) {
        buf_printf(b, ",\"%s\":", f->name);
        put_value(b, f);
    }
    buf_put_u8(b, '}');
}

static void put_line(struct buf *out, enum log_level level, const char *msg,
                     const struct log_field *fields)
{
    char ts[25];
    clock_format(clock_wall_ms(), ts);
    if (line_format == LOG_JSON)
        put_json_line(out, ts, level, msg, fields);
    else
        put_text_line(out, ts, level, msg, fields);
    buf_put_u8(out, '\n');
}

static char *tell_dropped(uint64_t n_lines)
{
    struct buf line = {0};
    put_line(&line, LOG_WARN, "log lines were dropped, since nobody read the log",
             log_fields(log_int("lines", n_lines)));
    buf_put_u8(&line, '\0');
    return (char *)buf_detach(&line);
}

enum code log_start(struct err *err)
{
    return log_writer_start(STDERR_FILENO, tell_dropped, &writer, err);
}

void log_stop(void)
{
    if (writer && log_writer_stop(writer, stop_wait_ms))
        writer = NULL;
}

uint64_t log_lines_dropped(void)
{
    return writer ? log_writer_dropped(writer) : 0;
}

void log_over_bar(bool is_drawn)
{
    atomic_store_explicit(&has_bar, is_drawn, memory_order_relaxed);
}

void log_event(enum log_level level, const char *msg, const struct log_field *fields)
{
    if (level < min_level)
        return;
    AUTO(buf) struct buf line = {0};
    if (atomic_load_explicit(&has_bar, memory_order_relaxed))
        buf_puts(&line, "\r\033[K");
    put_line(&line, level, msg, fields);
    if (writer) {
        log_writer_put(writer, buf_view(&line));
        return;
    }
    /* A single write keeps lines of several threads apart. A failure cannot be reported
     * anywhere. */
    ssize_t ignored = write(STDERR_FILENO, line.ptr, line.len);
    (void)ignored;
}
