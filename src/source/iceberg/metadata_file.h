/*
 * The newest metadata file of a table that no server knows, found in its folder of metadata.
 *
 *     v7.metadata.json                 tables of Hadoop catalogs
 *     00007-<uuid>.metadata.json       tables of other catalogs
 *     version-hint.text (.txt)         "7", or the name of the file; it may be empty or out of date
 *
 * Each with ".gz" or ".zstd" before or behind ".metadata.json".
 *
 *     the hint has a name of a file that is there      that one
 *     the hint has a number, and there are v-files     of those the one with the greatest number:
 *                                                      writers put the file there before the hint
 *     otherwise                                        of all files the one with the greatest number
 *
 * Two files with the greatest number are refused: only one of them was committed.
 */
#ifndef MURR_SOURCE_ICEBERG_METADATA_FILE_H
#define MURR_SOURCE_ICEBERG_METADATA_FILE_H

#include "remote/store/object_store.h"

/* Zeroed memory is empty. */
struct metadata_file {
    struct object_info info; /* in its store */
    char *version;           /* to give to the next call */
};

void metadata_file_done(struct metadata_file *f);

/*
 * Find it in `folder`, "db/t/metadata/", of the store. With the version of an earlier answer and
 * nothing new *out_is_same is true, and `out` stays empty.
 *
 * Cost      while nothing changes, one listing of the names from that of the file on, or from "v" on
 *           if there is a hint. At first, and after a change of the hint, another listing or the
 *           reading of the hint besides.
 * Fails     E_NOTFOUND if there is none; E_INVALID with both names if there are two; as listing and
 *           reading do.
 */
must_use enum code metadata_file_find(struct object_store *store, const char *folder,
                                      const char *version, const struct remote_op *op,
                                      struct metadata_file *out, bool *out_is_same,
                                      struct err *err);

#endif
