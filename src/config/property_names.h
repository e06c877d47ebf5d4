/* Names of properties as other Iceberg clients write them. */
#ifndef MURR_CONFIG_PROPERTY_NAMES_H
#define MURR_CONFIG_PROPERTY_NAMES_H

#include "base/arena.h"
#include "config/tree.h"

/*
 * Where a property of PyIceberg differs from a field only in punctuation, put the field in its
 * place, in all catalogs and Iceberg sources: oauth2-server-uri is oauth2_server_uri,
 * s3.access-key-id is access_key_id in s3, header.X is X in headers. To be called before
 * overrides, which use the names of fields.
 *
 * Fails     E_INVALID if a field is given in both ways, or for a property that has another name
 *           here, with a suggestion.
 */
must_use enum code property_names(struct node *root, struct arena *arena, struct err *err);

#endif
