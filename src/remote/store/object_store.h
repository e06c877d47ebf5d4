/*
 * Where partitions come from: a tree of immutable objects with names like "2026-11-22/part-0.parquet",
 * which one can list, ask about and read in ranges. `local` is a folder, `s3` a bucket and prefix.
 *
 * Threads   any, on one store too. What is started on one thread may be finished on another.
 */
#ifndef MURR_REMOTE_STORE_OBJECT_STORE_H
#define MURR_REMOTE_STORE_OBJECT_STORE_H

#include "base/view.h"
#include "remote/op.h"

struct object_info {
    char *name; /* below the root of the store */
    uint64_t size;
    char *version;       /* changes when the content does: ETag, or time of modification; opaque */
    int64_t modified_ms; /* wall clock */
    int unreadable;      /* errno of a name that is there and cannot be looked at; 0: it can */
};

void object_info_done(struct object_info *info);

/* Zeroed memory is empty. */
struct object_list {
    struct object_info *objects; /* sorted by name, bytewise */
    size_t n_objects;
    char **folders; /* with their '/' at the end; sorted */
    size_t n_folders;
};

void object_list_done(struct object_list *list);

/* Bytes of an object, and where they go. */
struct byte_range {
    uint64_t offset, len;
    uint8_t *out;
    bool is_suffix; /* it is the end of the object: asked for as such, which also checks the size */
};

struct object;      /* one object, opened for reading in the version it was listed with */
struct object_read; /* ranges that are on their way */

struct object_store {
    const struct object_store_ops *ops;
    char *shown;    /* for messages: "/data/features", "s3://bucket/prefix/" */
    char *identity; /* which store it is: two with equal objects are still two */
    bool is_far;    /* a read takes long however short it is: start the next ones early */
};

struct object_store_ops {
    const char *kind; /* "local", "s3" */
    enum code (*list)(struct object_store *s, const char *folder, const char *from,
                      const struct remote_op *op, struct object_list *out, struct err *err);
    enum code (*stat)(struct object_store *s, const char *name, const struct remote_op *op,
                      struct object_info *out, struct err *err);
    enum code (*open)(struct object_store *s, const struct object_info *info, struct object **out,
                      struct err *err);
    void (*close_object)(struct object *o);
    struct object_read *(*read_start)(struct object *o, const struct byte_range *ranges, size_t n,
                                      const struct remote_op *op);
    enum code (*read_finish)(struct object_read *r, struct err *err);
    void (*close)(struct object_store *s);
};

struct object {
    struct object_store *store;
};

struct object_read {
    struct object_store *store;
};

void object_store_close(struct object_store *s);

/*
 * What lies directly in `folder` ("" or "2026-11-22/"), from the name `from` on where it is not NULL; names
 * below folders are not listed.
 *
 * Fails E_NOTFOUND when the store itself is not there; E_IO; E_CANCELLED, E_TIMEOUT by `op`.
 */
must_use enum code object_store_list(struct object_store *s, const char *folder, const char *from,
                                     const struct remote_op *op, struct object_list *out_list,
                                     struct err *err);

/* Fails E_NOTFOUND. */
must_use enum code object_store_stat(struct object_store *s, const char *name,
                                     const struct remote_op *op, struct object_info *out_info,
                                     struct err *err);

/*
 * Open the object in the version that `info` says. Borrows   info, until it is closed.
 * Fails E_CHANGED when it is gone or another one by now; so do reads, later.
 */
must_use enum code object_open(struct object_store *s, const struct object_info *info,
                               struct object **out_object, struct err *err);
void object_close(struct object *o);

/* Begin to read; at most of the ranges' memory is written before _finish returns. Borrows the ranges only
 * for the call, their memory and `op` until _finish. */
must_use struct object_read *object_read_start(struct object *o, const struct byte_range *ranges,
                                               size_t n, const struct remote_op *op);

/* Wait for all of it, and free it. Fails E_CHANGED, E_IO, E_CANCELLED, E_TIMEOUT. */
must_use enum code object_read_finish(struct object_read *take_read, struct err *err);

/* Both in one. */
must_use enum code object_read_now(struct object *o, const struct byte_range *ranges, size_t n,
                                   const struct remote_op *op, struct err *err);

/* For stores: append to a list. object_store_list puts it in order. */
void object_list_add(struct object_list *list, const struct object_info *take_info);
void object_list_add_folder(struct object_list *list, const char *name);

#endif
