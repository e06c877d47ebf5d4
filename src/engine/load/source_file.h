/* An open Parquet file of a publication: its object and its footer. */
#ifndef MURR_ENGINE_LOAD_SOURCE_FILE_H
#define MURR_ENGINE_LOAD_SOURCE_FILE_H

#include "base/buf.h"
#include "format/parquet/reader.h"
#include "source/publication.h"

/* Zeroed memory can be closed. */
struct source_file {
    const char *name; /* without the folder; borrowed from the publication */
    uint64_t size;
    struct object_store *store;
    struct object_info
        own; /* what the store says, where the publication was wrong about the size */
    struct object *object;
    struct pq_file *pq;
    struct buf tail;             /* the end of the file; empty once dropped */
    struct object_read *opening; /* the read of the tail, until it is finished */
};

/*
 * Begin to open: ask for the end of the file. Borrows file and op until the close. If the source
 * does not know the file's version (""), it may be wrong about its size as well: the store is then
 * asked.
 *
 * Fails     E_CHANGED.
 */
must_use enum code source_file_start(const struct data_file *file, const struct remote_op *op,
                                     struct source_file *out_file, struct err *err);

/* Wait for the end of the file and parse the footer. Messages begin with the file's name. */
must_use enum code source_file_open(struct source_file *f, const struct remote_op *op,
                                    const struct pq_limits *limits, struct err *err);

/* Free the end of the file. While it is kept, source_file_read takes bytes from it instead of
 * reading them again. */
void source_file_drop_tail(struct source_file *f);

/* Also after source_file_start alone: waits for the read under way. */
void source_file_close(struct source_file *f);

/* As object_read_start. */
must_use struct object_read *source_file_read(const struct source_file *f,
                                              const struct byte_range *ranges, size_t n,
                                              const struct remote_op *op);

#endif
