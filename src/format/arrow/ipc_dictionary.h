/*
 * The dictionaries of a stream by number, as their messages bring, replace and extend them. Columns
 * point to them from the schema on; until a message has come they have no values.
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

/* Dictionaries that a column needs will be taken in; those that no column wants are not. */
void ipc_dictionaries_want(const struct arrow_array *a);

/*
 * Take in the message of a dictionary. Dictionaries that replace another end its bytes. `budget`
 * holds for all dictionaries together and for what else is charged to it.
 *
 * Fails as ipc_batch_read does.
 */
must_use enum code ipc_dictionaries_read(struct ipc_dictionaries *d, const struct ipc_message *m,
                                         size_t rows_max, struct ipc_codec *codec,
                                         struct ipc_budget *budget, struct err *err);

#endif
