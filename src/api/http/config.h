/* What the HTTP API is told when it begins. */
#ifndef MURR_API_HTTP_CONFIG_H
#define MURR_API_HTTP_CONFIG_H

#include "service/service.h"

struct api_config {
    struct service *service;   /* outlives the api */
    size_t max_body_bytes;     /* of requests but writes */
    uint64_t max_write_bytes;  /* of a write */
    const char *version;       /* a constant */
    const char *host;          /* by which it listens; also a name that Host headers may have */
    const char *allowed_hosts; /* more of them: "a,b", "*" any, "" none */
    const char *cors_origins;  /* web pages that may ask from elsewhere: likewise */
};

#endif
