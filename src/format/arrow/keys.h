/* The keys of a read or a delete as Arrow: the key columns of the table, by name, in any order. */
#ifndef MURR_FORMAT_ARROW_KEYS_H
#define MURR_FORMAT_ARROW_KEYS_H

#include "format/arrow/input.h"
#include "model/key.h"

/*
 * Read the schema of a stream of keys, so that its metadata can be seen before the keys. Limits are
 * those of keys: they may not decompress to much. Borrows and fails as ipc_reader_open does.
 */
must_use enum code arrow_keys_open(struct view body, struct ipc_reader **out, struct err *err);

/*
 * Read the keys of all batches of a stream that arrow_keys_open opened, in order. Integers may have
 * any integer type that holds their values, text any layout; dictionaries and compression are fine.
 *
 * Borrows   the body of the stream: keys of one utf8 column are views into it where they stand
 *           there; the rest lives in `arena`, nothing in the stream.
 * Fails     E_INVALID for a stream that is damaged, lacks a key column or has others, has a null or
 *           a value that the column cannot hold; E_UNSUPPORTED for big-endian streams; E_LIMIT for
 *           more than `max_keys` and for keys that decompress to too much.
 */
must_use enum code arrow_keys_read(struct ipc_reader *stream, const struct schema *schema,
                                   size_t max_keys, struct arena *arena, struct key_list *out_keys,
                                   struct err *err);

/* The same of batches, which are borrowed as `body` is. */
must_use enum code arrow_keys_import(const struct c_batches *batches, const struct schema *schema,
                                     size_t max_keys, struct arena *arena,
                                     struct key_list *out_keys, struct err *err);

/* The same, some keys at a time, however many there are. Fails also as `give` does. */
must_use enum code arrow_keys_read_some(struct view body, const struct schema *schema,
                                        key_list_fn give, void *arg, struct err *err);
must_use enum code arrow_keys_import_some(const struct c_batches *batches,
                                          const struct schema *schema, key_list_fn give, void *arg,
                                          struct err *err);

#endif
