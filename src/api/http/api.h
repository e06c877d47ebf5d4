/*
 * The HTTP API (docs/http-api.md): which path does what. It turns requests into calls of the
 * service and their results into answers; what they mean is below it.
 *
 *     struct api *api = api_new(&config);
 *     http_server_open(&http, api_handle, api, &server, &err);
 */
#ifndef MURR_API_HTTP_API_H
#define MURR_API_HTTP_API_H

#include "api/http/config.h"
#include "net/http1/http.h"

struct api;

struct api *api_new(const struct api_config *config);
/* Writes that are still under way use it to the end: free it behind the registry. */
void api_free(struct api *api);

/* All routes. An http_handler_fn; `api` is the struct api. */
void api_handle(void *api, const struct http_request *req, struct http_response *res);

/* How long bodies may be, and what is a probe. An http_rule_fn; `api` is the struct api. */
struct http_rule api_rule(void *api, const char *method, const char *path);

/* The answer to what never became a request. An http_refuse_fn; `api` is the struct api. */
void api_refuse(void *api, unsigned status, const char *message, struct http_response *res);

/* Probes and metrics only, for the admin port. */
void api_handle_admin(void *api, const struct http_request *req, struct http_response *res);

#endif
