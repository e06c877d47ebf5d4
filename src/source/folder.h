/*
 * A folder of a source as a publication. Its files are the objects directly in the folder whose names end in
 * ".parquet" and begin with neither '_' nor '.'. It is whole when its marker is there (enum partition_kind). Which
 * folder counts is the business of dated.c.
 */
#ifndef MURR_SOURCE_FOLDER_H
#define MURR_SOURCE_FOLDER_H

#include "source/publication.h"
#include "source/spec.h"

enum folder_state {
    FOLDER_EMPTY,      /* nothing is there */
    FOLDER_UNFINISHED, /* something is, without a marker */
    FOLDER_UNUSABLE,   /* the marker is there, and yet it cannot be read as a publication */
    FOLDER_WHOLE,
};

/*
 * Read a folder ("" or "2026-11-22/"). `outer` is a marker beside the folders that counts as well where it is not
 * older than the files, or NULL. For PARTITIONS_POINTER it is the pointer.
 *
 * `out_publication` is filled where the state is FOLDER_WHOLE; `out_why` says what is amiss where it is not.
 * Fails what listing fails with.
 */
must_use enum code folder_read(struct object_store *store, const struct partition_layout *layout,
                               const char *label, const char *folder,
                               const struct object_info *outer, const struct remote_op *op,
                               struct publication *out_publication, enum folder_state *out_state,
                               struct err *out_why, struct err *err);

/* The object of that name in a listing of `folder`; NULL: there is none, or it cannot be looked at. */
const struct object_info *folder_object(const struct object_list *list, const char *folder,
                                        const char *name);

/* Days since 1970-01-01 of "2026-02-28"; PUBLICATION_NO_DAY for "2026-02-30" or "2026-2-28". */
int32_t folder_day(struct view name);

/* "*.parquet", but not "_x.parquet" or ".x.parquet". */
bool folder_is_file_name(const char *name);

#endif
