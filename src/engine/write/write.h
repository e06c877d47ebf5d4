/*
 * What a write is: a body of rows to upsert by key, or of keys to delete. It waits in the queue of its table
 * until a writer thread takes it, alone or together with its neighbours; when it is done it is on disk, and
 * every snapshot taken from then on has it. To create a table is one, too, which waits in the queue of the registry.
 */
#ifndef MURR_ENGINE_WRITE_WRITE_H
#define MURR_ENGINE_WRITE_WRITE_H

#include "base/err.h"
#include "base/view.h"
#include "model/schema.h"

enum write_verb {
    WRITE_UPSERT, /* rows; a row replaces the one of its key whole: a column left out becomes null */
    WRITE_DELETE,  /* keys; absent ones are no error */
    WRITE_COMPACT, /* no body: done when everything accepted before is in one segment a part */
    WRITE_DROP,    /* no body: the table and its files */
    WRITE_CREATE, /* no body: a table that has no source, by `create`. Fails E_EXISTS; E_INVALID for a name or schema
                     that a table cannot have; E_NOSPACE, also where there are as many tables as may be */
};

enum write_form {
    WRITE_JSON,    /* {"columns": {"id": [...], ...}}; of a delete {"keys": [...]} */
    WRITE_ARROW,   /* an IPC stream; columns by name */
    WRITE_PARQUET, /* a file; not for deletes */
    WRITE_BATCHES, /* structs of Arrow's C data interface, of this process; columns by name */
};

/* Bytes that somebody keeps until they are released, once, from any thread. */
struct write_body {
    struct view bytes; /* of WRITE_BATCHES: none, but `len` says about how many they are */
    const struct c_batches *batches; /* format/arrow/input.h; kept in the same way */
    void (*release)(void *owner);    /* NULL: nothing to release */
    void *owner;
};

struct write_result {
    uint64_t n_rows; /* of the body */
};

/* Called once, from a writer thread, when the write is durable and readable, or has failed. `err` holds the
 * sentence where rc is not OK. Must not block. */
typedef void (*write_done_fn)(void *arg, enum code rc, const struct write_result *result,
                              const struct err *err);

struct write_request {
    enum write_verb verb;
    enum write_form form;
    struct column_rules rules; /* of WRITE_UPSERT */
    struct write_body body;
    struct {
        const char *table; /* these live until it is done */
        const struct schema *schema;
    } create;
    write_done_fn done;
    void *arg;
};

#endif
