/*
 * The body of a request while it comes in: in memory as long as it is short, beyond that in a file
 * without a name, so that a body of gigabytes costs the server no memory. In the end it is a view
 * either way, which may outlive the request.
 *
 * Threads   an upload: one at a time. The spool is shared by all.
 */
#ifndef MURR_NET_HTTP1_UPLOAD_H
#define MURR_NET_HTTP1_UPLOAD_H

#include "base/buf.h"

/* Where the files are, and how many bytes they may have together. */
struct spool;

/* The directory is made where it is missing, and emptied of what a crash may have left.
 * `max_files`: that are received at a time. Fails E_IO. */
must_use enum code spool_open(const char *dir, uint64_t max_bytes, unsigned max_files,
                              struct spool **out_spool, struct err *err);
/* For whoever opened it; uploads that were detached keep it alive. NULL is fine. */
void spool_close(struct spool *s);

/* Whether another file may come that has so many bytes, as things stand. */
bool spool_has_room(struct spool *s, uint64_t bytes);

/* Bytes that are kept until they are released, once, by any thread. */
struct http_body {
    struct view bytes;
    void (*release)(void *owner); /* NULL: nothing to release */
    void *owner;
};

/* Zeroed memory is an empty one. */
struct upload {
    struct spool *spool; /* borrowed; NULL: all stays in memory */
    size_t memory_max;   /* bytes that stay in memory, where there is a spool */
    struct buf memory;
    bool in_file;
    int fd;
    uint64_t file_bytes;
    const uint8_t *map; /* of the file, once a view was asked for */
};

void upload_done(struct upload *u);
/* Empty, but keep up to `keep_bytes` of memory. */
void upload_reset(struct upload *u, size_t keep_bytes);

uint64_t upload_len(const struct upload *u);

/* Append. Fails E_BUSY when the spool is full, E_NOSPACE, E_IO; the upload is then good for nothing
 * but the end. */
must_use enum code upload_put(struct upload *u, struct view bytes, struct err *err);

/* The whole, borrowed until the upload changes. Fails E_NOMEM, E_IO. */
must_use enum code upload_view(struct upload *u, struct view *out, struct err *err);

/* The whole, to keep. The upload is empty then. `out` has what upload_view would give, which must
 * have gone well. */
void upload_detach(struct upload *u, struct http_body *out);

#endif
