/* Prints rows on stdout in one of four forms, batch by batch, for murr get and murr cat. */
#ifndef MURR_CLI_OUTPUT_H
#define MURR_CLI_OUTPUT_H

#include "base/buf.h"
#include "format/arrow/ipc_writer.h"

enum output_format { OUTPUT_TABLE, OUTPUT_JSON, OUTPUT_CSV, OUTPUT_ARROW };

/* False: there is no such format. */
bool output_format_parse(const char *name, enum output_format *out);

/* Zeroed memory with a format set is ready for the first batch. */
struct output {
    enum output_format format;
    bool begun;
    size_t n_rows;
    size_t *widths; /* table: of the columns, as the first batch has them */
    struct buf text;
    struct buf *values; /* json: by column, since all values of a column come in one piece */
    char **names;       /* json: by column */
    size_t n_columns;
};

void output_done(struct output *o);

/*
 * Print a batch. All batches have the same columns. There must be at least one, but it may have no
 * rows. JSON is printed by output_end. Fails E_IO; E_LIMIT for more JSON than can be kept.
 */
must_use enum code output_batch(struct output *o, const struct ipc_stream *batch, size_t n_rows,
                                struct err *err);
must_use enum code output_end(struct output *o, struct err *err);

#endif
