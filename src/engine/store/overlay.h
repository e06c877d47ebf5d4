/*
 * The layers on top of a table's base, with the filter that says which of them may hold a key. An overlay is
 * immutable and refcounted; a write, a merge or a new base makes a new one, which shares layers and filter with
 * the old.
 *
 * Threads   making one: one at a time for a table (the filter is added to); the rest any.
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
    unsigned bits[OVERLAY_MAX];        /* of the filter */
    struct shared_filter *filter;      /* NULL where n is 0 */
};

struct overlay *overlay_new(void); /* without layers */
struct overlay *overlay_ref(struct overlay *o);
void overlay_unref(struct overlay *o); /* NULL is fine */

/* One layer more on top; there must be room. Adds the reference it keeps. Cost: about 20 ns a row. */
struct overlay *overlay_push(const struct overlay *o, struct layer *layer);

/* The layers `from` to `end`-1 replaced by `merged`, or by nothing where that is NULL. */
struct overlay *overlay_replace(const struct overlay *o, size_t from, size_t end,
                                struct layer *merged);

const struct seg_filter *overlay_filter(const struct overlay *o);

uint64_t
overlay_n_rows(const struct overlay *o); /* of all layers, replaced and deleted ones among them */
uint64_t overlay_disk_bytes(const struct overlay *o);

#endif
