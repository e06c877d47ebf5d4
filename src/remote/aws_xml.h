/* The XML of AWS services, S3 and STS: any document walked element by element, and the parts that both have. Foreign bytes:
 * bounded, no document types. */
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

/* A document while it is read. The struct of whoever wants something of it begins with one, zeroed but for `element`. */
struct xml_walk {
    xml_element_fn element;
    XML_Parser parser;
    char names[XML_MAX_DEPTH][XML_NAME_CAP];
    size_t depth;
    struct buf text;
    bool is_refused;
};

/* Call `element` for each element. Fails E_CORRUPT, E_LIMIT. */
must_use enum code xml_walk_run(struct xml_walk *w, struct view body, struct err *err);

/* <Error>, as a refusal carries it. Strings are cut where they are longer. */
struct s3_error {
    char code[64]; /* "NoSuchKey"; "" where the body was none of these */
    char message[256];
    char region[64]; /* where the bucket is, in answers that say it */
};

void aws_xml_error(struct view body, struct s3_error *out);

/* "2026-11-22T10:00:00.123Z" or "...+02:00" as milliseconds since 1970; 0 where it is something else. */
int64_t iso_time_ms(struct view text);

/* The texts of the elements of these names, wherever they are: of an STS answer. Those that are missing stay
 * NULL; the caller frees the others. Fails E_CORRUPT. */
must_use enum code aws_xml_texts(struct view body, const char *const *names, size_t n,
                                 char **out_texts, struct err *err);

#endif
