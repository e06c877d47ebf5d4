#include "api/api_priv.h"

#include "api/negotiate.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/suggest.h"
#include "format/arrow/ipc_writer.h"
#include "format/json/batch.h"
#include "format/json/fetch_request.h"

/*
 * A fetch, step by step:
 *
 *   Accept    -> JSON or Arrow               api/negotiate.c
 *   table     -> a snapshot, held to the end engine/registry.c
 *   body      -> keys and names of columns   format/json/fetch_request.c
 *   names     -> fields of the schema        resolve_columns
 *   keys      -> rows                        snapshot_find
 *   sizes     -> the whole Arrow stream      format/arrow/ipc_writer.c
 *   rows      -> values, in the stream       found_gather
 *
 * The stream is the answer; for JSON its columns are printed from there, so that both forms have
 * one layout and one limit.
 */
static const size_t answer_bytes_max = 1u << 30;
static const size_t many_columns = 32; /* from here on names are found by hash */

struct fetch {
    struct call *call;
    enum answer_form form;
    enum batch_shape shape;
    struct snapshot *snapshot;
    const struct schema *schema;
    struct fetch_request request;
    size_t *fields; /* of the schema, in the order of the answer */
    size_t n_fields;
    const struct found_rows *rows;
};

/* Fields by name, for requests that name many columns of a wide table. */
struct name_index {
    const struct schema *schema;
    uint32_t *slots; /* field + 1; 0: empty */
    size_t mask;
};

static size_t index_slot(const struct name_index *x, struct view name)
{
    size_t slot = hash_key(name, 0) & x->mask;
    while (x->slots[slot] && !view_eq_cstr(name, x->schema->fields[x->slots[slot] - 1].name))
        slot = (slot + 1) & x->mask;
    return slot;
}

static struct name_index index_names(const struct schema *s, struct arena *arena)
{
    size_t n_slots = 16;
    while (n_slots < 2 * s->n_fields)
        n_slots *= 2;
    struct name_index x = {s, arena_zalloc(arena, n_slots * sizeof(*x.slots)), n_slots - 1};
    for (size_t i = 0; i < s->n_fields; i++)
        x.slots[index_slot(&x, view_cstr(s->fields[i].name))] = (uint32_t)i + 1;
    return x;
}

static enum code unknown_column(const struct schema *s, struct view name, struct err *err)
{
    char shown[120], hint[SUGGEST_CAP];
    struct suggest close = suggest_init(name);
    for (size_t i = 0; i < s->n_fields; i++)
        suggest_offer(&close, s->fields[i].name);
    return err_set(err, E_INVALID, "unknown column '%s'%s",
                   view_printable(name, shown, sizeof(shown)), suggest_text(&close, hint));
}

static void take_all_but_key(struct fetch *f)
{
    for (size_t i = 0; i < f->schema->n_fields; i++)
        if (!schema_is_key(f->schema, i))
            f->fields[f->n_fields++] = i;
}

must_use static enum code resolve_columns(struct fetch *f, struct err *err)
{
    const struct schema *s = f->schema;
    struct arena *arena = f->call->req->arena;
    size_t n = f->request.n_columns;
    f->fields = arena_alloc(arena, (n ? n : s->n_fields) * sizeof(*f->fields));
    if (n == 0) {
        take_all_but_key(f);
        return OK;
    }
    bool *asked = arena_zalloc(arena, s->n_fields * sizeof(*asked));
    struct name_index index = {0};
    if (n >= many_columns)
        index = index_names(s, arena);
    for (size_t i = 0; i < n; i++) {
        struct view name = f->request.columns[i];
        ptrdiff_t field = index.slots ? (ptrdiff_t)index.slots[index_slot(&index, name)] - 1
                                      : schema_find(s, name);
        char shown[120];
        if (field < 0)
            return unknown_column(s, name, err);
        if (asked[field])
            return err_set(err, E_INVALID, "column '%s' is asked for twice",
                           view_printable(name, shown, sizeof(shown)));
        asked[field] = true;
        f->fields[f->n_fields++] = (size_t)field;
    }
    return OK;
}

must_use static enum code describe_fields(const struct fetch *f, struct ipc_field *out,
                                          struct err *err)
{
    for (size_t i = 0; i < f->n_fields; i++) {
        const struct field *field = &f->schema->fields[f->fields[i]];
        out[i] = (struct ipc_field){.name = field->name, .dtype = field->dtype};
        if (field->dtype == DT_UTF8)
            TRY(found_utf8_bytes(f->rows, f->fields[i], &out[i].utf8_bytes, err));
    }
    return OK;
}

must_use static enum code gather(const struct fetch *f, struct ipc_stream *out, struct err *err)
{
    struct arena *arena = f->call->req->arena;
    struct ipc_field *fields = arena_alloc(arena, f->n_fields * sizeof(*fields));
    TRY(describe_fields(f, fields, err));
    TRY(ipc_plan(fields, f->n_fields, f->request.keys.n, answer_bytes_max, arena, out, err));
    for (size_t i = 0; i < f->n_fields; i++)
        found_gather(f->rows, f->fields[i], &out->columns[i]);
    ipc_finish(out);
    return OK;
}

static void answer_arrow(const struct fetch *f, struct ipc_stream *take_stream)
{
    struct http_response *res = f->call->res;
    res->status = 200;
    res->content_type = f->form == ANSWER_ARROW ? IPC_CONTENT_TYPE : "application/octet-stream";
    res->body = take_stream->bytes;
    res->body_len = take_stream->len;
}

static void answer_json(const struct fetch *f, struct ipc_stream *take_stream)
{
    struct buf body = {0};
    const struct batch batch = {take_stream->columns, take_stream->n_columns, f->request.keys.n};
    json_put_batch(&body, &batch, f->shape);
    ipc_stream_done(take_stream);
    reply_json(f->call, 200, &body);
}

static void count_fetch(const struct fetch *f, uint64_t start_ns)
{
    const struct api *api = f->call->api;
    const struct table_metrics *t = api_table_metrics(api, f->call->captures[0]);
    size_t n_absent = found_n_absent(f->rows);
    histogram_observe(api->count.fetch_keys, f->request.keys.n);
    counter_add(api->count.response_bytes, f->call->res->body_len);
    if (!t)
        return;
    counter_add(t->cells_found, (f->request.keys.n - n_absent) * f->n_fields);
    counter_add(t->cells_missing, n_absent * f->n_fields);
    histogram_observe(f->form == ANSWER_JSON ? t->fetch_json : t->fetch_arrow,
                      clock_mono_ns() - start_ns);
}

/* All that needs the snapshot. */
must_use static enum code read_rows(struct fetch *f, struct err *err)
{
    const struct api_config *config = &f->call->api->config;
    const struct http_request *req = f->call->req;
    const struct fetch_limits limits = {config->max_keys, config->max_columns};
    struct ipc_stream stream;
    f->schema = snapshot_schema(f->snapshot);
    TRY(fetch_request_parse(req->body, f->schema, &limits, req->arena, &f->request, err));
    TRY(resolve_columns(f, err));
    f->rows = snapshot_find(f->snapshot, f->request.keys, req->arena);
    TRY(gather(f, &stream, err));
    if (f->form == ANSWER_JSON)
        answer_json(f, &stream);
    else
        answer_arrow(f, &stream);
    return OK;
}

must_use static enum code fetch(struct fetch *f, struct err *err)
{
    struct call *call = f->call;
    if (call->req->body_too_large)
        return err_set(err, E_LIMIT, "the body is larger than server.max_body_bytes allows");
    TRY(registry_snapshot(call->api->config.registry, call->captures[0], &f->snapshot, err));
    uint64_t start_ns = clock_mono_ns();
    enum code rc = read_rows(f, err);
    if (rc == OK)
        count_fetch(f, start_ns);
    snapshot_unref(f->snapshot);
    return rc;
}

static void run_fetch(struct call *call, enum batch_shape shape)
{
    struct fetch f = {.call = call, .shape = shape};
    struct err err = {0};
    reply_header(call, "Vary", "Accept");
    if (!negotiate_rows(http_request_header(call->req, "Accept"), &f.form)) {
        reply_status(call, status_not_acceptable,
                     "Accept allows neither application/json nor " IPC_CONTENT_TYPE);
        return;
    }
    enum code rc = fetch(&f, &err);
    if (rc)
        reply_error(call, rc, &err);
}

void fetch_list(struct call *call)
{
    run_fetch(call, BATCH_LIST);
}

void fetch_map(struct call *call)
{
    run_fetch(call, BATCH_MAP);
}
