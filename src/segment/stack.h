/*
 * Segments on top of each other: what was loaded or compacted last (the *base*), and above it the
 * segments of writes since, each a layer. A row of a higher layer replaces the rows below it
 * completely.
 *
 * A row of a write has a *stamp*: twice the time of the write in microseconds since 1970, plus one
 * where the row says that its key is deleted. A row whose time is not later than its layer's floor
 * is ignored, because what the source published since is newer. Where all rows of a layer have one
 * stamp it is the layer's; where they differ it is an int64 in front of the columns of the table.
 *
 * Layers may differ in layout, and in schema from the base: fields are matched by name when a layer
 * is put on the stack. Their hash seed is the base's, so that a key is hashed once for all.
 *
 * Lookup    one look at the filter a key; then the layers it names, newest first; then the base for
 *           what is left. With no layers it is seg_find alone.
 *
 * Shifted rows. Cells of a packed row stand in the order of the schema, after the key and the null
 * bits; so the cells of a layer are where the base has them, shifted by one distance for all of
 * them (the stamp, and the difference in length of key cell and null bits). If that holds for all
 * layers, a search returns rows moved by this distance, and gathering need not know which layer a
 * row is from, except for nulls, keys and values in heaps.
 */
#ifndef MURR_SEGMENT_STACK_H
#define MURR_SEGMENT_STACK_H

#include "base/arena.h"
#include "segment/filter.h"
#include "segment/find.h"

enum { SEG_STACK_MAX = SEG_FILTER_BITS + 1 };

#define SEG_NO_FIELD SIZE_MAX

struct seg_layer {
    const struct seg_set *set;
    /* By field of the base: the same column in this layer, or SEG_NO_FIELD. NULL: the same
     * numbers. */
    const size_t *field_of;
    bool has_masks;  /* its rows have masks, in the first field (segment/patch.h) */
    bool has_stamps; /* its rows have stamps of their own, in the first field, or after the mask */
    int64_t stamp;   /* else this one; of rows that are no deletes */
    int64_t floor;   /* stamps of rows that count are greater; of the base and of what the source
                      * published, INT64_MIN */
    unsigned filter_bit;
    bool asks_all; /* the filter does not have all of its keys: it is asked for each */
    /* By how many bytes cells lie further back than in the base; 0 unless the stack is uniform. */
    int32_t shift;
};

/* Borrows all that it points to. */
struct seg_stack {
    size_t n_layers;                        /* with the base */
    struct seg_layer layers[SEG_STACK_MAX]; /* newest first; the last is the base */
    const struct seg_filter *filter;        /* NULL with the base alone */
    /* Set by seg_stack_prepare. */
    bool is_uniform; /* shifts hold for all columns but keys */
    /* From bits of the filter to bits of layers, where the newest layer is the lowest bit. */
    uint8_t by_layer[256];
};

/* A base without layers. */
static inline struct seg_stack seg_stack_of(const struct seg_set *base)
{
    return (struct seg_stack){
        .n_layers = 1, .layers = {{.set = base, .floor = INT64_MIN}}, .is_uniform = true};
}

/* Layers, their fields and bits are set: compute the rest. */
void seg_stack_prepare(struct seg_stack *stack);

static inline const struct seg_set *seg_stack_base(const struct seg_stack *s)
{
    return s->layers[s->n_layers - 1].set;
}

static inline int64_t seg_stamp(int64_t time_us, bool deleted)
{
    return time_us * 2 + deleted;
}

/* The stamp of a row of a layer: its own, in group 0, or the layer's. */
static inline int64_t seg_row_stamp(const struct seg_layer *l, const uint8_t *row)
{
    int64_t stamp = l->stamp;
    if (l->has_stamps)
        memcpy(&stamp, row + l->set->layout->cells[l->has_masks].offset, sizeof(stamp));
    return stamp;
}

/* Number of a base field in a layer. */
static inline size_t seg_layer_field(const struct seg_layer *l, size_t field)
{
    return l->field_of ? l->field_of[field] : field;
}

/*
 * Find the rows of `keys` in all layers; `fields` (of the base) are those that will be read. `rows`
 * has n set and its arrays allocated, `layer` among them where there are layers. Deleted keys are
 * absent. seg_patch_resolve then finds the columns that patches leave out (segment/patch.h).
 *
 * Threads   any; no lock. Scratch of 200 KB comes from `arena` where there are layers.
 */
void seg_stack_find(const struct seg_stack *stack, const struct view *keys, const size_t *fields,
                    size_t n_fields, struct seg_rows *rows, struct arena *arena);

#endif
