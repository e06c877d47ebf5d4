/*
 * What a catalog hands out for reading the files of one table: credentials for prefixes, where the
 * store is, and new credentials before the old ones end, also in the middle of a load.
 *
 *     each answer of the catalog      vended_update
 *     a store for a file              vended_find says which grant is for the URI. Stores of one
 *                                     bucket and one grant are the same. vended_lend gives the
 *                                     store its settings and the origin of its credentials
 *     credentials about to end        the store's chain asks the origin, on its own thread. The
 *                                     first chain to come asks the catalog, the others wait for its
 *                                     answer
 *
 * Threads   any.
 */
#ifndef MURR_SOURCE_ICEBERG_VENDED_H
#define MURR_SOURCE_ICEBERG_VENDED_H

#include "remote/identity/identity.h"
#include "source/iceberg/catalog_answer.h"

struct catalog;
struct vended;

/* catalog_renew, which catalog.h describes. It is not named here: a catalog may use stores itself. */
typedef enum code (*vended_renew_fn)(struct catalog *catalog, const char *table,
                                     const struct remote_op *op, struct catalog_answer *out,
                                     struct err *err);

/* Borrows catalog and table until the free, before which all stores that it lent to are closed. */
struct vended *vended_new(vended_renew_fn renew, struct catalog *catalog, const char *table);
void vended_free(struct vended *v); /* NULL is fine */

/* Take over what an answer has; its credentials are the newest. */
void vended_update(struct vended *v, const struct catalog_answer *a);

/* What was handed out for one prefix. It lives as long as `v`. */
struct vended_grant;

/* The grant with the longest prefix of the URI, "s3://bucket/path/file"; NULL: none, so that the
 * configuration alone holds. s3a:// and s3n:// are s3://. Cost: a comparison for each grant. */
const struct vended_grant *vended_find(struct vended *v, const char *uri);

/* The use of a grant by one store. Its place must not move while the store is open. */
struct vended_loan {
    struct vended *vended;
    const struct vended_grant *grant;
    unsigned n_seen; /* which of the grant's credentials the store got last; guarded by `vended` */
};

/*
 * Put what the grant says of the store into `config`, whose strings are owned and replaced, and fill
 * the loan. True if credentials come from `out_origin`; else they come from the configuration. For
 * s3_store_new.
 */
bool vended_lend(struct vended *v, const struct vended_grant *grant, struct s3_config *config,
                 struct vended_loan *out_loan, struct credentials_origin *out_origin);

#endif
