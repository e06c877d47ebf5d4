#include "api/http/api_priv.h"

#include "api/http/negotiate.h"
#include "base/clock.h"
#include "engine/store/answer.h"
#include "format/arrow/ipc_reader.h"
#include "format/arrow/keys.h"
#include "format/json/batch.h"
#include "format/json/fetch_request.h"

static const size_t json_values_max = ANSWER_BYTES_MAX / 4 / sizeof(float);

/*
 * A fetch, step by step:
 *
 *   Accept    -> JSON or Arrow               api/http/negotiate.c
 *   table     -> a snapshot, held to the end engine/registry.c
 *   body      -> keys and names of columns   format/json/fetch_request.c, format/arrow/keys.c
 *   names     -> fields of the schema        engine/store/projection.c
 *   keys      -> rows                        segment/find.c
 *   sizes     -> the whole Arrow stream      format/arrow/ipc_writer.c, by engine/store/answer.c
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
    bool
        only_present; /* a row for each key that exists, with its position: the published client's form */
    struct projection columns;
    size_t n_rows, n_absent;
    uint64_t parse_ns, encode_ns; /* of the body; of the answer, without the gather */
    struct answer_timing timing;
};

static void answer_arrow(const struct fetch *f, struct ipc_stream *take_stream)
{
    struct http_response *res = f->call->res;
    res->status = 200;
    res->content_type = f->form == ANSWER_ARROW ? IPC_CONTENT_TYPE : "application/octet-stream";
    res->body = take_stream->bytes;
    res->body_len = take_stream->len;
}

/* Values that stand in an answer, elements of lists among them. */
static size_t count_values(const struct ipc_stream *s)
{
    size_t n = 0;
    for (size_t i = 0; i < s->n_columns; i++)
        n += s->columns[i].n_rows + (s->columns[i].child ? s->columns[i].child->n_rows : 0);
    return n;
}

/* Booleans take two bits as Arrow, and up to six bytes here. */
must_use static enum code answer_json(const struct fetch *f, struct ipc_stream *take_stream,
                                      struct err *err)
{
    struct buf body = {0};
    size_t n_values = count_values(take_stream);
    if (n_values > json_values_max) {
        ipc_stream_done(take_stream);
        return err_set(err, E_LIMIT, "the answer would have %zu values, in JSON at most %zu fit",
                       n_values, json_values_max);
    }
    const struct batch batch = {take_stream->columns, take_stream->n_columns, f->n_rows};
    json_put_batch(&body, &batch, f->shape);
    ipc_stream_done(take_stream);
    reply_json(f->call, 200, &body);
    return OK;
}

static void count_fetch(const struct fetch *f, uint64_t start_ns)
{
    const struct api *api = f->call->api;
    size_t n_fields = f->columns.n_fields;
    const struct fetch_count count = {
        .is_json = f->form == ANSWER_JSON,
        .ns = clock_mono_ns() - start_ns,
        .cells_found = (f->request.keys.n - f->n_absent) * n_fields,
        .cells_missing = f->n_absent * n_fields,
    };
    histogram_observe(api->count.fetch_keys, f->request.keys.n);
    counter_add(api->count.response_bytes, f->call->res->body_len);
    table_metrics_fetch(api->count.tables, f->call->captures[0], &count);
}

/* Names of columns that came in the query, where the body has no room for them: ?columns=a,b */
static void take_query_columns(struct fetch *f)
{
    const struct http_request *req = f->call->req;
    struct http_values lists = http_request_query_values(req, "columns");
    size_t n = 0, most = 0;
    for (size_t i = 0; i < lists.n; i++)
        most += lists.values[i].len + 1;
    struct view *names = arena_alloc(req->arena, most * sizeof(*names));
    for (size_t i = 0; i < lists.n; i++) {
        struct view rest = lists.values[i];
        while (rest.len) {
            const uint8_t *comma = memchr(rest.ptr, ',', rest.len);
            size_t len = comma ? (size_t)(comma - rest.ptr) : rest.len;
            names[n++] = view_of(rest.ptr, len);
            rest = view_of(rest.ptr + len + (comma != NULL), rest.len - len - (comma != NULL));
        }
    }
    f->request.columns = names;
    f->request.n_columns = n;
}

/*
 * The published client names the columns in the metadata of the stream's schema, and takes an answer with the keys
 * that exist alone. Others name them in the query.
 */
must_use static enum code take_arrow_columns(struct fetch *f, const struct fetch_limits *limits,
                                             struct err *err)
{
    struct ipc_limits memory = ipc_limits_default();
    struct ipc_reader *reader;
    struct view names;
    TRY(ipc_reader_open(f->call->req->body, &memory, &reader, err));
    f->only_present = f->shape == BATCH_MAP && ipc_reader_metadata(reader, "columns", &names);
    ipc_reader_close(reader); /* names are in the body */
    if (f->only_present)
        return fetch_names_parse(names, limits->max_columns, f->call->req->arena,
                                 &f->request.columns, &f->request.n_columns, err);
    take_query_columns(f);
    if (f->request.n_columns > limits->max_columns)
        return err_set(err, E_LIMIT, "more than %zu columns in one request", limits->max_columns);
    return OK;
}

must_use static enum code parse_body(struct fetch *f, struct err *err)
{
    const struct api_config *config = &f->call->api->config;
    const struct http_request *req = f->call->req;
    const struct schema *schema = snapshot_schema(f->snapshot);
    const struct fetch_limits limits = {config->max_keys, config->max_columns};
    const char *type = http_request_header(req, "Content-Type");
    if (!negotiate_is_type(type, IPC_CONTENT_TYPE) &&
        !negotiate_is_type(type, IPC_FILE_CONTENT_TYPE)) {
        if (http_request_query(req, "columns"))
            return err_set(err, E_INVALID,
                           "?columns= is for Arrow bodies; a JSON body has \"columns\" inside");
        return fetch_request_parse(req->body, schema, &limits, req->arena, &f->request, err);
    }
    TRY(take_arrow_columns(f, &limits, err));
    return arrow_keys_read(req->body, schema, limits.max_keys, req->arena, &f->request.keys, err);
}

/* Milliseconds, as Server-Timing has them: https://www.w3.org/TR/server-timing/ */
static void put_timing(struct fetch *f)
{
    const struct answer_timing *t = &f->timing;
    const struct {
        const char *name;
        uint64_t ns;
    } steps[] = {{"parse", f->parse_ns},
                 {"lookup", t->find_ns},
                 {"gather", t->gather_ns},
                 {"encode", t->plan_ns + f->encode_ns}};
    struct buf text = {0};
    for (size_t i = 0; i < 4; i++)
        buf_printf(&text, "%s%s;dur=%llu.%03llu", i ? ", " : "", steps[i].name,
                   (unsigned long long)(steps[i].ns / 1000000),
                   (unsigned long long)(steps[i].ns / 1000 % 1000));
    reply_header(f->call, "Server-Timing", arena_strndup(f->call->req->arena, text.ptr, text.len));
    buf_done(&text);
}

/* Printed, numbers take up to four times as many bytes. */
static size_t answer_bytes_max(const struct fetch *f)
{
    return f->form == ANSWER_JSON ? ANSWER_BYTES_MAX / 4 : ANSWER_BYTES_MAX;
}

must_use static enum code read_answer(struct fetch *f, struct ipc_stream *out, struct err *err)
{
    struct arena *arena = f->call->req->arena;
    struct key_list keys = f->request.keys;
    size_t max_bytes = answer_bytes_max(f);
    f->n_rows = keys.n;
    if (!f->only_present)
        return answer_read(f->snapshot, keys, &f->columns, max_bytes, arena, out, &f->n_absent,
                           &f->timing, err);
    TRY(answer_read_present(f->snapshot, keys, &f->columns, max_bytes, arena, out, &f->n_rows,
                            &f->timing, err));
    f->n_absent = keys.n - f->n_rows;
    return OK;
}

/* No names in the published client's form are no columns, else all but the key. */
must_use static enum code resolve_columns(struct fetch *f, struct err *err)
{
    if (f->only_present && f->request.n_columns == 0)
        return OK;
    return projection_resolve(snapshot_schema(f->snapshot), f->request.columns,
                              f->request.n_columns, f->call->req->arena, &f->columns, err);
}

/* All that needs the snapshot. */
must_use static enum code read_rows(struct fetch *f, struct err *err)
{
    struct ipc_stream stream;
    uint64_t start_ns = clock_mono_ns();
    TRY(parse_body(f, err));
    TRY(resolve_columns(f, err));
    f->parse_ns = clock_mono_ns() - start_ns;
    TRY(read_answer(f, &stream, err));
    start_ns = clock_mono_ns();
    if (f->form == ANSWER_JSON)
        TRY(answer_json(f, &stream, err));
    else
        answer_arrow(f, &stream);
    f->encode_ns = clock_mono_ns() - start_ns;
    put_timing(f);
    return OK;
}

must_use static enum code fetch(struct fetch *f, struct err *err)
{
    struct call *call = f->call;
    TRY(check_body(call, err));
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
    if (call->req->too_many_answers) {
        reply_header(call, "Retry-After", "1");
        reply_status(call, status_overloaded,
                     "too many bytes of answers wait for their clients (server.max_answer_bytes)");
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
