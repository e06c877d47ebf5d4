/* A page of a bucket's listing: parsing the answer of ListObjectsV2. */
#ifndef MURR_REMOTE_STORE_S3_LISTING_H
#define MURR_REMOTE_STORE_S3_LISTING_H

#include "remote/store/object_store.h"

/*
 * Append the objects and folders of one page, and remove `prefix` from their keys. Keys that only
 * mark a folder (the prefix itself, or any key that ends in '/') are left out.
 *
 * `out_token` says where the next page begins, or is NULL at the end; the caller frees it.
 * Fails     E_CORRUPT; the list is then unchanged.
 */
must_use enum code s3_listing_add(struct view body, const char *prefix, struct object_list *list,
                                  char **out_token, struct err *err);

#endif
