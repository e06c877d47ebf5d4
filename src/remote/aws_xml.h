/* The XML of AWS services: a walk over any document, element by element, and the parts that S3 and
 * STS share. The bytes are foreign, so depth and names are bounded and document types are
 * refused. */
#ifndef MURR_REMOTE_AWS_XML_H
#define MURR_REMOTE_AWS_XML_H

#include "base/buf.h"
#include "base/err.h"

#include <expat.h>
#include <stdbool.h>

enum { XML_MAX_DEPTH = 16, XML_NAME_CAP = 64 };

struct xml_walk;
/* An element has ended: its name, its parent's, and the text directly in it. */
typedef void (*xml_element_fn)(struct xml_walk *w, const char *parent, const char *name,
                               struct view text);

/* A document while it is read. A caller's own struct begins with one, zeroed except for
 * `element`. */
struct xml_walk {
    xml_element_fn element;
    XML_Parser parser;
    char names[XML_MAX_DEPTH][XML_NAME_CAP]; /* of the open elements */
    size_t depth;
    struct buf text; /* directly in the innermost open element */
    bool is_refused;
};

/* Call `element` for each element. Fails E_CORRUPT, E_LIMIT. */
must_use enum code xml_walk_run(struct xml_walk *w, struct view body, struct err *err);

/* The <Error> in the body of a refusal. Longer strings are cut. */
struct s3_error {
    char code[64]; /* "NoSuchKey"; "" if the body is not an <Error> */
    char message[256];
    char region[64]; /* of the bucket, if the answer says it */
};

void aws_xml_error(struct view body, struct s3_error *out);

/* "2026-11-22T10:00:00.123Z" or "...+02:00" as milliseconds since 1970; 0 if the text is not a
 * time. */
int64_t iso_time_ms(struct view text);

/* The texts of the first elements of these names, at any depth, for answers of STS. Missing ones
 * are NULL; the caller frees the others, also after a failure. Fails E_CORRUPT. */
must_use enum code aws_xml_texts(struct view body, const char *const *names, size_t n,
                                 char **out_texts, struct err *err);

#endif
