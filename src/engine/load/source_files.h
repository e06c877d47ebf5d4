/* All data files of a publication, opened. */
#ifndef MURR_ENGINE_LOAD_SOURCE_FILES_H
#define MURR_ENGINE_LOAD_SOURCE_FILES_H

#include "engine/load/source_file.h"

/* Zeroed memory can be closed. */
struct source_files {
    struct source_file *files; /* as the publication's data files */
    size_t n;                  /* open, or being opened */
};

/*
 * Open the files in order, while the reads of the next footers are under way. Files that are so
 * small that they were read whole are kept in memory, `tail_bytes` of them together.
 *
 * The caller calls source_files_close, also after a failure. Fails as source_file_open.
 */
must_use enum code source_files_open(struct source_files *f, const struct publication *p,
                                     const struct remote_op *op, const struct pq_limits *limits,
                                     uint64_t tail_bytes, struct err *err);
void source_files_close(struct source_files *f);

#endif
