/*
 * An object store: a tree of objects with names like "2026-11-22/part-0.parquet", which can be
 * listed, asked about, and read in ranges. `local` is a folder, `s3` a bucket and a prefix.
 *
 * Threads   any, also several at a time on one store. A read started on one thread may be finished
 *           on another.
 */
#ifndef MURR_REMOTE_STORE_OBJECT_STORE_H
#define MURR_REMOTE_STORE_OBJECT_STORE_H

#include "base/buf.h"
#include "remote/op.h"

struct object_info {
    char *name; /* relative to the root of the store */
    uint64_t size;
    /* Opaque; changes when the content does: an ETag, or inode and times. "": nobody asked. */
    char *version;
    int64_t modified_ms; /* wall clock of the store */
    int unreadable;      /* errno if the name exists but cannot be looked at; else 0 */
};

void object_info_done(struct object_info *info);

/* Zeroed memory is empty. */
struct object_list {
    struct object_info *objects; /* sorted by name, bytewise */
    size_t n_objects;
    char **folders; /* with '/' at the end; sorted */
    size_t n_folders;
};

void object_list_done(struct object_list *list);

/* Bytes of an object, and where to put them. */
struct byte_range {
    uint64_t offset, len;
    uint8_t *out;
    bool is_suffix; /* the end of the object; asked for as such, which also checks the size */
};

struct object;      /* an object, opened in the version that was listed */
struct object_read; /* a read under way, of one or several ranges */

struct object_store {
    const struct object_store_ops *ops;
    char *shown;    /* for messages: "/data/features", "s3://bucket/prefix/" */
    char *identity; /* two stores are the same if their identities are equal */
    bool is_far;    /* even a short read takes long, so reads should be started early */
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
 * List what is directly in `folder` ("" or "2026-11-22/"), without the content of its subfolders.
 * With `from`, only names from that one on. The caller calls object_list_done.
 *
 * Fails     E_NOTFOUND if the store itself does not exist; E_IO; E_CANCELLED, E_TIMEOUT by `op`. A
 *           folder that does not exist is empty.
 */
must_use enum code object_store_list(struct object_store *s, const char *folder, const char *from,
                                     const struct remote_op *op, struct object_list *out_list,
                                     struct err *err);

/* Ask about one object. The caller calls object_info_done. Fails E_NOTFOUND. */
must_use enum code object_store_stat(struct object_store *s, const char *name,
                                     const struct remote_op *op, struct object_info *out_info,
                                     struct err *err);

/*
 * Open the object in the version of `info`, which is borrowed until the close. If that is "", it is
 * opened in the version that its first read finds, which must end before others begin.
 *
 * Fails     E_CHANGED, as reads do, if the object is gone or has another version or size.
 */
must_use enum code object_open(struct object_store *s, const struct object_info *info,
                               struct object **out_object, struct err *err);
void object_close(struct object *o);

/* Start to read. Borrows the ranges for the call; their memory, the object and `op` until
 * object_read_finish. */
must_use struct object_read *object_read_start(struct object *o, const struct byte_range *ranges,
                                               size_t n, const struct remote_op *op);

/* Wait until the read has ended, and free it. Fails E_CHANGED, E_IO, E_CANCELLED, E_TIMEOUT. */
must_use enum code object_read_finish(struct object_read *take_read, struct err *err);

/* Start and finish. */
must_use enum code object_read_now(struct object *o, const struct byte_range *ranges, size_t n,
                                   const struct remote_op *op, struct err *err);

/* Open, read all of it, and close. Fails E_LIMIT if the object is longer than `max_bytes`. */
must_use enum code object_read_all(struct object_store *s, const struct object_info *info,
                                   uint64_t max_bytes, const struct remote_op *op, struct buf *out,
                                   struct err *err);

/* For stores: append to a list. object_store_list sorts it afterwards. */
void object_list_add(struct object_list *list, const struct object_info *take_info);
void object_list_add_folder(struct object_list *list, const char *name);

#endif
