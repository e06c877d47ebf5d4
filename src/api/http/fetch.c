/* The two routes of a fetch. They decide the form of keys and answer; service/read.c does the
 * rest. */
#include "api/http/handlers.h"
#include "api/http/negotiate.h"
#include "api/http/reply.h"

#include "format/arrow/ipc_writer.h"
#include "service/read.h"

#include <stdlib.h>

/* Column names of ?columns=a,b: an Arrow body has no place for them. */
static void take_query_columns(const struct http_request *req, struct read_request *out)
{
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
    out->columns = names;
    out->n_columns = n;
}

must_use static enum code take_body(const struct call *call, struct read_request *out,
                                    struct err *err)
{
    const struct http_request *req = call->req;
    const char *type = http_request_header(req, "Content-Type");
    TRY(call_check_body(call, err));
    out->body = req->body;
    if (negotiate_is_type(type, IPC_CONTENT_TYPE) ||
        negotiate_is_type(type, IPC_FILE_CONTENT_TYPE)) {
        out->keys_form = KEYS_ARROW;
        take_query_columns(req, out);
    } else if (http_request_query(req, "columns")) {
        return err_set(err, E_INVALID,
                       "?columns= is for Arrow bodies; a JSON body has \"columns\" inside");
    }
    return OK;
}

/* Server-Timing, in milliseconds: https://www.w3.org/TR/server-timing/ */
static void put_timing(struct call *call, const struct read_timing *t)
{
    const struct {
        const char *name;
        uint64_t ns;
    } steps[] = {{"parse", t->parse_ns},
                 {"lookup", t->find_ns},
                 {"gather", t->gather_ns},
                 {"encode", t->encode_ns}};
    struct buf text = {0};
    for (size_t i = 0; i < 4; i++)
        buf_printf(&text, "%s%s;dur=%llu.%03llu", i ? ", " : "", steps[i].name,
                   (unsigned long long)(steps[i].ns / 1000000),
                   (unsigned long long)(steps[i].ns / 1000 % 1000));
    reply_header(call, "Server-Timing", arena_strndup(call->req->arena, text.ptr, text.len));
    buf_done(&text);
}

static const char *type_of_rows(enum accepted accepted)
{
    return accepted == ACCEPTS_ARROW    ? IPC_CONTENT_TYPE
           : accepted == ACCEPTS_OCTETS ? "application/octet-stream"
                                        : "application/json";
}

static void fetch(struct call *call, enum accepted accepted, enum batch_shape shape)
{
    struct read_request request = {
        .answer_form = accepted == ACCEPTS_JSON ? ANSWER_JSON : ANSWER_ARROW,
        .shape = shape,
        .takes_named_columns = shape == BATCH_MAP, /* the published client's form */
    };
    struct read_answer answer;
    struct err err;
    enum code rc = take_body(call, &request, &err);
    if (!rc)
        rc = service_read(&call->admitted, &request, call->req->arena, &answer, &err);
    if (rc) {
        reply_error(call, rc, &err);
        return;
    }
    call->res->status = 200;
    call->res->content_type = type_of_rows(accepted);
    call->res->body = answer.body;
    call->res->body_len = answer.len;
    put_timing(call, &answer.timing);
}

static void run_fetch(struct call *call, enum batch_shape shape)
{
    enum accepted accepted;
    reply_header(call, "Vary", "Accept");
    if (!negotiate_rows(http_request_header(call->req, "Accept"), &accepted)) {
        reply_refusal(call, refused_accept,
                      "Accept allows neither application/json nor " IPC_CONTENT_TYPE);
    } else if (call->req->too_many_answers) {
        reply_header(call, "Retry-After", "1");
        reply_refusal(call, refused_overload,
                      "too many bytes of answers wait for their clients "
                      "(server.max_answer_bytes)");
    } else {
        fetch(call, accepted, shape);
    }
}

void fetch_list(struct call *call)
{
    run_fetch(call, BATCH_LIST);
}

void fetch_map(struct call *call)
{
    run_fetch(call, BATCH_MAP);
}
