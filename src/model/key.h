/*
 * Keys as bytes. A key of one or several columns is turned into one byte string, so that hashing,
 * comparing and storing know nothing of types:
 *
 *   fixed component     its value in the width of its type: integers, dates, times little-endian,
 *                       decimals as 16 or 32 bytes of two's complement, fixed_binary as it is
 *   utf8 component      ULEB128 length, bytes; the length is left out for the last component
 *
 * Different keys of one schema have different bytes: widths are fixed, lengths are explicit, and
 * the last component ends where the key ends.
 */
#ifndef MURR_MODEL_KEY_H
#define MURR_MODEL_KEY_H

#include "base/buf.h"
#include "model/schema.h"

/* The keys of one request, in its order, repeated ones included. */
struct key_list {
    const struct view *keys; /* canonical bytes, borrowed */
    size_t n;
};

/* Takes keys of a body of any length, at most KEYS_AT_ONCE at a time; they live until it
 * returns. */
enum { KEYS_AT_ONCE = 512 };
typedef enum code (*key_list_fn)(void *arg, struct key_list keys, struct err *err);

/* Append component `k` of the key of `s`. The dtype of the component must be an integer type;
 * `value` holds its bits, sign-extended for signed types. */
void key_put_int(struct buf *out, const struct schema *s, size_t k, uint64_t value);
/* Append component `k`, which is neither an integer nor utf8: `value` has its type_width bytes. */
void key_put_fixed(struct buf *out, const struct schema *s, size_t k, const void *value);
/* Append component `k`, which is utf8. */
void key_put_utf8(struct buf *out, const struct schema *s, size_t k, struct view value);

/*
 * The bytes of component `k` inside the canonical bytes of a key: for a fixed one its value, for
 * utf8 its characters. Fails E_CORRUPT when `key` is not a key of `s`.
 */
must_use enum code key_component(const struct schema *s, struct view key, size_t k,
                                 struct view *out_bytes, struct err *err);

#endif
