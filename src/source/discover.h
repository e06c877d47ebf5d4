/*
 * Which partition of a source counts: the newest whole one, and never an older one than the one that serves while
 * that is still there.
 *
 *     the newest folders        whole            taken, unless the caller passes over it
 *                               unusable         passed over, and said
 *                               unfinished       passed over: it is being written
 *                               unreadable       of a folder of files: passed over, and said. A bucket may answer
 *                                                the next time: the search ends
 *     the one that serves       whole            taken: the same, or published anew
 *                               anything else    it stays: a job is replacing it
 *                               not there        gone; the caller decides how long to wait before it looks at older
 *                                                ones, by asking without `served`
 */
#ifndef MURR_SOURCE_DISCOVER_H
#define MURR_SOURCE_DISCOVER_H

#include "source/partition.h"

enum discovered {
    DISCOVERED_NEW,  /* a partition to load, or that of what serves, unchanged */
    DISCOVERED_STAY, /* nothing to load; what serves is still there in some form */
    DISCOVERED_GONE, /* nothing to load; what serves is not there any more */
};

struct discovery {
    struct object_store *store;
    const struct partition_layout *layout;
    const char *served; /* label of what serves; NULL: any partition may be taken */
    const char *only;   /* look at no other label; NULL: at all */
    /* Whether to pass over a whole partition; it then says why. NULL: none is. Gets `arg`. */
    bool (*passes_over)(void *arg, const struct partition *p, struct err *why);
    void *arg;
};

/* A DISCOVERED_NEW partition is in `partition`, which the caller ends. */
struct discovery_result {
    enum discovered what;
    struct partition partition;
    char passed_label
        [PARTITION_LABEL_CAP]; /* newest that was passed over though it is whole; "": none */
    struct err passed;         /* why */
};

/*
 * Cost      one listing of the root, and one of each folder that is looked at: two while nothing changes.
 * Fails     E_NOTFOUND, with its own sentence each, when the source is missing or empty, or nothing can be taken
 *           where nothing serves: it says what is there, and which kind of partitions would fit; what listing fails
 *           with.
 */
must_use enum code discover(const struct discovery *d, const struct remote_op *op,
                            struct discovery_result *out, struct err *err);

#endif
