/* The few XML documents of S3 and STS that Murr reads. Foreign bytes: bounded, no document types. */
#ifndef MURR_REMOTE_S3_XML_H
#define MURR_REMOTE_S3_XML_H

#include "remote/store/object_store.h"

/* <Error>, as a refusal carries it. Strings are cut where they are longer. */
struct s3_error {
    char code[64]; /* "NoSuchKey"; "" where the body was none of these */
    char message[256];
    char region[64]; /* where the bucket is, in answers that say it */
};

void s3_xml_error(struct view body, struct s3_error *out);

/*
 * One page of ListObjectsV2: append objects and folders, with `prefix` taken off their keys. A marker of a
 * folder (a key that is the prefix itself, or ends in '/') is no object.
 *
 * `out_token` gets where the next page begins, or NULL at the end; the caller frees it.
 * Fails E_CORRUPT.
 */
must_use enum code s3_xml_list(struct view body, const char *prefix, struct object_list *list,
                               char **out_token, struct err *err);

/* "2026-11-22T10:00:00.123Z" or "...+02:00" as milliseconds since 1970; 0 where it is something else. */
int64_t iso_time_ms(struct view text);

/* The texts of the elements of these names, wherever they are: of an STS answer. Those that are missing stay
 * NULL; the caller frees the others. Fails E_CORRUPT. */
must_use enum code xml_texts(struct view body, const char *const *names, size_t n, char **out_texts,
                             struct err *err);

#endif
