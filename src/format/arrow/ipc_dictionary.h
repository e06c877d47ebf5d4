/*
 * The dictionaries of a stream by id. Messages deliver, replace and extend them. Columns point to
 * them as soon as the schema is read; a dictionary without a message yet has no values.
 */
#ifndef MURR_FORMAT_ARROW_IPC_DICTIONARY_H
#define MURR_FORMAT_ARROW_IPC_DICTIONARY_H

#include "format/arrow/ipc_batch.h"
#include "format/arrow/ipc_message.h"

/* Zeroed memory is empty. */
struct ipc_dictionaries {
    struct ipc_dictionary **list; /* by id */
    size_t n, cap;
};

void ipc_dictionaries_done(struct ipc_dictionaries *d);

/* The dictionary `id`, whose values are like `values`, in the schema's `arena`. NULL: it is there
 * already with values of another type. */
struct arrow_dictionary *ipc_dictionaries_add(struct ipc_dictionaries *d, uint64_t id,
                                              struct arrow_array *values, struct arena *arena);

/* Mark the dictionaries that a column needs; others are skipped. */
void ipc_dictionaries_want(const struct arrow_array *a);

/*
 * Read the message of a dictionary. If it replaces an older one, the bytes of the older one are
 * freed. `budget` holds for all dictionaries together and for what else is charged to it.
 *
 * Fails as ipc_batch_read does.
 */
must_use enum code ipc_dictionaries_read(struct ipc_dictionaries *d, const struct ipc_message *m,
                                         size_t rows_max, struct ipc_codec *codec,
                                         struct ipc_budget *budget, struct err *err);

#endif
