#include "api/status.h"

#include <stddef.h>

const struct status status_not_found = {404, "NOT_FOUND"};
const struct status status_method_not_allowed = {405, "METHOD_NOT_ALLOWED"};
const struct status status_not_acceptable = {406, "NOT_ACCEPTABLE"};
const struct status status_unsupported_type = {415, "UNSUPPORTED_MEDIA_TYPE"};
const struct status status_forbidden_host = {403, "FORBIDDEN_HOST"};
const struct status status_forbidden_origin = {403, "FORBIDDEN_ORIGIN"};
const struct status status_read_only = {403, "READ_ONLY"};
const struct status status_head_too_large = {431, "HEADERS_TOO_LARGE"};
const struct status status_not_implemented = {501, "NOT_IMPLEMENTED"};
const struct status status_overloaded = {503, "OVERLOADED"};

struct status status_of(enum code code)
{
    static const struct status table[] = {
        [OK] = {200, NULL},
        [E_INVALID] = {400, "INVALID_REQUEST"},
        [E_NOTFOUND] = {404, "TABLE_NOT_FOUND"},
        [E_EXISTS] = {409, "TABLE_EXISTS"},
        [E_CORRUPT] = {500, "INTERNAL_ERROR"},
        [E_LIMIT] = {413, "PAYLOAD_TOO_LARGE"},
        [E_IO] = {500, "INTERNAL_ERROR"},
        [E_TIMEOUT] = {500, "INTERNAL_ERROR"},
        [E_CHANGED] = {500, "INTERNAL_ERROR"},
        [E_CANCELLED] = {503, "SHUTTING_DOWN"},
        [E_UNSUPPORTED] = {400, "INVALID_REQUEST"},
        [E_NOMEM] = {500, "INTERNAL_ERROR"},
        [E_BUSY] = {429, "TOO_MANY_REQUESTS"},
        [E_NOSPACE] = {507, "INSUFFICIENT_STORAGE"},
        [E_REFUSED] = {409, "REFUSED"},
    };
    size_t n = sizeof(table) / sizeof(table[0]);
    return (size_t)code < n ? table[code] : table[E_IO];
}
