/* A Parquet file of a partition, opened: its descriptor and its footer. */
#ifndef MURR_ENGINE_SOURCE_FILE_H
#define MURR_ENGINE_SOURCE_FILE_H

#include "format/parquet/reader.h"
#include "remote/partition.h"

struct source_file {
    const char *name; /* without the folder; borrowed from the partition */
    int fd;
    uint64_t size;
    struct pq_file *pq;
};

/* Read and parse the footer. Errors begin with the file's name. */
must_use enum code source_file_open(const struct partition_file *file,
                                    const struct pq_limits *limits, struct source_file *out_file,
                                    struct err *err);
void source_file_close(struct source_file *f);

/* Bytes of the file at `offset`, into memory of the caller's. */
must_use enum code source_file_read(const struct source_file *f, uint64_t offset, size_t len,
                                    uint8_t *out, struct err *err);

#endif
