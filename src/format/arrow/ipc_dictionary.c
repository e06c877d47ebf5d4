#include "format/arrow/ipc_dictionary.h"

#include "base/mem.h"
#include "format/arrow/array_decide.h"
#include "format/arrow/fbs.h"

struct ipc_dictionary {
    struct arrow_dictionary dictionary; /* first: what columns point to */
    uint64_t id;
    bool is_wanted;
    struct arrow_array *like; /* a value array without rows, in the schema's arena */
    size_t cap;               /* of pieces */
    struct arena arena;       /* of the pieces' arrays */
    struct ipc_memory memory; /* of the pieces' buffers */
};

static void drop_values(struct ipc_dictionary *d)
{
    d->dictionary.n_pieces = 0;
    arena_reset(&d->arena);
    ipc_memory_reset(&d->memory);
}

void ipc_dictionaries_done(struct ipc_dictionaries *d)
{
    for (size_t i = 0; i < d->n; i++) {
        drop_values(d->list[i]);
        arena_done(&d->list[i]->arena);
        free(d->list[i]->dictionary.pieces);
    }
    free(d->list);
    *d = (struct ipc_dictionaries){0};
}

/* Where `id` is, or belongs. */
static size_t place_of(const struct ipc_dictionaries *d, uint64_t id)
{
    size_t low = 0, high = d->n;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (d->list[middle]->id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct ipc_dictionary *find(const struct ipc_dictionaries *d, uint64_t id)
{
    size_t at = place_of(d, id);
    return at < d->n && d->list[at]->id == id ? d->list[at] : NULL;
}

struct arrow_dictionary *ipc_dictionaries_add(struct ipc_dictionaries *d, uint64_t id,
                                              struct arrow_array *values, struct arena *arena)
{
    struct ipc_dictionary *known = find(d, id);
    if (known)
        return arrow_array_same_type(known->like, values) ? &known->dictionary : NULL;
    struct ipc_dictionary *added = arena_zalloc(arena, sizeof(*added));
    added->id = id;
    added->like = values;
    if (d->n == d->cap) {
        d->cap = d->cap ? 2 * d->cap : 8;
        d->list = mem_realloc(d->list, d->cap * sizeof(struct ipc_dictionary *));
    }
    size_t at = place_of(d, id);
    memmove(d->list + at + 1, d->list + at, (d->n - at) * sizeof(struct ipc_dictionary *));
    d->list[at] = added;
    d->n++;
    return &added->dictionary;
}

void ipc_dictionaries_want(const struct arrow_array *a)
{
    struct ipc_dictionary *d = (struct ipc_dictionary *)a->dictionary;
    for (size_t i = 0; i < a->n_children; i++)
        ipc_dictionaries_want(&a->children[i]);
    if (d && !d->is_wanted) {
        d->is_wanted = true;
        ipc_dictionaries_want(d->like);
    }
}

static size_t count_arrays(const struct arrow_array *a)
{
    size_t n = 1;
    for (size_t i = 0; i < a->n_children; i++)
        n += count_arrays(&a->children[i]);
    return n;
}

static void copy_array(const struct arrow_array *from, struct arrow_array *to, struct arena *arena)
{
    *to = *from;
    to->children = arena_alloc(arena, from->n_children * sizeof(*to->children));
    for (size_t i = 0; i < from->n_children; i++)
        copy_array(&from->children[i], &to->children[i], arena);
}

static void add_piece(struct ipc_dictionary *d, struct arrow_array *values)
{
    struct arrow_dictionary *into = &d->dictionary;
    if (into->n_pieces == d->cap) {
        d->cap = d->cap ? 2 * d->cap : 1;
        into->pieces = mem_realloc(into->pieces, d->cap * sizeof(*into->pieces));
    }
    size_t before = into->n_pieces ? into->pieces[into->n_pieces - 1].end : 0;
    into->pieces[into->n_pieces++] = (struct arrow_piece){values, before + values->n_rows};
}

/* Each piece gets arrays of its own, copied from `like`: pieces that came before keep their
 * buffers. The copy is charged, too, since a stream may have very many small pieces. */
must_use static enum code read_values(struct ipc_dictionary *d, const struct fb_table *batch,
                                      const struct ipc_message *m, size_t rows_max,
                                      struct ipc_codec *codec, struct err *err)
{
    size_t n_rows;
    TRY(ipc_memory_charge(&d->memory, count_arrays(d->like) * sizeof(*d->like), err));
    struct arrow_array *values = arena_alloc(&d->arena, sizeof(*values));
    copy_array(d->like, values, &d->arena);
    const struct ipc_batch_into into = {values, 1, rows_max, codec, &d->memory, &d->arena};
    TRY(ipc_batch_read(&into, batch, m->body, m->is_v4, &n_rows, err));
    add_piece(d, values);
    return OK;
}

enum code ipc_dictionaries_read(struct ipc_dictionaries *d, const struct ipc_message *m,
                                size_t rows_max, struct ipc_codec *codec, struct ipc_budget *budget,
                                struct err *err)
{
    uint64_t id, is_delta;
    struct fb_table batch;
    if (!fb_scalar(&m->header, DICTIONARY_ID, 8, 0, &id) ||
        !fb_table(&m->header, DICTIONARY_DATA, &batch) || !batch.present ||
        !fb_scalar(&m->header, DICTIONARY_IS_DELTA, 1, 0, &is_delta))
        return ipc_not_a_stream(err, "the metadata of a dictionary is damaged");
    struct ipc_dictionary *known = find(d, id);
    if (!known)
        return err_set(err, E_INVALID, "no column of the Arrow stream has dictionary %lld",
                       (long long)id);
    if (!known->is_wanted)
        return OK;
    known->memory.budget = budget;
    if (!is_delta)
        drop_values(known);
    enum code rc = read_values(known, &batch, m, rows_max, codec, err);
    return rc ? err_in(err, rc, "dictionary %lld", (long long)id) : OK;
}
