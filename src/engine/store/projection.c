#include "engine/store/projection.h"

#include "base/hash.h"

/* From this many names on they are looked up in a hash table. Comparing each with all columns takes
 * quadratic time for a client that names all columns of a wide table. */
static const size_t many_names = 32;

/* Fields by name: an open-addressed hash table in the request's arena. */
struct name_index {
    const struct schema *schema;
    uint32_t *slots; /* field + 1; 0: empty */
    size_t mask;
};

static size_t name_slot(const struct name_index *x, struct view name)
{
    size_t slot = hash_key(name, 0) & x->mask;
    while (x->slots[slot] && !view_eq_cstr(name, x->schema->fields[x->slots[slot] - 1].name))
        slot = (slot + 1) & x->mask;
    return slot;
}

static struct name_index index_names(const struct schema *s, struct arena *arena)
{
    size_t n_slots = 16;
    while (n_slots < 2 * s->n_fields)
        n_slots *= 2;
    struct name_index x = {s, arena_zalloc(arena, n_slots * sizeof(*x.slots)), n_slots - 1};
    for (size_t i = 0; i < s->n_fields; i++)
        x.slots[name_slot(&x, view_cstr(s->fields[i].name))] = (uint32_t)i + 1;
    return x;
}

static void take_all_but_key(const struct schema *s, size_t *fields, size_t *n_fields)
{
    for (size_t i = 0; i < s->n_fields; i++)
        if (!schema_is_key(s, i))
            fields[(*n_fields)++] = i;
}

enum code projection_resolve(const struct schema *schema, const struct view *names, size_t n_names,
                             struct arena *arena, struct projection *out_projection,
                             struct err *err)
{
    size_t n_fields = 0;
    size_t *fields = arena_alloc(arena, (n_names ? n_names : schema->n_fields) * sizeof(*fields));
    bool *asked = arena_zalloc(arena, schema->n_fields * sizeof(*asked));
    struct name_index index = {0};
    if (n_names == 0)
        take_all_but_key(schema, fields, &n_fields);
    else if (n_names >= many_names)
        index = index_names(schema, arena);
    for (size_t i = 0; i < n_names; i++) {
        ptrdiff_t field = index.slots ? (ptrdiff_t)index.slots[name_slot(&index, names[i])] - 1
                                      : schema_find(schema, names[i]);
        char shown[120];
        if (field < 0)
            return schema_unknown(schema, names[i], err);
        if (asked[field])
            return err_set(err, E_INVALID, "column '%s' is asked for twice",
                           view_printable(names[i], shown, sizeof(shown)));
        asked[field] = true;
        fields[n_fields++] = (size_t)field;
    }
    *out_projection = (struct projection){fields, n_fields};
    return OK;
}
