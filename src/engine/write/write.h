/*
 * A write: rows to upsert by key, keys to delete, or a change of the table itself. It waits in the
 * queue of its table until a writer thread takes it, alone or together with its neighbours. When it
 * is done it is on disk, and every snapshot taken from then on has it. A write that creates a table
 * waits in a queue of engine/lifecycle.c.
 */
#ifndef MURR_ENGINE_WRITE_WRITE_H
#define MURR_ENGINE_WRITE_WRITE_H

#include "base/err.h"
#include "base/view.h"
#include "model/schema.h"

enum write_verb {
    /* Rows. Each replaces the whole row of its key; a column that is left out becomes null, unless
     * rules.is_patch. */
    WRITE_UPSERT,
    WRITE_DELETE,  /* keys; those that do not exist are ignored */
    WRITE_COMPACT, /* no body: done when everything accepted before it is merged */
    WRITE_DROP,    /* no body: remove the table and its files */
    /* No body: make a table without a source, as `create` says. Fails E_EXISTS; E_INVALID for a bad
     * name or schema; E_NOSPACE, also when there are already as many tables as allowed. */
    WRITE_CREATE,
};

enum write_form {
    WRITE_JSON,    /* {"columns": {"id": [...], ...}}; for a delete {"keys": [...]} */
    WRITE_ARROW,   /* an IPC stream; columns by name */
    WRITE_PARQUET, /* a file; not for deletes */
    WRITE_BATCHES, /* structs of Arrow's C data interface, in this process; columns by name */
};

/* The owner keeps the bytes alive until `release` is called, once, from any thread. */
struct write_body {
    /* For WRITE_BATCHES `ptr` is NULL, and `len` estimates the size of the batches. */
    struct view bytes;
    const struct c_batches *batches; /* format/arrow/input.h; kept alive like the bytes */
    void (*release)(void *owner);    /* NULL: nothing to release */
    void *owner;
};

struct write_result {
    uint64_t n_rows; /* of the body */
};

/* Called once, from any thread of the engine, when the write is durable and readable, or has
 * failed. `err` has the sentence if rc is not OK. Must not block. */
typedef void (*write_done_fn)(void *arg, enum code rc, const struct write_result *result,
                              const struct err *err);

struct write_request {
    enum write_verb verb;
    enum write_form form;
    struct column_rules rules; /* for WRITE_UPSERT */
    struct write_body body;
    struct {
        const char *table;
        const struct schema *schema;
    } create; /* for WRITE_CREATE; borrowed until `done` */
    write_done_fn done;
    void *arg;
};

#endif
