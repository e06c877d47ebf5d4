#include "code_name.h"

const char *code_name(enum code code)
{
    static const char *const names[] = {
        [OK] = "OK",
        [E_INVALID] = "E_INVALID",
        [E_NOTFOUND] = "E_NOTFOUND",
        [E_EXISTS] = "E_EXISTS",
        [E_CORRUPT] = "E_CORRUPT",
        [E_LIMIT] = "E_LIMIT",
        [E_IO] = "E_IO",
        [E_TIMEOUT] = "E_TIMEOUT",
        [E_CHANGED] = "E_CHANGED",
        [E_CANCELLED] = "E_CANCELLED",
        [E_UNSUPPORTED] = "E_UNSUPPORTED",
        [E_NOMEM] = "E_NOMEM",
        [E_BUSY] = "E_BUSY",
        [E_NOSPACE] = "E_NOSPACE",
        [E_REFUSED] = "E_REFUSED",
        [E_READONLY] = "E_READONLY",
    };
    return (unsigned)code < sizeof(names) / sizeof(names[0]) ? names[code] : "E_?";
}
