/* murr cat iceberg:URI: the rows of an Iceberg table as a load would read them. */
#ifndef MURR_CLI_CAT_ICEBERG_H
#define MURR_CLI_CAT_ICEBERG_H

#include "cli/output.h"
#include "engine/load/scan.h"

/* As given; NULL: not given. */
struct cat_iceberg {
    const char *uri;
    const char *snapshot, *ref;
    const char *rewrite;   /* "FROM=TO" */
    const char *locations; /* "A,B" */
};

/* Whether the argument is "iceberg:URI". */
bool cat_iceberg_uri(const char *argument, const char **out_uri);

/* Print the table. `config` says which columns and rows. */
must_use enum code cat_iceberg(const struct cat_iceberg *what, const struct scan_config *config,
                               struct output *output, struct err *err);

#endif
