/*
 * Rows (include/murr.h): writing, deleting and reading them.
 *
 * A write goes through the same queue as one over HTTP, and the calling thread waits for it. So
 * writes of several threads share an fsync, and Arrow structs of the caller can be borrowed: they
 * are read where they are, by a writer thread, while their owner waits. A read runs on the calling
 * thread, and its result owns the buffers that the rows were gathered into.
 */
#include "library/library_priv.h"

#include "base/mem.h"
#include "engine/store/answer.h"
#include "format/arrow/c_export.h"
#include "format/arrow/keys.h"

#include <stdio.h>

/* ------------------------------------------------------------------------------------- requests */

/* A thread that waits for a write. */
struct waiter {
    pthread_mutex_t lock;
    pthread_cond_t ended;
    bool is_ended;
    enum code rc;
    struct err *err;
};

/* A write_done_fn. The waiter is on the stack of the waiting thread, and must not be touched after
 * the unlock. */
static void end_waiting(void *arg, enum code rc, const struct write_result *result,
                        const struct err *err)
{
    struct waiter *w = arg;
    (void)result;
    pthread_mutex_lock(&w->lock);
    w->is_ended = true;
    w->rc = rc;
    if (rc)
        *w->err = *err;
    pthread_cond_signal(&w->ended);
    pthread_mutex_unlock(&w->lock);
}

enum code library_check_writable(const struct murr *db, const char *table, struct err *err)
{
    TRY(library_given(db, "db", err));
    TRY(library_given(table, "table", err));
    if (!db->registry)
        return err_set(err, E_INVALID, "data directory %s was opened read-only", db->data_dir);
    return OK;
}

enum code library_request(struct murr *db, const char *table, const struct write_request *request,
                          struct err *err)
{
    TRY(library_check_writable(db, table, err));
    struct waiter w = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, .err = err};
    struct write_request waited_for = *request;
    waited_for.done = end_waiting;
    waited_for.arg = &w;
    enum code rc = registry_write(db->registry, view_cstr(table), &waited_for, err);
    if (!rc) {
        pthread_mutex_lock(&w.lock);
        while (!w.is_ended)
            pthread_cond_wait(&w.ended, &w.lock);
        rc = w.rc;
        pthread_mutex_unlock(&w.lock);
    }
    pthread_cond_destroy(&w.ended);
    pthread_mutex_destroy(&w.lock);
    return rc;
}

enum murr_result murr_compact(struct murr *db, const char *table, char error[MURR_ERROR_BYTES])
{
    static const struct write_request compact = {.verb = WRITE_COMPACT};
    struct err err;
    return library_result(library_request(db, table, &compact, &err), &err, error);
}

/* ------------------------------------------------------------------------------------- writing */

/* Check the batches and add up their bytes before they wait in the queue, which is bounded by
 * bytes. */
must_use static enum code measure(const struct c_batches *batches, size_t *out_bytes,
                                  struct err *err)
{
    struct c_import *c;
    size_t bytes = 0, n_rows;
    TRY(c_import_open(batches->schema, 0, &c, err));
    enum code rc = OK;
    for (size_t i = 0; !rc && i < batches->n; i++) {
        rc = c_import_batch(c, &batches->arrays[i], &n_rows, err);
        bytes += rc ? 0 : (size_t)c_import_bytes(c);
    }
    c_import_close(c);
    *out_bytes = bytes;
    return rc;
}

must_use static enum code request_batches(struct murr *db, const char *table, enum write_verb verb,
                                          const struct c_batches *batches, struct err *err)
{
    struct write_request request = {.verb = verb, .form = WRITE_BATCHES, .body.batches = batches};
    TRY(measure(batches, &request.body.bytes.len, err));
    return library_request(db, table, &request, err);
}

must_use static enum code write_rows(struct murr *db, const char *table,
                                     const struct ArrowArray *rows,
                                     const struct ArrowSchema *schema, struct err *err)
{
    TRY(library_check_writable(db, table, err));
    TRY(library_given(rows, "rows", err));
    TRY(library_given(schema, "schema", err));
    return request_batches(db, table, WRITE_UPSERT, &(struct c_batches){schema, rows, 1}, err);
}

enum murr_result murr_write(struct murr *db, const char *table, const struct ArrowArray *rows,
                            const struct ArrowSchema *schema, char error[MURR_ERROR_BYTES])
{
    struct err err;
    return library_result(write_rows(db, table, rows, schema, &err), &err, error);
}

/* The batches of a stream. They are all held at once, since they are one write. */
struct gathered {
    struct ArrowSchema schema;
    struct ArrowArray *arrays;
    size_t n, cap;
};

static void gathered_done(struct gathered *g)
{
    for (size_t i = 0; i < g->n; i++)
        g->arrays[i].release(&g->arrays[i]);
    free(g->arrays);
    if (g->schema.release)
        g->schema.release(&g->schema);
}

must_use static enum code check_stream(struct ArrowArrayStream *s, int failed, struct err *err)
{
    const char *why = failed ? s->get_last_error(s) : NULL;
    return failed ? err_set(err, E_INVALID, "the stream of rows failed: %s (%d)",
                            why ? why : "it gives no reason", failed)
                  : OK;
}

must_use static enum code gather(struct ArrowArrayStream *s, struct gathered *g, struct err *err)
{
    TRY(check_stream(s, s->get_schema(s, &g->schema), err));
    for (;;) {
        struct ArrowArray next = {0};
        TRY(check_stream(s, s->get_next(s, &next), err));
        if (!next.release)
            return OK;
        if (g->n == g->cap) {
            g->cap = g->cap ? 2 * g->cap : 8;
            g->arrays = mem_realloc(g->arrays, g->cap * sizeof(*g->arrays));
        }
        g->arrays[g->n++] = next;
    }
}

must_use static enum code write_stream(struct murr *db, const char *table,
                                       struct ArrowArrayStream *rows, struct err *err)
{
    AUTO(gathered) struct gathered g = {0};
    TRY(library_check_writable(db, table, err));
    TRY(library_given(rows, "rows", err));
    if (!rows->release)
        return err_set(err, E_INVALID, "the stream of rows was already released");
    TRY(gather(rows, &g, err));
    return request_batches(db, table, WRITE_UPSERT, &(struct c_batches){&g.schema, g.arrays, g.n},
                           err);
}

enum murr_result murr_write_stream(struct murr *db, const char *table,
                                   struct ArrowArrayStream *rows, char error[MURR_ERROR_BYTES])
{
    struct err err;
    return library_result(write_stream(db, table, rows, &err), &err, error);
}

/* ---------------------------------------------------------------------------------------- keys */

/* Keys as a batch. A single key column may come as a plain array, and is wrapped into a struct
 * here. Everything is borrowed, so nothing is released. */
struct key_batch {
    struct c_batches batches;
    struct ArrowSchema schema, column;
    struct ArrowArray array;
    struct ArrowSchema *schemas[1];
    struct ArrowArray *arrays[1];
    const void *no_validity[1];
};

static void wrap(struct key_batch *b, const struct ArrowArray *keys,
                 const struct ArrowSchema *keys_schema, const char *name)
{
    b->column = *keys_schema;
    b->column.name = name;
    b->schemas[0] = &b->column;
    b->schema = (struct ArrowSchema){
        .format = "+s", .n_children = 1, .children = b->schemas, .release = keys_schema->release};
    b->arrays[0] = (struct ArrowArray *)keys; /* it is only read; Arrow's struct has no const */
    b->array = (struct ArrowArray){.length = keys->length,
                                   .n_buffers = 1,
                                   .n_children = 1,
                                   .buffers = b->no_validity,
                                   .children = b->arrays,
                                   .release = keys->release};
    b->batches = (struct c_batches){&b->schema, &b->array, 1};
}

must_use static enum code key_batch_init(struct key_batch *b, const struct ArrowArray *keys,
                                         const struct ArrowSchema *keys_schema,
                                         const struct schema *schema, struct err *err)
{
    *b = (struct key_batch){0};
    TRY(library_given(keys, "keys", err));
    TRY(library_given(keys_schema, "keys_schema", err));
    b->batches = (struct c_batches){keys_schema, keys, 1};
    bool is_batch = keys_schema->format && strcmp(keys_schema->format, "+s") == 0;
    if (!is_batch && schema->n_key == 1)
        wrap(b, keys, keys_schema, schema->fields[schema->key[0]].name);
    return OK;
}

must_use static enum code delete_rows(struct murr *db, const char *table,
                                      const struct ArrowArray *keys,
                                      const struct ArrowSchema *keys_schema, struct err *err)
{
    struct snapshot *s;
    struct key_batch b;
    TRY(library_check_writable(db, table, err));
    TRY(library_snapshot(db, table, &s, err));
    enum code rc = key_batch_init(&b, keys, keys_schema, snapshot_schema(s), err);
    if (!rc)
        rc = request_batches(db, table, WRITE_DELETE, &b.batches, err);
    snapshot_unref(s); /* not earlier: the batch borrows the name of the key column from it */
    return rc;
}

enum murr_result murr_delete(struct murr *db, const char *table, const struct ArrowArray *keys,
                             const struct ArrowSchema *keys_schema, char error[MURR_ERROR_BYTES])
{
    struct err err;
    return library_result(delete_rows(db, table, keys, keys_schema, &err), &err, error);
}

/* -------------------------------------------------------------------------------------- reading */

/* The arguments of a read. */
struct read_call {
    enum rows_wanted rows;
    const struct ArrowArray *keys;
    const struct ArrowSchema *keys_schema;
    const char *const *columns;
    size_t n_columns;
    struct ArrowArray *out_rows;
    struct ArrowSchema *out_schema;
};

must_use static enum code resolve(const struct read_call *r, const struct schema *schema,
                                  struct arena *arena, struct projection *out, struct err *err)
{
    struct view *names = arena_alloc(arena, r->n_columns * sizeof(*names));
    if (r->n_columns)
        TRY(library_given(r->columns, "columns", err));
    for (size_t i = 0; i < r->n_columns; i++) {
        TRY(library_given(r->columns[i], "a name of a column", err));
        names[i] = view_cstr(r->columns[i]);
    }
    return projection_resolve(schema, names, r->n_columns, arena, out, err);
}

/* The columns are inside the bytes of an encoded Arrow stream, whose other parts are not used.
 * Releasing the exported rows frees these bytes. */
static void export_rows(const struct ipc_stream *take_stream, size_t n_rows,
                        const struct read_call *r)
{
    c_export_schema(take_stream->columns, take_stream->n_columns, r->out_schema);
    c_export_batch(take_stream->columns, take_stream->n_columns, n_rows, free, take_stream->bytes,
                   r->out_rows);
}

must_use static enum code read_snapshot(const struct snapshot *s, const struct read_call *r,
                                        struct err *err)
{
    AUTO(arena) struct arena arena = {0};
    struct key_batch batch;
    struct key_list keys;
    struct projection projection;
    struct answer answer;
    TRY(key_batch_init(&batch, r->keys, r->keys_schema, snapshot_schema(s), err));
    TRY(arrow_keys_import(&batch.batches, snapshot_schema(s), UINT32_MAX, &arena, &keys, err));
    TRY(resolve(r, snapshot_schema(s), &arena, &projection, err));
    const struct answer_request wanted = {
        .keys = keys, .columns = &projection, .rows = r->rows, .max_bytes = ANSWER_BYTES_MAX};
    TRY(answer_read(s, &wanted, &arena, &answer, err));
    export_rows(&answer.stream, answer.n_rows, r);
    return OK;
}

must_use static enum code read_table(struct murr *db, const char *table, const struct read_call *r,
                                     struct err *err)
{
    struct snapshot *s;
    TRY(library_given(r->out_rows, "out_rows", err));
    TRY(library_given(r->out_schema, "out_schema", err));
    TRY(library_snapshot(db, table, &s, err));
    enum code rc = read_snapshot(s, r, err);
    snapshot_unref(s);
    return rc;
}

enum murr_result murr_read(struct murr *db, const char *table, const struct ArrowArray *keys,
                           const struct ArrowSchema *keys_schema, const char *const *columns,
                           size_t n_columns, struct ArrowArray *out_rows,
                           struct ArrowSchema *out_schema, char error[MURR_ERROR_BYTES])
{
    const struct read_call r = {ROWS_OF_ALL_KEYS, keys,     keys_schema, columns,
                                n_columns,        out_rows, out_schema};
    struct err err;
    return library_result(read_table(db, table, &r, &err), &err, error);
}

enum murr_result murr_read_found(struct murr *db, const char *table, const struct ArrowArray *keys,
                                 const struct ArrowSchema *keys_schema, const char *const *columns,
                                 size_t n_columns, struct ArrowArray *out_rows,
                                 struct ArrowSchema *out_schema, char error[MURR_ERROR_BYTES])
{
    const struct read_call r = {ROWS_OF_FOUND_KEYS, keys,     keys_schema, columns,
                                n_columns,          out_rows, out_schema};
    struct err err;
    return library_result(read_table(db, table, &r, &err), &err, error);
}
