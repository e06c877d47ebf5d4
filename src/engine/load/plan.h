/*
 * What a table will cost before it is deployed: its footers are read, and a sample of its row groups is loaded
 * as the whole would be, into a directory that is thrown away. What the sample took is scaled up.
 */
#ifndef MURR_ENGINE_LOAD_PLAN_H
#define MURR_ENGINE_LOAD_PLAN_H

#include "engine/spec/budget.h"

struct plan_config {
    const struct table_spec *spec;
    struct load_config load;
    uint64_t sample_bytes; /* about so much of the files is read; at least one row group */
    const char *temp_dir;  /* where a directory of its own is made */
};

struct plan {
    char *label; /* of the publication; owned */
    size_t n_files;
    uint64_t file_bytes;
    size_t n_columns;      /* that are loaded */
    uint64_t n_rows;       /* as the footers say; replaced ones included */
    uint64_t n_rows_read;  /* of the sample */
    uint64_t read_bytes;   /* of the wanted column chunks */
    double load_seconds;   /* on this machine, with nothing else running */
    uint64_t disk_bytes;   /* of one generation */
    uint64_t memory_bytes; /* of its copy in memory, where `storage` asks for one */
};

void plan_done(struct plan *p);

/* Fails as finding a publication and loading do. */
must_use enum code plan_table(const struct plan_config *config, struct plan *out, struct err *err);

#endif
