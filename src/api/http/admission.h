/* What HTTP knows of the caller: the host name it used for us, and the web page it comes from
 * (docs/security.md). */
#ifndef MURR_API_HTTP_ADMISSION_H
#define MURR_API_HTTP_ADMISSION_H

#include "api/http/call.h"

/* Note whether the request comes from a web page that server.cors_origins lists. */
void admission_note_origin(struct call *call);

/* Whether the Host header is a name of this server. If not, this answers the call and returns
 * false. */
bool admission_of_host(struct call *call);

/* Whether a caller from this origin may change tables. Web pages of other origins may not, and
 * neither may requests that any web page can send without asking. If not, this answers the call and
 * returns false. */
bool admission_of_origin(struct call *call);

/* Answer a CORS preflight request. Returns false if it is none, or its origin is not allowed. */
bool admission_preflight(struct call *call);

/* The answer is complete: add the CORS headers, count it, and leave the service. Also for deferred
 * answers. */
void admission_end(struct call *call);

#endif
