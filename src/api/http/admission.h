/* Who may ask, and who may change something (docs/security.md). */
#ifndef MURR_API_HTTP_ADMISSION_H
#define MURR_API_HTTP_ADMISSION_H

#include "api/http/call.h"

/* Note in the call whether it comes from a web page that server.cors_origins lists. */
void admission_note_origin(struct call *call);

/* Whether the server goes by the name that the client calls it. False: the call is answered. */
bool admission_of_host(struct call *call);

/* Whether somebody from there may change tables: not a page of another origin, nor a request that any page could send
 * unasked. False: the call is answered. */
bool admission_of_origin(struct call *call);

/* What a browser asks before it sends what pages may not send unasked; false: it is not that, or may not. */
bool admission_preflight(struct call *call);

/* The answer is there, now or later: it gets the headers by which a browser gives it to that page, and is counted. */
void admission_end(struct call *call);

#endif
