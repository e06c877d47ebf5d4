/*
 * A source: where the publications of a table come from. It finds the newest whole publication, and
 * never one older than the served one while that is still there.
 *
 *     newer than served     whole           taken, unless the caller passes it over
 *                           unusable        passed over, and reported
 *                           unfinished      passed over: it is being written
 *                           unreadable      passed over and reported, if local. With a bucket
 *                                           the search fails, since it may answer next time
 *     the served one        whole           taken: the same, or published anew
 *                           otherwise       it stays: a job is replacing it
 *                           not there       gone. The caller decides how long to wait until it
 *                                           asks without `served`, for older ones, too
 *
 * A new kind of source is a struct that begins with its struct source, and a line in
 * source/kinds/open.c.
 *
 * Threads   one at a time.
 */
#ifndef MURR_SOURCE_SOURCE_H
#define MURR_SOURCE_SOURCE_H

#include "source/publication.h"

struct source_query {
    const char *served; /* the served label; NULL: any publication may be taken */
    /* A publication of this fingerprint need not be found again: FOUND_STAY will do. 0: none. */
    uint64_t served_fingerprint;
    bool wants_change; /* also find what the served publication was, to see what changed */
    const char *only;  /* look only at this label, if labels are names of folders; NULL: at all */
    /* Whether to pass over a whole publication, and then why. NULL: none is passed over. */
    bool (*passes_over)(void *arg, const struct publication *p, struct err *why);
    void *arg;
};

enum found {
    FOUND_NEW,  /* a publication: a new one, or the served one, changed or not */
    FOUND_STAY, /* nothing to load; the served one is still there in some form */
    FOUND_GONE, /* nothing to load; the served one is gone */
};

struct source_answer {
    enum found what;
    struct publication publication; /* with FOUND_NEW */
    /* If a change was wanted: the served publication as the source has it now. It can be compared
     * with the new one, which came after it: files with the same URI are the same. */
    struct publication before;
    bool has_before;
    bool is_rewritten;     /* the new publication has the same rows, in other files */
    struct err why_before; /* why there is none */
    char *passed_label;    /* the newest that has its marker and was passed over; or NULL */
    struct err passed;     /* why it was */
};

void source_answer_done(struct source_answer *a);

struct source {
    const struct source_ops *ops;
    const char *kind; /* "local", "s3", "iceberg" */
    char *shown;      /* where it is, for messages; owned */
    /* Where the source is and how it publishes, owned. Publications are compared only if the
     * identities are equal. */
    char *identity;
};

struct source_ops {
    enum code (*find_newest)(struct source *s, const struct source_query *q,
                             const struct remote_op *op, struct source_answer *out,
                             struct err *err);
    void (*free)(struct source *s); /* frees the struct; its texts were freed before */
};

/*
 * Find the newest publication. The caller calls source_answer_done.
 *
 * Cost      with folders: one listing of the root, and one of each folder that is looked at; two
 *           while nothing changes.
 * Fails     E_NOTFOUND if the source is missing or empty, or if nothing can be taken and `served`
 *           is NULL: the message then says what is there and which setting would fit; as listing
 *           does.
 */
must_use enum code source_find_newest(struct source *s, const struct source_query *q,
                                      const struct remote_op *op, struct source_answer *out,
                                      struct err *err);

/* "/data/features", "s3://bucket/prefix/", "lake: db.features": for messages. */
const char *source_shown(const struct source *s);
/* "local", "s3", "iceberg": for status and metrics. */
const char *source_kind_name(const struct source *s);

void source_close(struct source *s); /* NULL is fine */

#endif
