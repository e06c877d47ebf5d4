/* A Parquet file of a publication, opened: its object and its footer. */
#ifndef MURR_ENGINE_LOAD_SOURCE_FILE_H
#define MURR_ENGINE_LOAD_SOURCE_FILE_H

#include "base/buf.h"
#include "format/parquet/reader.h"
#include "source/publication.h"

/* Zeroed memory can be closed. */
struct source_file {
    const char *name; /* without the folder; borrowed from the publication */
    uint64_t size;
    struct object *object;
    struct pq_file *pq;
    struct buf tail;             /* the end of the file, while it is kept */
    struct object_read *opening; /* of the tail */
};

/* Begin to open: ask for the end of the file. Borrows   file and op, until it is closed. Fails   E_CHANGED. */
must_use enum code source_file_start(const struct data_file *file, const struct remote_op *op,
                                     struct source_file *out_file, struct err *err);

/* Wait for it and parse the footer. Errors begin with the file's name. */
must_use enum code source_file_open(struct source_file *f, const struct remote_op *op,
                                    const struct pq_limits *limits, struct err *err);

/* Forget the end of the file; while it is kept, what lies in it need not be read again. */
void source_file_drop_tail(struct source_file *f);

/* Also one that has been started only; waits for what is on its way. */
void source_file_close(struct source_file *f);

/* As object_read_start. */
must_use struct object_read *source_file_read(const struct source_file *f,
                                              const struct byte_range *ranges, size_t n,
                                              const struct remote_op *op);

#endif
