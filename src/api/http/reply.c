#include "api/http/reply.h"

#include "api/status.h"
#include "base/log.h"
#include "format/json/put.h"

#include <stdlib.h>

const struct refusal_kind refused_path = {404, "NOT_FOUND"};
const struct refusal_kind refused_method = {405, "METHOD_NOT_ALLOWED"};
const struct refusal_kind refused_accept = {406, "NOT_ACCEPTABLE"};
const struct refusal_kind refused_type = {415, "UNSUPPORTED_MEDIA_TYPE"};
const struct refusal_kind refused_host = {403, "FORBIDDEN_HOST"};
const struct refusal_kind refused_origin = {403, "FORBIDDEN_ORIGIN"};
const struct refusal_kind refused_head = {431, "HEADERS_TOO_LARGE"};
const struct refusal_kind refused_feature = {501, "NOT_IMPLEMENTED"};
const struct refusal_kind refused_overload = {503, "OVERLOADED"};
const struct refusal_kind refused_request = {400, "INVALID_REQUEST"};

void reply_text(struct call *call, unsigned status, const char *content_type, struct buf *take_text)
{
    free(call->res->body);
    call->res->status = status;
    call->res->content_type = content_type;
    call->res->body_len = take_text->len;
    call->res->body = buf_detach(take_text);
}

void reply_refusal(struct call *call, struct refusal_kind kind, const char *message)
{
    struct buf body = {0};
    buf_puts(&body, "{\"error\":");
    json_put_string(&body, view_cstr(message));
    buf_printf(&body, ",\"code\":\"%s\"}", kind.name);
    reply_json(call, kind.status, &body);
}

/* Messages have a maximal length. One that was cut in the middle of a character would not be valid
 * JSON. */
static const char *as_utf8(char *message)
{
    size_t len = strlen(message);
    for (size_t cut = 0; cut < 4 && len && !view_is_utf8(view_of(message, len)); cut++)
        message[--len] = '\0';
    return view_is_utf8(view_of(message, len)) ? message : "the message is not UTF-8";
}

void reply_error(struct call *call, enum code code, const struct err *err)
{
    struct status status = status_of(code);
    struct err copy = *err;
    if (status.http >= 500 && code != E_NOSPACE) /* whoever finds a full disk logs it */
        log_error("request failed", log_str("path", call->path), log_str("error", err->msg));
    if (code == E_BUSY)
        reply_header(call, "Retry-After", "1");
    reply_refusal(call, (struct refusal_kind){status.http, status.name}, as_utf8(copy.msg));
}

void reply_header(struct call *call, const char *name, const char *value)
{
    struct http_response *res = call->res;
    if (res->n_headers == HTTP_HEADERS_MAX)
        return;
    res->headers[res->n_headers].name = name;
    res->headers[res->n_headers++].value = value;
}
