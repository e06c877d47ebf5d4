#include "cli/progress.h"

#include "base/clock.h"
#include "base/log.h"

#include <stdio.h>
#include <unistd.h>

static const uint64_t line_interval_ns = 5000000000u;
enum { BAR_CELLS = 24 };

void progress_init(struct progress *p)
{
    *p = (struct progress){.is_terminal = isatty(STDERR_FILENO), .last_line_ns = clock_mono_ns()};
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

static void draw_bar(const struct table_status *t)
{
    char bar[BAR_CELLS + 1];
    double done = fraction(t);
    int filled = (int)(done * BAR_CELLS);
    for (int i = 0; i < BAR_CELLS; i++)
        bar[i] = i < filled ? '#' : '.';
    bar[BAR_CELLS] = '\0';
    double rate =
        t->load.elapsed_s > 0 ? done * (double)t->load.rows_total / t->load.elapsed_s / 1e6 : 0;
    fprintf(stderr, "\r%s %s [%s] %3.0f%% of %.2fM rows, %.2fM rows/s", t->name,
            state_name(t->load.state), bar, done * 100, (double)t->load.rows_total / 1e6, rate);
    if (t->load.eta_s >= 0)
        fprintf(stderr, ", %.0fs left", t->load.eta_s);
    fputs("\033[K", stderr);
    fflush(stderr);
}

static void log_line(const struct table_status *t)
{
    log_info("loading", log_str("table", t->name), log_str("state", state_name(t->load.state)),
             log_double("percent", (double)(int)(fraction(t) * 1000) / 10),
             log_int("rows_done", t->load.rows_done), log_int("rows_total", t->load.rows_total),
             log_int("bytes_total", t->load.bytes_total),
             log_double("elapsed_s", t->load.elapsed_s), log_double("eta_s", t->load.eta_s));
}

void progress_show(struct progress *p, struct registry *r)
{
    AUTO(arena) struct arena arena = {0};
    size_t n;
    const struct table_status *tables = registry_status(r, &arena, &n);
    bool line_due = clock_mono_ns() - p->last_line_ns >= line_interval_ns;
    bool any = false;
    for (size_t i = 0; i < n; i++) {
        if (tables[i].load.state == LOAD_IDLE)
            continue;
        any = true;
        if (p->is_terminal)
            draw_bar(&tables[i]);
        else if (line_due)
            log_line(&tables[i]);
    }
    if (line_due)
        p->last_line_ns = clock_mono_ns();
    if (p->is_terminal && !any)
        progress_clear(p);
    p->bar_shown = p->is_terminal && any;
}

void progress_clear(struct progress *p)
{
    if (p->bar_shown)
        fputs("\r\033[K", stderr);
    p->bar_shown = false;
}
