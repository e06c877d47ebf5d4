#include "engine/store/overlay.h"

#include "base/mem.h"

/*
 * A filter is shared by consecutive overlays, and layers are added to it while readers use it:
 *
 * (1) Bits of a filter are only ever set, with relaxed atomics. A reader with an older overlay
 *     ignores the bits that none of its layers has, so a half-added layer does not disturb it.
 * (2) A bit of a filter is given out once. When all eight were given out, or the filter is too
 *     small for a new layer, a new filter is filled with all layers of the new overlay; the old one
 *     lives as long as overlays that refer to it.
 * (3) A layer that a merge replaced leaves its bit set: lookups of its keys no longer see that bit,
 *     by (1).
 */

struct shared_filter {
    _Atomic uint32_t refs;
    struct seg_filter filter;
    unsigned n_used; /* bits given out (2); only the thread that makes overlays looks at it */
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
    if (o->layers[i]->is_damaged) /* its keys cannot be trusted; every key is looked up in it */
        return;
    seg_filter_add(&o->filter->filter, o->bits[i], o->layers[i]->segment);
}

/* Make a new filter with all layers. */
static void filter_all(struct overlay *o)
{
    uint64_t most = 0;
    for (size_t i = 0; i < o->n; i++)
        most = o->layers[i]->segment->n_slots > most ? o->layers[i]->segment->n_slots : most;
    o->filter = filter_new(most);
    for (size_t i = 0; i < o->n; i++)
        add_to_filter(o, i);
}

/* Layer `i` is new; the others have their bits in `shared`. */
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

size_t overlay_n_written(const struct overlay *o)
{
    size_t n = 0;
    while (n < o->n && !o->layers[n]->is_published)
        n++;
    return n;
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

uint64_t overlay_written_bytes(const struct overlay *o)
{
    uint64_t n = 0;
    for (size_t i = 0; i < o->n; i++)
        n += o->layers[i]->is_published ? 0 : o->layers[i]->segment->bytes.len;
    return n;
}

uint64_t overlay_disk_bytes(const struct overlay *o)
{
    uint64_t n = 0;
    for (size_t i = 0; i < o->n; i++)
        n += o->layers[i]->segment->bytes.len;
    return n;
}
