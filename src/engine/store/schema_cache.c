#include "engine/store/schema_cache.h"

#include "base/hash.h"
#include "base/mem.h"
#include "format/arrow/ipc_writer.h"

struct schema_entry {
    size_t *fields; /* the projection's */
    size_t n_fields;
    struct buf message;
};

static void entry_free(struct schema_entry *e)
{
    if (!e)
        return;
    free(e->fields);
    buf_done(&e->message);
    free(e);
}

void schema_cache_done(struct schema_cache *c)
{
    for (size_t i = 0; i < SCHEMA_CACHE_SLOTS; i++)
        entry_free(atomic_load_explicit(&c->slots[i], memory_order_relaxed));
}

static bool is_for(const struct schema_entry *e, const struct projection *p)
{
    return e->n_fields == p->n_fields &&
           (p->n_fields == 0 || memcmp(e->fields, p->fields, p->n_fields * sizeof(size_t)) == 0);
}

static void encode(const struct schema *schema, const struct projection *p, struct arena *arena,
                   struct buf *out)
{
    struct ipc_field *fields = arena_zalloc(arena, p->n_fields * sizeof(*fields));
    for (size_t i = 0; i < p->n_fields; i++) {
        const struct field *f = &schema->fields[p->fields[i]];
        fields[i] = (struct ipc_field){.name = f->name, .type = f->type};
    }
    ipc_schema_put(fields, p->n_fields, out);
}

static struct schema_entry *entry_new(const struct schema *schema, const struct projection *p,
                                      struct arena *arena)
{
    struct schema_entry *e = mem_zalloc(sizeof(*e));
    e->n_fields = p->n_fields;
    e->fields = mem_alloc(p->n_fields * sizeof(size_t));
    if (p->n_fields)
        memcpy(e->fields, p->fields, p->n_fields * sizeof(size_t));
    encode(schema, p, arena, &e->message);
    return e;
}

static struct view encode_alone(const struct schema *schema, const struct projection *p,
                                struct arena *arena)
{
    AUTO(buf) struct buf message = {0};
    encode(schema, p, arena, &message);
    return view_of(memcpy(arena_alloc(arena, message.len), message.ptr, message.len), message.len);
}

struct view schema_cache_get(struct schema_cache *c, const struct schema *schema,
                             const struct projection *columns, struct arena *arena)
{
    uint64_t hash = hash_checksum(view_of(columns->fields, columns->n_fields * sizeof(size_t)));
    for (size_t i = 0; i < SCHEMA_CACHE_SLOTS; i++) {
        struct schema_entry *_Atomic *slot = &c->slots[(hash + i) % SCHEMA_CACHE_SLOTS];
        struct schema_entry *e = atomic_load_explicit(slot, memory_order_acquire);
        if (!e) {
            struct schema_entry *mine = entry_new(schema, columns, arena);
            if (atomic_compare_exchange_strong(slot, &e, mine))
                return buf_view(&mine->message);
            entry_free(mine); /* another thread filled the slot first; `e` is now its entry */
        }
        if (is_for(e, columns))
            return buf_view(&e->message);
    }
    return encode_alone(schema, columns, arena);
}
