/* A page of a bucket's listing, as ListObjectsV2 answers it. */
#ifndef MURR_REMOTE_STORE_S3_LISTING_H
#define MURR_REMOTE_STORE_S3_LISTING_H

#include "remote/store/object_store.h"

/*
 * Append the objects and folders of one page, with `prefix` taken off their keys. A marker of a folder (a key that is
 * the prefix itself, or ends in '/') is no object.
 *
 * `out_token` gets where the next page begins, or NULL at the end; the caller frees it.
 * Fails E_CORRUPT; the list is then as it was.
 */
must_use enum code s3_listing_add(struct view body, const char *prefix, struct object_list *list,
                                  char **out_token, struct err *err);

#endif
