/*
 * A plan: what a table will cost, before it is deployed. All footers are read, a sample of the row
 * groups is loaded into a temporary directory as the whole would be, and what the sample took is
 * scaled up.
 */
#ifndef MURR_ENGINE_LOAD_PLAN_H
#define MURR_ENGINE_LOAD_PLAN_H

#include "engine/spec/budget.h"

struct plan_config {
    const struct table_spec *spec;
    struct load_config load;
    uint64_t sample_bytes; /* read about this much of the files, and at least one row group */
    const char *temp_dir;  /* a directory is made in it, and removed */
};

struct plan {
    char *label; /* of the publication; owned */
    size_t n_files;
    uint64_t file_bytes;
    size_t n_columns;      /* to be loaded */
    uint64_t n_rows;       /* the footers' sum, including rows that others replace */
    uint64_t n_rows_read;  /* for the sample */
    uint64_t read_bytes;   /* of the wanted column chunks */
    double load_seconds;   /* on this machine, with nothing else running */
    uint64_t disk_bytes;   /* of one generation */
    uint64_t memory_bytes; /* of its copy in memory; 0 unless `storage` is memory */
};

void plan_done(struct plan *p);

/* Fails as source_find_newest and load_run do. */
must_use enum code plan_table(const struct plan_config *config, struct plan *out, struct err *err);

#endif
