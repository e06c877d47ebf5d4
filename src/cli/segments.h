/* Finds the segment files of a path on the command line. */
#ifndef MURR_CLI_SEGMENTS_H
#define MURR_CLI_SEGMENTS_H

#include "base/err.h"

#include <stddef.h>

struct segment_paths {
    char **paths;
    size_t n;
};
void segment_paths_done(struct segment_paths *p);

/* Append the file itself, or all *.seg below a directory, sorted. Fails E_NOTFOUND, E_IO. */
must_use enum code segment_paths_find(struct segment_paths *p, const char *path, struct err *err);

#endif
