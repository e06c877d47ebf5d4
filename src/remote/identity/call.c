#include "remote/identity/call.h"

#include "remote/aws_xml.h"
#include "remote/transfer.h"

#include <time.h>

must_use static enum code call_once(const struct identity_search *s,
                                    const struct identity_call *call, struct buf *out_body,
                                    struct err *err)
{
    const char *ca_file = env_value("AWS_CA_BUNDLE");
    struct transfer_options options = {
        .ca_file = s->config->ca_file[0] || !ca_file ? s->config->ca_file : ca_file,
        .proxy = s->config->proxy,
        .connect_timeout_ms = call->timeout_ms,
        .stall_timeout_ms = call->timeout_ms,
        .timeout_ms = call->timeout_ms,
        .no_proxy = call->no_proxy,
    };
    struct transfer t = {.method = call->method, .body = call->body, .options = &options};
    t.op = s->op;
    buf_puts(&t.url, call->url);
    buf_puts(&t.headers, call->headers);
    transfer_run(&t);
    enum code rc = t.code;
    struct s3_error e;
    aws_xml_error(buf_view(&t.response), &e);
    if (rc)
        err_write(err, "%s %s: %s", call->method, call->url, t.err.msg);
    else if (t.head.status != 200)
        rc = err_set(err, t.head.status >= 500 || t.head.status == 429 ? E_IO : E_INVALID,
                     "%s %s: status %d%s%s %s", call->method, call->url, t.head.status,
                     e.code[0] ? " " : "", e.code, e.message);
    else
        buf_put(out_body, t.response.ptr, t.response.len);
    transfer_done(&t);
    return rc;
}

enum code identity_call(const struct identity_search *s, const struct identity_call *call,
                        struct buf *out_body, struct err *err)
{
    enum code rc = E_IO;
    for (unsigned i = 0; i < call->tries && rc == E_IO; i++) {
        if (i)
            nanosleep(&(struct timespec){.tv_nsec = 100000000L << (i < 3 ? i : 3)}, NULL);
        rc = call_once(s, call, out_body, err);
    }
    return rc;
}
