/*
 * A folder of a source, read as a publication. Its data files are the objects directly in the
 * folder whose names end in ".parquet" and do not begin with '_' or '.'. It is whole if it has its
 * marker (enum partition_kind). dated.c decides which folder to take.
 */
#ifndef MURR_SOURCE_FOLDER_H
#define MURR_SOURCE_FOLDER_H

#include "source/publication.h"
#include "source/spec.h"

enum folder_state {
    FOLDER_EMPTY,      /* it has nothing, or does not exist */
    FOLDER_UNFINISHED, /* it has no marker: it is being written */
    FOLDER_UNUSABLE,   /* it has the marker, but is not a valid publication */
    FOLDER_WHOLE,
};

/*
 * Read a folder, "" or "2026-11-22/". `outer` is a marker next to the folders, which counts if it
 * is not older than the files; or NULL. For PARTITIONS_POINTER it is the pointer.
 *
 * With FOLDER_WHOLE `out_publication` is filled, and the caller frees it; otherwise `out_why` says
 * what is missing.
 *
 * Cost      one listing.
 * Fails     as listing does; E_IO if a data file cannot be looked at.
 */
must_use enum code folder_read(struct object_store *store, const struct partition_layout *layout,
                               const char *label, const char *folder,
                               const struct object_info *outer, const struct remote_op *op,
                               struct publication *out_publication, enum folder_state *out_state,
                               struct err *out_why, struct err *err);

/* The object of that name in a listing of `folder`; NULL if there is none or it cannot be looked
 * at. */
const struct object_info *folder_object(const struct object_list *list, const char *folder,
                                        const char *name);

/* The days from 1970-01-01 to "2026-02-28"; PUBLICATION_NO_DAY for "2026-02-30" or "2026-2-28". */
int32_t folder_day(struct view name);

/* "*.parquet", but not "_x.parquet" or ".x.parquet". */
bool folder_is_file_name(const char *name);

#endif
