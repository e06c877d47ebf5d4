#include "api/status.h"

#include <stddef.h>

enum grpc_code {
    GRPC_OK = 0,
    GRPC_INVALID_ARGUMENT = 3,
    GRPC_DEADLINE_EXCEEDED = 4,
    GRPC_NOT_FOUND = 5,
    GRPC_ALREADY_EXISTS = 6,
    GRPC_PERMISSION_DENIED = 7,
    GRPC_RESOURCE_EXHAUSTED = 8,
    GRPC_FAILED_PRECONDITION = 9,
    GRPC_ABORTED = 10,
    GRPC_UNIMPLEMENTED = 12,
    GRPC_INTERNAL = 13,
    GRPC_UNAVAILABLE = 14, /* clients retry it, so overload is reported like this too */
    GRPC_DATA_LOSS = 15,
};

struct status status_of(enum code code)
{
    switch (code) {
    case OK:
        return (struct status){200, GRPC_OK, NULL};
    case E_INVALID:
        return (struct status){400, GRPC_INVALID_ARGUMENT, "INVALID_REQUEST"};
    case E_NOTFOUND:
        return (struct status){404, GRPC_NOT_FOUND, "TABLE_NOT_FOUND"};
    case E_EXISTS:
        return (struct status){409, GRPC_ALREADY_EXISTS, "TABLE_EXISTS"};
    case E_CORRUPT:
        return (struct status){500, GRPC_DATA_LOSS, "INTERNAL_ERROR"};
    case E_LIMIT:
        return (struct status){413, GRPC_RESOURCE_EXHAUSTED, "PAYLOAD_TOO_LARGE"};
    case E_IO:
        return (struct status){500, GRPC_INTERNAL, "INTERNAL_ERROR"};
    case E_TIMEOUT:
        return (struct status){500, GRPC_DEADLINE_EXCEEDED, "INTERNAL_ERROR"};
    case E_CHANGED:
        return (struct status){500, GRPC_ABORTED, "INTERNAL_ERROR"};
    case E_CANCELLED:
        return (struct status){503, GRPC_UNAVAILABLE, "SHUTTING_DOWN"};
    case E_UNSUPPORTED:
        return (struct status){400, GRPC_UNIMPLEMENTED, "INVALID_REQUEST"};
    case E_NOMEM:
        return (struct status){500, GRPC_INTERNAL, "INTERNAL_ERROR"};
    case E_BUSY:
        return (struct status){429, GRPC_UNAVAILABLE, "TOO_MANY_REQUESTS"};
    case E_NOSPACE:
        return (struct status){507, GRPC_RESOURCE_EXHAUSTED, "INSUFFICIENT_STORAGE"};
    case E_REFUSED:
        return (struct status){409, GRPC_FAILED_PRECONDITION, "REFUSED"};
    case E_READONLY:
        return (struct status){403, GRPC_PERMISSION_DENIED, "READ_ONLY"};
    }
    return status_of(E_IO);
}
