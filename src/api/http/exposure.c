#include "api/http/exposure.h"

#include "api/http/call.h"

void api_set_exposed(struct api *api, bool is_exposed)
{
    atomic_store(&api->is_exposed, is_exposed);
}

const char *api_exposed_warning(const struct api *api)
{
    return service_is_read_only(api->config.service)
               ? "listens beyond this machine without authentication: whoever reaches the port can "
                 "read every table (docs/security.md)"
               : "listens beyond this machine without authentication: whoever reaches the port can "
                 "read, write and drop tables; see server.read_only (docs/security.md)";
}
