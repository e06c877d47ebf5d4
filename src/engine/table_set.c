#include "engine/table_set.h"

#include "base/hash.h"
#include "base/mem.h"
#include "engine/table/table.h"

/* The hash is next to the pointer, so a search reads the memory of no table but the one it
 * finds. */
struct table_slot {
    uint64_t hash;
    struct table *table; /* NULL: the slot is free */
};

enum { SLOTS_FIRST = 16 };

void table_set_init(struct table_set *s)
{
    *s = (struct table_set){0};
    pthread_rwlock_init(&s->lock, NULL);
}

void table_set_done(struct table_set *s)
{
    pthread_rwlock_destroy(&s->lock);
    free(s->tables);
    free(s->slots);
    *s = (struct table_set){0};
}

static void fill_slot(struct table_set *s, struct table *t)
{
    uint64_t hash = hash_checksum(view_cstr(table_name(t)));
    size_t at = hash & (s->n_slots - 1);
    while (s->slots[at].table)
        at = (at + 1) & (s->n_slots - 1);
    s->slots[at] = (struct table_slot){hash, t};
}

/* Build all slots anew. Tables are removed rarely, so this may be slow, and needs no marks for
 * deleted slots. */
static void fill_slots(struct table_set *s)
{
    s->n_slots = SLOTS_FIRST;
    while (s->n_slots < 2 * s->n)
        s->n_slots *= 2;
    free(s->slots);
    s->slots = mem_zalloc(s->n_slots * sizeof(*s->slots));
    for (size_t i = 0; i < s->n; i++)
        fill_slot(s, s->tables[i]);
}

void table_set_add(struct table_set *s, struct table *t)
{
    pthread_rwlock_wrlock(&s->lock);
    s->tables = mem_realloc(s->tables, (s->n + 1) * sizeof(struct table *));
    s->tables[s->n++] = t;
    if (2 * s->n > s->n_slots)
        fill_slots(s);
    else
        fill_slot(s, t);
    pthread_rwlock_unlock(&s->lock);
}

void table_set_remove(struct table_set *s, const struct table *t)
{
    size_t n = 0;
    pthread_rwlock_wrlock(&s->lock);
    for (size_t i = 0; i < s->n; i++)
        if (s->tables[i] != t)
            s->tables[n++] = s->tables[i];
    s->n = n;
    fill_slots(s);
    pthread_rwlock_unlock(&s->lock);
}

void table_set_lock(struct table_set *s)
{
    pthread_rwlock_rdlock(&s->lock);
}

void table_set_unlock(struct table_set *s)
{
    pthread_rwlock_unlock(&s->lock);
}

struct table *table_set_find(const struct table_set *s, struct view name)
{
    uint64_t hash = hash_checksum(name);
    for (size_t i = 0; i < s->n_slots; i++) {
        const struct table_slot *slot = &s->slots[(hash + i) & (s->n_slots - 1)];
        if (!slot->table)
            return NULL;
        if (slot->hash == hash && view_eq_cstr(name, table_name(slot->table)))
            return slot->table;
    }
    return NULL;
}

struct table *table_set_next(struct table_set *s, _Atomic size_t *turn, table_wants_fn wants,
                             void *arg)
{
    struct table *found = NULL;
    pthread_rwlock_rdlock(&s->lock);
    size_t first = atomic_load(turn);
    for (size_t i = 0; i < s->n && !found; i++) {
        size_t at = (first + i) % s->n;
        if (!wants(arg, s->tables[at]))
            continue;
        found = s->tables[at];
        atomic_store(turn, at + 1);
    }
    pthread_rwlock_unlock(&s->lock);
    return found;
}
