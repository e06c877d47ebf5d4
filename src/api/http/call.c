#include "api/http/call.h"

enum code call_check_body(const struct call *call, struct err *err)
{
    switch (call->req->body_rc) {
    case OK:
        return OK;
    case E_LIMIT:
        return err_set(err, E_LIMIT, "the body is larger than %s allows", call->body_limit);
    case E_BUSY:
        return err_set(err, E_BUSY,
                       "too many bytes of uploads at a time (server.max_upload_bytes)");
    case E_NOSPACE:
        return err_set(err, E_NOSPACE, "no space in the data directory to receive the body");
    default:
        return err_set(err, call->req->body_rc, "the body could not be kept; the log says why");
    }
}
