/*
 * Creating, writing and dropping tables.
 *
 * A write does not block its HTTP thread: the body is detached, the request is deferred, and both
 * go into the queue of the table. A writer thread calls `finish` when the write is durable or has
 * failed, and sends the answer.
 */
#include "api/http/admission.h"

#include "api/http/handlers.h"
#include "api/http/negotiate.h"
#include "api/http/reply.h"
#include "base/mem.h"
#include "net/http1/deferred.h"
#include "format/arrow/ipc_writer.h"
#include "format/json/put.h"
#include "format/json/schema.h"
#include "service/write.h"

/* A write, from its request to its answer. */
struct job {
    struct api *api;
    struct http_deferred *deferred;
    char *table;
    char *path;
    char *cors_origin; /* NULL: none */
    size_t route;
    enum write_verb verb;
    struct column_rules rules; /* of WRITE_UPSERT */
    struct schema schema;      /* of WRITE_CREATE */
};

static void job_free(struct job *j)
{
    schema_done(&j->schema);
    free(j->table);
    free(j->path);
    free(j->cors_origin);
    free(j);
}

static void reply_result(struct call *call, const struct job *j, const struct write_result *result)
{
    struct buf body = {0};
    if (j->verb == WRITE_CREATE)
        json_put_schema_flags(&body, &j->schema);
    else if (j->verb == WRITE_UPSERT || j->verb == WRITE_DELETE)
        buf_printf(&body, "{\"num_rows\":%llu}", (unsigned long long)result->n_rows);
    else
        buf_puts(&body, "{}");
    reply_json(call, j->verb == WRITE_CREATE ? 201 : 200, &body);
}

/* A write_done_fn. `arg` is the job; it is freed here. */
static void finish(void *arg, enum code rc, const struct write_result *result,
                   const struct err *err)
{
    struct job *j = arg;
    struct http_response res = {0};
    struct call call = {.api = j->api,
                        .res = &res,
                        .path = j->path,
                        .route = j->route,
                        .cors_origin = j->cors_origin};
    if (rc)
        reply_error(&call, rc, err);
    else
        reply_result(&call, j, result);
    admission_end(&call);
    http_answer(j->deferred, &res);
    job_free(j);
}

static struct job *job_new(struct call *call, enum write_verb verb)
{
    struct view table = call->captures[0];
    struct job *j = mem_zalloc(sizeof(*j));
    j->api = call->api;
    j->table = mem_strndup(table.ptr, table.len);
    j->path = mem_strdup(call->path);
    j->cors_origin = call->cors_origin ? mem_strdup(call->cors_origin) : NULL;
    j->route = call->route;
    j->verb = verb;
    return j;
}

/* Takes the job. From here on only `finish` answers, whatever happens. */
static void submit_job(struct call *call, struct job *take_job, struct write_request *request)
{
    struct job *j = take_job;
    struct admitted admitted = call->admitted;
    request->verb = j->verb;
    request->rules = j->rules;
    request->done = finish;
    request->arg = j;
    call->is_deferred = true;
    j->deferred = http_defer(call->req);
    admitted.table =
        view_cstr(j->table); /* the path of the request may be gone when this is read */
    service_write(&admitted, request);
}

static void submit(struct call *call, enum write_verb verb, enum write_form form,
                   struct column_rules rules)
{
    struct job *j = job_new(call, verb);
    j->rules = rules;
    struct write_request request = {.form = form};
    struct http_body body = {0};
    if (call->req->body.len)
        http_request_detach_body(call->req, &body);
    request.body =
        (struct write_body){.bytes = body.bytes, .release = body.release, .owner = body.owner};
    submit_job(call, j, &request);
}

static bool is_file_of(struct view body, const char *magic)
{
    size_t len = strlen(magic);
    return body.len >= len && memcmp(body.ptr, magic, len) == 0;
}

/* If the client does not name a type, look at the first bytes. The type that curl sends by default
 * does not count. */
static enum write_form form_of_body(struct view body)
{
    if (is_file_of(body, "PAR1"))
        return WRITE_PARQUET;
    bool is_arrow = is_file_of(body, "\xff\xff\xff\xff") || is_file_of(body, "ARROW1");
    return is_arrow ? WRITE_ARROW : WRITE_JSON;
}

/* Returns false if Murr cannot read that type. */
static bool form_of(const struct http_request *req, enum write_form *out)
{
    static const struct {
        const char *type;
        enum write_form form;
    } known[] = {{"application/json", WRITE_JSON},
                 {IPC_CONTENT_TYPE, WRITE_ARROW},
                 {IPC_FILE_CONTENT_TYPE, WRITE_ARROW},
                 {"application/vnd.apache.parquet", WRITE_PARQUET}};
    const char *type = http_request_header(req, "Content-Type");
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (negotiate_is_type(type, known[i].type)) {
            *out = known[i].form;
            return true;
        }
    *out = form_of_body(req->body);
    return !type || !type[0] || negotiate_is_type(type, "application/octet-stream") ||
           negotiate_is_type(type, "application/x-www-form-urlencoded");
}

/* A query parameter that has only one allowed value. */
must_use static enum code query_word(struct call *call, const char *name, const char *word,
                                     bool *out, struct err *err)
{
    char shown[80];
    struct http_values all = http_request_query_values(call->req, name);
    for (size_t i = 0; i < all.n; i++)
        if (!view_eq_cstr(all.values[i], word))
            return err_set(err, E_INVALID, "?%s=%s is not known; known is ?%s=%s", name,
                           view_printable(all.values[i], shown, sizeof(shown)), name, word);
    *out = all.n > 0;
    return OK;
}

must_use static enum code read_rules(struct call *call, struct column_rules *out, struct err *err)
{
    TRY(query_word(call, "unknown_columns", "ignore", &out->passes_unknown, err));
    return query_word(call, "mode", "merge", &out->is_patch, err);
}

static void write_rows(struct call *call, enum write_verb verb, bool is_patch)
{
    enum write_form form;
    struct column_rules rules = {0};
    struct err err;
    enum code rc = call_check_body(call, &err);
    if (!rc && verb == WRITE_UPSERT)
        rc = read_rules(call, &rules, &err);
    rules.is_patch |= is_patch;
    if (rc)
        reply_error(call, rc, &err);
    else if (!form_of(call->req, &form))
        reply_refusal(call, refused_type,
                      "Content-Type is none of application/json, " IPC_CONTENT_TYPE
                      " and application/vnd.apache.parquet");
    else if (verb == WRITE_DELETE && form == WRITE_PARQUET)
        reply_refusal(call, refused_type, "keys to delete come as JSON or as an Arrow stream");
    else
        submit(call, verb, form, rules);
}

void write_table(struct call *call)
{
    write_rows(call, WRITE_UPSERT, false);
}

void patch_table(struct call *call)
{
    write_rows(call, WRITE_UPSERT, true);
}

void delete_rows(struct call *call)
{
    write_rows(call, WRITE_DELETE, false);
}

static void run_without_body(struct call *call, enum write_verb verb)
{
    struct err err;
    enum code rc = call_check_body(call, &err);
    if (rc)
        reply_error(call, rc, &err);
    else
        submit(call, verb, WRITE_JSON, (struct column_rules){0});
}

void compact_table(struct call *call)
{
    run_without_body(call, WRITE_COMPACT);
}

void drop_table(struct call *call)
{
    run_without_body(call, WRITE_DROP);
}

void create_table(struct call *call)
{
    struct job *j = job_new(call, WRITE_CREATE);
    struct write_request request = {.create = {j->table, &j->schema}};
    struct err err;
    enum code rc = call_check_body(call, &err);
    if (!rc)
        rc = json_parse_schema(call->req->body, &j->schema, &err);
    if (!rc) {
        submit_job(call, j, &request);
        return;
    }
    reply_error(call, rc, &err);
    job_free(j);
}
