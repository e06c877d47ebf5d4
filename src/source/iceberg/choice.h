/* Which snapshot of a table is meant, and with which schema it is read. */
#ifndef MURR_SOURCE_ICEBERG_CHOICE_H
#define MURR_SOURCE_ICEBERG_CHOICE_H

#include "format/iceberg/metadata.h"

/* At most one of the three. */
struct iceberg_wish {
    const char *ref;     /* a branch or tag; "": not given */
    int64_t snapshot_id; /* 0: not given */
    int64_t as_of_ms;    /* the one that was current then; 0: not given */
};

struct iceberg_choice {
    const struct ice_snapshot *snapshot; /* NULL: the table is empty */
    const struct ice_schema *schema;
};

/*
 * Without a wish it is the current snapshot. A branch is read with the current schema of the table, a
 * tag, an id and a time with the schema that the snapshot was written with.
 *
 * Fails     E_NOTFOUND, with what there is.
 */
must_use enum code iceberg_choose(const struct ice_metadata *m, const struct iceberg_wish *wish,
                                  struct iceberg_choice *out, struct err *err);

#endif
