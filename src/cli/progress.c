#include "cli/progress.h"

#include "base/clock.h"
#include "base/log.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/*
 * A load has two halves, reading and building, which take about equally long. The bar and the ETA
 * assume that. The bar is redrawn in place; a log line that comes meanwhile is written above it.
 */
static const uint64_t log_interval_ns = 5000000000u;
enum { BAR_CELLS = 24 };

void progress_init(struct progress *p, bool always)
{
    *p = (struct progress){
        .is_terminal = !always && isatty(STDERR_FILENO),
        .is_plain = always,
        .line_interval_ns = always ? 1000000000u : log_interval_ns,
        .last_line_ns = clock_mono_ns(),
    };
}

static const char *state_name(enum load_state s)
{
    return s == LOAD_READING ? "reading" : s == LOAD_BUILDING ? "building" : "idle";
}

/* Reading is the first half, building the second. */
static double fraction(const struct table_status *t)
{
    if (t->load.rows_total == 0)
        return 0;
    double half = 0.5 * (double)t->load.rows_done / (double)t->load.rows_total;
    return t->load.state == LOAD_BUILDING ? 0.5 + half : half;
}

static size_t terminal_columns(void)
{
    struct winsize size;
    bool known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
    return known ? size.ws_col : 80;
}

/* A line wider than the terminal would wrap and start a new line each time. So first the bar is
 * left out, then the end of the text. */
static void draw_bar(const struct table_status *t)
{
    log_over_bar(true); /* a log line that comes while the bar is shown */
    char head[200], tail[120], left[32] = "";
    size_t columns = terminal_columns() - 1;
    double done = fraction(t), rows_total = (double)t->load.rows_total;
    double rate = t->load.elapsed_s > 0 ? done * rows_total / t->load.elapsed_s / 1e6 : 0;
    if (t->load.eta_s >= 0)
        snprintf(left, sizeof(left), ", %.0fs left", t->load.eta_s);
    snprintf(head, sizeof(head), "%s %s", t->name, state_name(t->load.state));
    snprintf(tail, sizeof(tail), "%3.0f%% of %.2fM rows, %.0f of %.0f MB, %.2fM rows/s%s",
             done * 100, rows_total / 1e6, (double)t->load.bytes_done / 1e6,
             (double)t->load.bytes_total / 1e6, rate, left);
    size_t n_others = strlen(head) + strlen(" [] ") + strlen(tail);
    size_t n_cells = columns < n_others               ? 0
                     : columns - n_others < BAR_CELLS ? columns - n_others
                                                      : BAR_CELLS;
    char line[400];
    snprintf(line, sizeof(line), "%s [%-*.*s] %s", head, (int)n_cells,
             (int)(done * (double)n_cells), "########################", tail);
    fprintf(stderr, "\r%.*s\033[K", (int)columns, line);
    fflush(stderr);
}

static void log_line(const struct table_status *t)
{
    log_info("loading", log_str("table", t->name), log_str("state", state_name(t->load.state)),
             log_double("percent", (double)(int)(fraction(t) * 1000) / 10),
             log_int("rows_done", t->load.rows_done), log_int("rows_total", t->load.rows_total),
             log_int("bytes_done", t->load.bytes_done), log_int("bytes_total", t->load.bytes_total),
             log_double("elapsed_s", t->load.elapsed_s), log_double("eta_s", t->load.eta_s));
}

/* "t reading 37%: 1.20M of 3.30M rows, 12.3 of 33.0 MB read, 1.10M rows/s, 4 s left" */
static void plain_line(const struct table_status *t)
{
    char left[32] = "";
    double done = fraction(t), elapsed_s = t->load.elapsed_s;
    if (t->load.eta_s >= 0)
        snprintf(left, sizeof(left), ", %.0f s left", t->load.eta_s);
    fprintf(stderr, "%s %s %.0f%%: %.2fM of %.2fM rows, %.1f of %.1f MB read, %.2fM rows/s%s\n",
            t->name, state_name(t->load.state), done * 100, (double)t->load.rows_done / 1e6,
            (double)t->load.rows_total / 1e6, (double)t->load.bytes_done / 1e6,
            (double)t->load.bytes_total / 1e6,
            elapsed_s > 0 ? done * (double)t->load.rows_total / elapsed_s / 1e6 : 0, left);
}

void progress_show(struct progress *p, struct registry *r)
{
    AUTO(arena) struct arena arena = {0};
    size_t n;
    const struct table_status *tables = registry_status(r, &arena, &n);
    bool line_due = clock_mono_ns() - p->last_line_ns >= p->line_interval_ns;
    bool any = false;
    for (size_t i = 0; i < n; i++) {
        if (tables[i].load.state == LOAD_IDLE)
            continue;
        any = true;
        if (p->is_terminal)
            draw_bar(&tables[i]);
        else if (line_due && p->is_plain)
            plain_line(&tables[i]);
        else if (line_due)
            log_line(&tables[i]);
    }
    if (line_due)
        p->last_line_ns = clock_mono_ns();
    if (p->is_terminal && !any)
        progress_clear(p);
    p->bar_shown = p->is_terminal && any;
    log_over_bar(p->bar_shown);
}

void progress_clear(struct progress *p)
{
    if (p->bar_shown)
        fputs("\r\033[K", stderr);
    p->bar_shown = false;
    log_over_bar(false);
}
