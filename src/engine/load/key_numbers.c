#include "engine/load/key_numbers.h"

#include "base/hash.h"
#include "base/mem.h"

struct key_number {
    uint64_t hash;
    size_t at, len; /* in `bytes` */
    int64_t number;
    bool is_used;
};

void key_numbers_done(struct key_numbers *m)
{
    free(m->slots);
    buf_done(&m->bytes);
    *m = (struct key_numbers){0};
}

/* The slot of a key, or the empty one where it would be. */
static struct key_number *slot_of(const struct key_numbers *m, struct view key, uint64_t hash)
{
    size_t i = (size_t)hash & (m->n_slots - 1);
    for (;; i = (i + 1) & (m->n_slots - 1)) {
        struct key_number *s = &m->slots[i];
        if (!s->is_used || (s->hash == hash && view_eq(view_of(m->bytes.ptr + s->at, s->len), key)))
            return s;
    }
}

static void grow(struct key_numbers *m)
{
    struct key_number *old = m->slots;
    size_t n_old = m->n_slots;
    m->n_slots = n_old ? 2 * n_old : 64;
    m->slots = mem_zalloc(m->n_slots * sizeof(*m->slots));
    for (size_t i = 0; i < n_old; i++)
        if (old[i].is_used)
            *slot_of(m, view_of(m->bytes.ptr + old[i].at, old[i].len), old[i].hash) = old[i];
    free(old);
}

void key_numbers_add(struct key_numbers *m, struct view key, int64_t number)
{
    uint64_t hash = hash_key(key, m->seed);
    if (2 * m->n >= m->n_slots)
        grow(m);
    struct key_number *s = slot_of(m, key, hash);
    if (s->is_used) {
        s->number = number > s->number ? number : s->number;
        return;
    }
    *s = (struct key_number){hash, m->bytes.len, key.len, number, true};
    buf_put(&m->bytes, key.ptr, key.len);
    m->n++;
}

int64_t *key_numbers_at(const struct key_numbers *m, struct view key)
{
    struct key_number *s = m->n ? slot_of(m, key, hash_key(key, m->seed)) : NULL;
    return s && s->is_used ? &s->number : NULL;
}

bool key_numbers_find(const struct key_numbers *m, struct view key, int64_t *out_number)
{
    const int64_t *number = key_numbers_at(m, key);
    if (number)
        *out_number = *number;
    return number != NULL;
}

size_t key_numbers_bytes(const struct key_numbers *m)
{
    return m->n_slots * sizeof(*m->slots) + m->bytes.cap;
}
