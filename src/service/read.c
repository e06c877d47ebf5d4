#include "service/read.h"

#include "base/clock.h"
#include "base/mem.h"
#include "engine/store/answer.h"
#include "format/arrow/ipc_reader.h"
#include "format/arrow/keys.h"
#include "format/json/fetch_request.h"
#include "engine/registry.h"
#include "service/service_priv.h"

#include <assert.h>

/*
 * A read, step by step:
 *
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
static const size_t json_values_max = ANSWER_BYTES_MAX / 4 / sizeof(float);

struct reading {
    const struct service *service;
    const struct read_request *request;
    struct arena *arena; /* for all that must live until the answer is sent */
    struct snapshot *snapshot;
    struct fetch_request wanted;
    bool only_present; /* a row for each key that exists, with its position */
    struct projection columns;
    struct answer answer; /* but for its stream, which `encode` takes */
};

must_use static enum code take_arrow_columns(struct reading *r, const struct ipc_reader *stream,
                                             const struct fetch_limits *limits, struct err *err)
{
    struct view names; /* in the body */
    r->only_present =
        r->request->takes_named_columns && ipc_reader_metadata(stream, "columns", &names);
    if (r->only_present)
        return fetch_names_parse(names, limits->max_columns, r->arena, &r->wanted.columns,
                                 &r->wanted.n_columns, err);
    r->wanted.columns = r->request->columns;
    r->wanted.n_columns = r->request->n_columns;
    if (r->wanted.n_columns > limits->max_columns)
        return err_set(err, E_LIMIT, "more than %zu columns in one request", limits->max_columns);
    return OK;
}

must_use static enum code parse_body(struct reading *r, struct err *err)
{
    const struct service_config *config = &r->service->config;
    const struct schema *schema = snapshot_schema(r->snapshot);
    const struct fetch_limits limits = {config->max_keys, config->max_columns};
    struct view body = r->request->body;
    if (r->request->keys_form == KEYS_JSON)
        return fetch_request_parse(body, schema, &limits, r->arena, &r->wanted, err);
    struct ipc_reader *stream;
    TRY(arrow_keys_open(body, &stream, err));
    enum code rc = take_arrow_columns(r, stream, &limits, err);
    if (!rc)
        rc = arrow_keys_read(stream, schema, limits.max_keys, r->arena, &r->wanted.keys, err);
    ipc_reader_close(stream);
    return rc;
}

/* If the body names its columns, an empty list means no columns. Otherwise it means all columns
 * except the key. */
must_use static enum code resolve_columns(struct reading *r, struct err *err)
{
    if (r->only_present && r->wanted.n_columns == 0)
        return OK;
    return projection_resolve(snapshot_schema(r->snapshot), r->wanted.columns, r->wanted.n_columns,
                              r->arena, &r->columns, err);
}

must_use static enum code read_stream(struct reading *r, struct err *err)
{
    bool is_json = r->request->answer_form == ANSWER_JSON;
    const struct answer_request wanted = {
        .keys = r->wanted.keys,
        .columns = &r->columns,
        .rows = r->only_present ? ROWS_OF_FOUND_KEYS : ROWS_OF_ALL_KEYS,
        /* Numbers take up to four times as many bytes in JSON as in Arrow. */
        .max_bytes = is_json ? ANSWER_BYTES_MAX / 4 : ANSWER_BYTES_MAX,
        .is_timed = true,
    };
    return answer_read(r->snapshot, &wanted, r->arena, &r->answer, err);
}

/* The number of values in an answer, including elements of lists. */
static size_t count_values(const struct ipc_stream *s)
{
    size_t n = 0;
    for (size_t i = 0; i < s->n_columns; i++)
        n += s->columns[i].n_rows + (s->columns[i].child ? s->columns[i].child->n_rows : 0);
    return n;
}

/* The limit is on values, not bytes: a boolean takes two bits in Arrow and up to six bytes in
 * JSON. */
must_use static enum code print_json(struct reading *r, struct read_answer *out, struct err *err)
{
    struct buf body = {0};
    struct ipc_stream *stream = &r->answer.stream;
    size_t n_values = count_values(stream);
    if (n_values > json_values_max) {
        ipc_stream_done(stream);
        return err_set(err, E_LIMIT, "the answer would have %zu values, in JSON at most %zu fit",
                       n_values, json_values_max);
    }
    const struct batch batch = {stream->columns, stream->n_columns, r->answer.n_rows};
    json_put_batch(&body, &batch, r->request->shape);
    ipc_stream_done(stream);
    out->len = body.len;
    out->body = buf_detach(&body);
    return OK;
}

must_use static enum code encode(struct reading *r, struct read_answer *out, struct err *err)
{
    if (r->request->answer_form == ANSWER_JSON)
        return print_json(r, out, err);
    out->body = r->answer.stream.bytes;
    out->len = r->answer.stream.len;
    return OK;
}

/* The part that needs the snapshot. */
must_use static enum code read_rows(struct reading *r, struct read_answer *out, struct err *err)
{
    const struct answer_timing *steps = &r->answer.timing;
    uint64_t start_ns = clock_mono_ns();
    TRY(parse_body(r, err));
    TRY(resolve_columns(r, err));
    uint64_t parsed_ns = clock_mono_ns();
    TRY(read_stream(r, err));
    uint64_t read_ns = clock_mono_ns();
    TRY(encode(r, out, err));
    out->timing = (struct read_timing){
        .parse_ns = parsed_ns - start_ns,
        .find_ns = steps->find_ns,
        .gather_ns = steps->gather_ns,
        .encode_ns = steps->plan_ns + (clock_mono_ns() - read_ns),
    };
    return OK;
}

static void count(const struct reading *r, uint64_t start_ns, size_t answer_bytes)
{
    size_t n_keys = r->wanted.keys.n, n_fields = r->columns.n_fields;
    const struct fetch_count fetch = {
        .is_json = r->request->answer_form == ANSWER_JSON,
        .ns = clock_mono_ns() - start_ns,
        .cells_found = (n_keys - r->answer.n_absent) * n_fields,
        .cells_missing = r->answer.n_absent * n_fields,
    };
    histogram_observe(r->service->read_keys, n_keys);
    counter_add(r->service->answer_bytes, answer_bytes);
    table_counters_fetch(snapshot_counters(r->snapshot), &fetch);
}

enum code service_read(const struct admitted *a, const struct read_request *request,
                       struct arena *arena, struct read_answer *out, struct err *err)
{
    struct reading r = {.service = a->service, .request = request, .arena = arena};
    assert(a->action == ACTION_READ);
    TRY(registry_snapshot(a->service->config.registry, a->table, &r.snapshot, err));
    uint64_t start_ns = clock_mono_ns();
    enum code rc = read_rows(&r, out, err);
    if (rc == OK)
        count(&r, start_ns, out->len);
    snapshot_unref(r.snapshot);
    return rc;
}
