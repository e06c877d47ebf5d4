/*
 * A thread that writes lines to a descriptor, so that no other thread waits when the reader is
 * slow: a full pipe, a stopped terminal. Lines wait in memory, up to 1 MiB; beyond that they are
 * dropped, and their number is written as soon as lines can be written again.
 */
#ifndef MURR_BASE_LOG_WRITER_H
#define MURR_BASE_LOG_WRITER_H

#include "base/err.h"
#include "base/view.h"

#include <stdint.h>

struct log_writer;

/* What to write for so many lines that were dropped; the caller frees it. Called from the writer's
 * thread. */
typedef char *(*log_dropped_fn)(uint64_t n_lines);

/* Borrows `fd`. Fails E_IO. */
must_use enum code log_writer_start(int fd, log_dropped_fn tell, struct log_writer **out,
                                    struct err *err);

/* Threads: any. Does not wait. */
void log_writer_put(struct log_writer *w, struct view line);

/* Lines dropped since the start. Threads: any. */
uint64_t log_writer_dropped(struct log_writer *w);

/*
 * Write what waits and end, within `wait_ms`. False: nobody read in time. The thread and the writer
 * are then leaked, since the process is about to end, and take no more lines.
 */
bool log_writer_stop(struct log_writer *w, int64_t wait_ms);

#endif
