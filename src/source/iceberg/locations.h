/*
 * Where the files of an Iceberg table may lie, and the stores that have them.
 *
 * Metadata names every file by an absolute URI, and metadata is not trusted: it may name
 * file:///etc/passwd or a machine inside our network. So
 *
 * (1) a file is read only below a prefix that our configuration names, or the catalog's warehouse;
 * (2) schemes are s3 (also written s3a, s3n) and file (also a bare absolute path); a path has no
 *     ".." part, and a percent sign in it is only a percent sign;
 * (3) where catalog or metadata came over a network, no file is local, whatever the prefixes say;
 * (4) a rewrite rule for a table that was moved is applied before all this, to the text.
 *
 * Threads   any, once opened.
 */
#ifndef MURR_SOURCE_ICEBERG_LOCATIONS_H
#define MURR_SOURCE_ICEBERG_LOCATIONS_H

#include "base/buf.h"
#include "remote/s3_config.h"
#include "remote/store/object_store.h"
#include "remote/transfer.h"
#include "source/iceberg/vended.h"

struct locations;

/* All is borrowed until locations_close. */
struct location_rules {
    const char *const *prefixes; /* (1): "s3://bucket/warehouse/", "/data/tables" */
    size_t n_prefixes;
    const char *rewrite_from, *rewrite_to; /* (4); "": none */
    bool is_remote;                        /* (3) */
    const struct s3_config *s3; /* how to reach buckets; its bucket and prefix are not used */
    struct vended *vended;      /* what the catalog handed out for them; NULL: nothing */
    const struct catalog_spec *catalog; /* may own buckets (catalog_owns_bucket); or NULL */
    struct transfer_loop *loop;         /* may be NULL if nothing is in a bucket */
};

must_use enum code locations_open(const struct location_rules *rules, struct locations **out,
                                  struct err *err);
void locations_close(struct locations *l); /* NULL is fine */

/*
 * The store that has the file, owned by `l`, and its name there, which the caller frees.
 *
 * Fails     E_INVALID with the URI and the reason: a scheme that is not read, or a place that is not
 *           allowed.
 */
must_use enum code locations_find(struct locations *l, const char *uri,
                                  struct object_store **out_store, char **out_name,
                                  struct err *err);

/*
 * Read a whole file of at most `max_bytes`. With `n_bytes` < 0 its size is not known, and is asked
 * for first.
 *
 * Fails     as locations_find; E_NOTFOUND; E_CHANGED if it has another size; E_LIMIT; as reading
 *           does. Messages begin with the URI.
 */
must_use enum code locations_read(struct locations *l, const char *uri, int64_t n_bytes,
                                  uint64_t max_bytes, const struct remote_op *op,
                                  struct buf *out_bytes, struct err *err);

#endif
