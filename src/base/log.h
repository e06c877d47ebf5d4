/*
 * Structured logs, one line an event, on stderr:
 *
 *   text  2026-11-22T10:00:00.123Z INFO  table loaded table=planes rows=3322 ms=12
 *   json  {"ts":"2026-11-22T10:00:00.123Z","level":"info","msg":"table loaded","table":"a",...}
 *
 * Values are escaped, so that bytes from outside cannot forge a line. Only code without a caller
 * logs: the poller, the accept loop, main. Everyone else returns an error.
 *
 * Threads   log_init before any other thread, or again to change; log_event from any.
 * Waits     for whoever reads stderr, until log_start; from then on, for nobody: lines that find no
 *           room are dropped and counted.
 */
#ifndef MURR_BASE_LOG_H
#define MURR_BASE_LOG_H

#include "base/err.h"
#include "base/view.h"

#include <stdbool.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };
enum log_format { LOG_TEXT, LOG_JSON };

struct log_field {
    const char *name; /* NULL ends a list */
    enum { LOG_STR, LOG_INT, LOG_DOUBLE } kind;
    const char *str;
    int64_t num;
    double real;
};

#define log_str(n, v)    ((struct log_field){.name = (n), .kind = LOG_STR, .str = (v)})
#define log_int(n, v)    ((struct log_field){.name = (n), .kind = LOG_INT, .num = (int64_t)(v)})
#define log_double(n, v) ((struct log_field){.name = (n), .kind = LOG_DOUBLE, .real = (v)})

void log_init(enum log_level level, enum log_format format);

/* Have a thread write the lines. Fails E_IO. */
must_use enum code log_start(struct err *err);
/* Write the lines that wait, unless nobody reads them, and stop logging. For the end of the
 * process. */
void log_stop(void);
/* Lines dropped since log_start. Threads: any, between the two. */
uint64_t log_lines_dropped(void);

/* Say that something, such as a progress bar, is drawn on the last line of a terminal. A log line
 * then replaces it, and it is drawn again below. Threads: any. */
void log_over_bar(bool is_drawn);

/* `fields` ends with a zeroed one; use the macros below. */
void log_event(enum log_level level, const char *msg, const struct log_field *fields);

#define log_fields(...)     ((const struct log_field[]){__VA_ARGS__ __VA_OPT__(, ){0}})
#define log_debug(msg, ...) log_event(LOG_DEBUG, msg, log_fields(__VA_ARGS__))
#define log_info(msg, ...)  log_event(LOG_INFO, msg, log_fields(__VA_ARGS__))
#define log_warn(msg, ...)  log_event(LOG_WARN, msg, log_fields(__VA_ARGS__))
#define log_error(msg, ...) log_event(LOG_ERROR, msg, log_fields(__VA_ARGS__))

#endif
