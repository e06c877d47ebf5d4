#include "engine/store/overlay.h"

#include "base/mem.h"

struct shared_filter {
    _Atomic uint32_t refs;
    struct seg_filter filter;
    unsigned n_used; /* bits, by layers of any overlay that shares it; only who makes overlays */
};

static struct shared_filter *filter_new(uint64_t n_rows)
{
    struct shared_filter *f = mem_zalloc(sizeof(*f));
    f->refs = 1;
    seg_filter_init(&f->filter, n_rows);
    return f;
}

static struct shared_filter *filter_ref(struct shared_filter *f)
{
    atomic_fetch_add_explicit(&f->refs, 1, memory_order_relaxed);
    return f;
}

static void filter_unref(struct shared_filter *f)
{
    if (!f || atomic_fetch_sub_explicit(&f->refs, 1, memory_order_acq_rel) > 1)
        return;
    seg_filter_done(&f->filter);
    free(f);
}

struct overlay *overlay_new(void)
{
    struct overlay *o = mem_zalloc(sizeof(*o));
    o->refs = 1;
    return o;
}

struct overlay *overlay_ref(struct overlay *o)
{
    atomic_fetch_add_explicit(&o->refs, 1, memory_order_relaxed);
    return o;
}

void overlay_unref(struct overlay *o)
{
    if (!o || atomic_fetch_sub_explicit(&o->refs, 1, memory_order_acq_rel) > 1)
        return;
    for (size_t i = 0; i < o->n; i++)
        layer_unref(o->layers[i]);
    filter_unref(o->filter);
    free(o);
}

static void append(struct overlay *o, struct layer *layer, unsigned bit)
{
    o->layers[o->n] = layer_ref(layer);
    o->bits[o->n++] = bit;
}

static void add_to_filter(struct overlay *o, size_t i)
{
    o->bits[i] = o->filter->n_used++;
    if (o->layers[i]->is_damaged) /* what its keys are is not to be trusted; it is asked for all */
        return;
    seg_filter_add(&o->filter->filter, o->bits[i], o->layers[i]->segment);
}

/* A filter of its own, with all layers. */
static void filter_all(struct overlay *o)
{
    uint64_t most = 0;
    for (size_t i = 0; i < o->n; i++)
        most = o->layers[i]->segment->n_slots > most ? o->layers[i]->segment->n_slots : most;
    o->filter = filter_new(most);
    for (size_t i = 0; i < o->n; i++)
        add_to_filter(o, i);
}

/* Layer `i` is new, the others have their bits in `shared`. */
static void filter_one(struct overlay *o, size_t i, struct shared_filter *shared)
{
    if (!shared || shared->n_used == SEG_FILTER_BITS ||
        !seg_filter_fits(&shared->filter, o->layers[i]->segment->n_slots)) {
        filter_all(o);
        return;
    }
    o->filter = filter_ref(shared);
    add_to_filter(o, i);
}

struct overlay *overlay_push(const struct overlay *o, struct layer *layer)
{
    return overlay_replace(o, 0, 0, layer);
}

struct overlay *overlay_replace(const struct overlay *o, size_t from, size_t end,
                                struct layer *merged)
{
    struct overlay *fresh = overlay_new();
    for (size_t i = 0; i < from; i++)
        append(fresh, o->layers[i], o->bits[i]);
    if (merged)
        append(fresh, merged, 0);
    for (size_t i = end; i < o->n; i++)
        append(fresh, o->layers[i], o->bits[i]);
    if (merged)
        filter_one(fresh, from, o->filter);
    else if (fresh->n)
        fresh->filter = filter_ref(o->filter);
    return fresh;
}

const struct seg_filter *overlay_filter(const struct overlay *o)
{
    return o->filter ? &o->filter->filter : NULL;
}

uint64_t overlay_n_rows(const struct overlay *o)
{
    uint64_t n = 0;
    for (size_t i = 0; i < o->n; i++)
        n += o->layers[i]->segment->n_rows;
    return n;
}

uint64_t overlay_disk_bytes(const struct overlay *o)
{
    uint64_t n = 0;
    for (size_t i = 0; i < o->n; i++)
        n += o->layers[i]->segment->bytes.len;
    return n;
}
