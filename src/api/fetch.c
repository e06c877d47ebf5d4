#include "api/api_priv.h"

#include "api/negotiate.h"
#include "base/clock.h"
#include "engine/answer.h"
#include "format/json/batch.h"
#include "format/json/fetch_request.h"

/*
 * A fetch, step by step:
 *
 *   Accept    -> JSON or Arrow               api/negotiate.c
 *   table     -> a snapshot, held to the end engine/registry.c
 *   body      -> keys and names of columns   format/json/fetch_request.c
 *   names     -> fields of the schema        engine/projection.c
 *   keys      -> rows                        segment/find.c
 *   sizes     -> the whole Arrow stream      format/arrow/ipc_writer.c, by engine/answer.c
 *   rows      -> values, in the stream       segment/gather.c
 *
 * The stream is the answer; for JSON its columns are printed from there, so that both forms have
 * one layout and one limit.
 */
struct fetch {
    struct call *call;
    enum answer_form form;
    enum batch_shape shape;
    struct snapshot *snapshot;
    struct fetch_request request;
    struct projection columns;
    size_t n_absent;
};

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
    size_t n_fields = f->columns.n_fields;
    histogram_observe(api->count.fetch_keys, f->request.keys.n);
    counter_add(api->count.response_bytes, f->call->res->body_len);
    if (!t)
        return;
    counter_add(t->cells_found, (f->request.keys.n - f->n_absent) * n_fields);
    counter_add(t->cells_missing, f->n_absent * n_fields);
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
    const struct schema *schema = snapshot_schema(f->snapshot);
    TRY(fetch_request_parse(req->body, schema, &limits, req->arena, &f->request, err));
    TRY(projection_resolve(schema, f->request.columns, f->request.n_columns, req->arena,
                           &f->columns, err));
    TRY(answer_read(f->snapshot, f->request.keys, &f->columns, ANSWER_BYTES_MAX, req->arena,
                    &stream, &f->n_absent, err));
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
