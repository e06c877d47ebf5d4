/* Who may ask, and who may change something (docs/security.md). */
#ifndef MURR_API_HTTP_ADMISSION_H
#define MURR_API_HTTP_ADMISSION_H

#include "api/http/api_priv.h"

/* Note in the call whether it comes from a web page that server.cors_origins lists. */
void admission_note_origin(struct call *call);

/*
 * Whether the route may run; it `changes` tables. Captures are decoded. False: the call is answered.
 */
bool admission_check(struct call *call, bool changes);

/* What a browser asks before it sends what pages may not send unasked; false: it is not that, or may not. */
bool admission_preflight(struct call *call);

/* The headers of an answer by which a browser gives it to that page. */
void admission_put_cors(struct call *call);

#endif
