/* What the loop does with one transfer. */
#ifndef MURR_REMOTE_TRANSFER_PRIV_H
#define MURR_REMOTE_TRANSFER_PRIV_H

#include "remote/transfer.h"

#include <curl/curl.h>

/* Before anything else of libcurl. Threads: any. */
void transfer_global_init(void);

/* Make a handle for the next try; _close ends it, whatever became of it. */
void transfer_easy_open(struct transfer *t);
void transfer_easy_close(struct transfer *t);

/* Set code, err and the status of the head by what libcurl and the answer said. */
void transfer_conclude(struct transfer *t, CURLcode result);

#endif
