/* Answers, as the routes give them. */
#ifndef MURR_API_HTTP_REPLY_H
#define MURR_API_HTTP_REPLY_H

#include "api/http/call.h"
#include "base/buf.h"

/* Answer with this text, and take it. */
void reply_text(struct call *call, unsigned status, const char *content_type,
                struct buf *take_text);
#define reply_json(call, status, text) reply_text(call, status, "application/json", text)

/* What HTTP itself refuses. All other refusals are an enum code (api/status.h). */
struct refusal_kind {
    unsigned status;
    const char *name; /* "code" in the body */
};
extern const struct refusal_kind refused_path, refused_method, refused_accept, refused_type,
    refused_host, refused_origin, refused_head, refused_feature, refused_overload, refused_request;

/* Answer with {"error": ..., "code": ...}. */
void reply_refusal(struct call *call, struct refusal_kind kind, const char *message);
void reply_error(struct call *call, enum code code, const struct err *err);

/* Borrows name and value until the handler returns. */
void reply_header(struct call *call, const char *name, const char *value);

#endif
