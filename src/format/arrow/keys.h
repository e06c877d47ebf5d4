/* Keys of a fetch as an Arrow IPC stream: the key columns of the table, by name, in any order. */
#ifndef MURR_FORMAT_ARROW_KEYS_H
#define MURR_FORMAT_ARROW_KEYS_H

#include "base/arena.h"
#include "model/key.h"

/*
 * Read the keys of all batches of a stream, in order. Integers may have any integer type that holds their
 * values; utf8 may be large_utf8.
 *
 * Borrows   `body`: keys of one utf8 column, or of one integer column of the table's own type, are views into
 *           it; the rest lives in `arena`.
 * Fails     E_INVALID for a stream that is damaged, lacks a key column or has others, has a null or a value
 *           that the column cannot hold; E_UNSUPPORTED for dictionaries, compression, other types; E_LIMIT for
 *           more than `max_keys`.
 */
must_use enum code arrow_keys_read(struct view body, const struct schema *schema, size_t max_keys,
                                   struct arena *arena, struct key_list *out_keys, struct err *err);

#endif
