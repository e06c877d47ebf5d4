/*
 * Where the publications of a table come from. A source finds the one that counts: the newest that is whole, and never an
 * older one than what serves while that is still there.
 *
 *     a newer one               whole            taken, unless the caller passes over it
 *                               unusable         passed over, and said
 *                               unfinished       passed over: it is being written
 *                               unreadable       of a folder of files: passed over, and said. A bucket may answer
 *                                                the next time: the search ends
 *     the one that serves       whole            taken: the same, or published anew
 *                               anything else    it stays: a job is replacing it
 *                               not there        gone; the caller decides how long to wait before it looks at older
 *                                                ones, by asking without `served`
 *
 * A new kind of source is a struct that begins with its struct source, and a line in source/open.c.
 *
 * Threads   one at a time.
 */
#ifndef MURR_SOURCE_SOURCE_H
#define MURR_SOURCE_SOURCE_H

#include "source/publication.h"

struct source_query {
    const char *served; /* label of what serves; NULL: any publication may be taken */
    const char *only;   /* look at this label alone, where labels are names; NULL: at all */
    /* Whether to pass over a whole publication; it then says why. NULL: none is. Gets `arg`. */
    bool (*passes_over)(void *arg, const struct publication *p, struct err *why);
    void *arg;
};

enum found {
    FOUND_NEW,  /* a publication to load, or that of what serves, unchanged */
    FOUND_STAY, /* nothing to load; what serves is still there in some form */
    FOUND_GONE, /* nothing to load; what serves is not there any more */
};

struct source_answer {
    enum found what;
    struct publication publication; /* of FOUND_NEW */
    char *passed_label; /* of the newest that was passed over though it is whole; NULL: none was */
    struct err passed;  /* why */
};

void source_answer_done(struct source_answer *a);

struct source {
    const struct source_ops *ops;
    struct object_store *store; /* owned */
    char *
        identity; /* which source it is, and how it publishes: what another one published is compared
                       with nothing. Owned */
};

struct source_ops {
    enum code (*find_newest)(struct source *s, const struct source_query *q,
                             const struct remote_op *op, struct source_answer *out,
                             struct err *err);
    void (*free)(struct source *s); /* what is its own; store and identity are freed behind it */
};

/*
 * Cost      of folders: one listing of the root, and one of each folder that is looked at; two while nothing changes.
 * Fails     E_NOTFOUND, with its own sentence each, when the source is missing or empty, or nothing can be taken
 *           where nothing serves: it says what is there, and which kind of partitions would fit; what listing fails
 *           with. Otherwise the caller ends `out`.
 */
must_use enum code source_find_newest(struct source *s, const struct source_query *q,
                                      const struct remote_op *op, struct source_answer *out,
                                      struct err *err);

/* "/data/features", "s3://bucket/prefix/": for messages. */
const char *source_shown(const struct source *s);
/* "local", "s3": for status and metrics. */
const char *source_kind_name(const struct source *s);

void source_close(struct source *s); /* NULL is fine */

#endif
