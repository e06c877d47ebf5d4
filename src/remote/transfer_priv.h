/* One transfer as the loop handles it: its libcurl handle, from opening to the outcome. */
#ifndef MURR_REMOTE_TRANSFER_PRIV_H
#define MURR_REMOTE_TRANSFER_PRIV_H

#include "remote/transfer.h"

#include <curl/curl.h>

/* Initialize libcurl, once. Before all other uses of it. Threads: any. */
void transfer_global_init(void);

/* Make a handle for the next attempt; _close frees it, in any state. */
void transfer_easy_open(struct transfer *t);
void transfer_easy_close(struct transfer *t);

/* Set code, err and head.status from libcurl's result and the answer. */
void transfer_conclude(struct transfer *t, CURLcode result);

#endif
