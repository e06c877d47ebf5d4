/*
 * Key numbers: a map from keys, as bytes, to numbers. Of several numbers of one key it keeps the
 * greatest.
 *
 * Threads   one at a time while keys are added; then any.
 */
#ifndef MURR_ENGINE_LOAD_KEY_NUMBERS_H
#define MURR_ENGINE_LOAD_KEY_NUMBERS_H

#include "base/buf.h"

/* Zeroed memory is empty. */
struct key_numbers {
    struct key_number *slots; /* open addressing */
    size_t n_slots, n;        /* a power of two, at least half empty; keys */
    struct buf bytes;         /* of all keys */
    uint64_t seed;            /* of the hash: nobody can then prepare keys that collide */
};

void key_numbers_done(struct key_numbers *m);

/* Add a key, which is copied. */
void key_numbers_add(struct key_numbers *m, struct view key, int64_t number);

/* The number of a key, to be changed in place; NULL: the key is not there. Valid until the next key
 * is added. */
int64_t *key_numbers_at(const struct key_numbers *m, struct view key);

/* False: the key is not there. */
bool key_numbers_find(const struct key_numbers *m, struct view key, int64_t *out_number);

/* The memory it takes. */
size_t key_numbers_bytes(const struct key_numbers *m);

#endif
