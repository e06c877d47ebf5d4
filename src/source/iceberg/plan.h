/*
 * The plan of a snapshot: its files as a publication.
 *
 * Data files are in the order of their sequence numbers, then paths. Which deletes apply to which of
 * them follows the specification ("Scan Planning"):
 *
 *     deletion vector     to the one data file that it names; other deletes by position then do not
 *     by position         to files of the same partition that are not newer
 *     by equality         to files of the same partition, or of all if its spec has none, that are
 *                         older
 */
#ifndef MURR_SOURCE_ICEBERG_PLAN_H
#define MURR_SOURCE_ICEBERG_PLAN_H

#include "source/iceberg/choice.h"
#include "source/iceberg/manifests.h"
#include "source/publication.h"

/* Fill everything of a publication but label, fingerprint and times. */
must_use enum code iceberg_plan(struct locations *l, const struct ice_metadata *m,
                                const struct iceberg_choice *choice, const struct remote_op *op,
                                struct publication *out, struct err *err);

#endif
