/*
 * The layers on top of a table's base, and the filter that says which of them may hold a key. An
 * overlay is immutable and refcounted. A write, a merge or a new base makes a new overlay, which
 * shares layers and, mostly, the filter with the old.
 *
 * Threads   overlay_push and overlay_replace: one thread at a time for a table, since they add to
 *           the shared filter. All others: any.
 */
#ifndef MURR_ENGINE_STORE_OVERLAY_H
#define MURR_ENGINE_STORE_OVERLAY_H

#include "engine/store/layer.h"

enum { OVERLAY_MAX = SEG_FILTER_BITS };

struct shared_filter;

struct overlay {
    _Atomic uint32_t refs;
    /* Immutable from here on. */
    size_t n;
    struct layer *layers[OVERLAY_MAX]; /* newest first; a reference each */
    unsigned bits[OVERLAY_MAX];        /* the filter's bit for each layer */
    struct shared_filter *filter;      /* NULL if n is 0 */
};

struct overlay *overlay_new(void); /* without layers */
struct overlay *overlay_ref(struct overlay *o);
void overlay_unref(struct overlay *o); /* NULL is fine */

/* A new overlay with `layer` on top of those of `o`, which must be fewer than OVERLAY_MAX. Takes
 * its own reference. Cost: about 20 ns a row of the layer, or of all layers when a new filter is
 * needed. */
struct overlay *overlay_push(const struct overlay *o, struct layer *layer);

/* A new overlay in which `merged` replaces the layers `from` to `end` - 1; NULL just removes
 * them. */
struct overlay *overlay_replace(const struct overlay *o, size_t from, size_t end,
                                struct layer *merged);

/* How many layers there are above the published ones, which are the oldest. */
size_t overlay_n_written(const struct overlay *o);

const struct seg_filter *overlay_filter(const struct overlay *o);

/* The sum over all layers, including rows that newer layers replace or delete. */
uint64_t overlay_n_rows(const struct overlay *o);
uint64_t overlay_disk_bytes(const struct overlay *o);
/* The same without published layers. */
uint64_t overlay_written_bytes(const struct overlay *o);

#endif
