/* The local store: objects are the files below a folder. */
#ifndef MURR_REMOTE_STORE_LOCAL_STORE_H
#define MURR_REMOTE_STORE_LOCAL_STORE_H

#include "remote/store/object_store.h"

/* The folder need not exist yet; until it does, listing fails. Close with object_store_close. */
struct object_store *local_store_new(const char *path);

#endif
