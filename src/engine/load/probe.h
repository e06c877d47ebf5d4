/* A probe of a table's source: can it be reached, does it have a publication, may its files be
 * read? */
#ifndef MURR_ENGINE_LOAD_PROBE_H
#define MURR_ENGINE_LOAD_PROBE_H

#include "engine/spec/spec.h"

/* What was found. The caller calls probe_done. */
struct probe {
    char *shown; /* where the source is */
    char *label; /* of the newest publication */
    int64_t published_at_ms;
    size_t n_files, n_delete_files;
    uint64_t n_bytes; /* of the data files */
};

void probe_done(struct probe *p);

/*
 * Find the newest publication, and read the footer of its first file.
 *
 * Fails     as finding and reading do.
 */
must_use enum code probe_table(const struct table_spec *spec, struct probe *out, struct err *err);

#endif
