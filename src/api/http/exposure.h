/* Whether clients on other machines can reach the server, and what the operator should know
 * then. */
#ifndef MURR_API_HTTP_EXPOSURE_H
#define MURR_API_HTTP_EXPOSURE_H

#include <stdbool.h>

struct api;

/* Whether it can be reached from other machines; by default it cannot. Said once it listens. */
void api_set_exposed(struct api *api, bool is_exposed);

/* What that means: a sentence for the log and /readyz?verbose. */
const char *api_exposed_warning(const struct api *api);

#endif
