/*
 * Where the cells of a row are. All segments of a generation share one layout. It is chosen after
 * all rows were seen, so that it fits them: a key cell as wide as keys are, null bits only where
 * there are nulls.
 *
 * Rows are cut into *groups*, each an array with one stride. `packed` has one group, so that a row
 * is one place in memory; `columnar` has the key in group 0 and one group for each other column.
 * The address of a cell is group base + slot * stride + offset.
 *
 *     group 0   [key cell][null bits][8-byte cells][multiples of 8][of 4][of 2][others][padding]
 *
 * Key cell, one of
 *     fixed     width bytes: all keys have that length
 *     variable  u8 length, then width bytes: the key, zero padded; or length 255 and
 *               {u32 length, u32 low half of the key's hash, u64 offset in the block's heap}
 * Cell of a value of any length: utf8, binary, list (16 bytes, as Arrow's view types)
 *     u32 length, then up to 12 bytes; or the first 4 bytes and a u64 offset in the block's heap
 * Other cells are the value, little-endian; bool one byte; a list of one length its elements.
 *
 * The stride is padded to 8, 16, 32, 64 or a multiple of 64 where that adds at most an eighth: then
 * no row needs more cache lines than it has to.
 */
#ifndef MURR_SEGMENT_LAYOUT_H
#define MURR_SEGMENT_LAYOUT_H

#include "base/buf.h"
#include "base/cursor.h"
#include "model/schema.h"

enum {
    SEG_KEY_LONG = 255,      /* length byte of a key that lies in the heap */
    SEG_KEY_LONG_BYTES = 16, /* what such a cell holds after the length byte */
    SEG_VIEW_BYTES = 16,
    SEG_VIEW_INLINE = 12,
    SEG_MAX_STRIDE = 1 << 20,
};

struct seg_group {
    uint32_t stride;
    uint32_t null_offset; /* of the group's null bits in its row */
};

struct seg_cell {
    uint32_t group;
    uint32_t offset; /* in the group's row */
    /* Bit after the group's null_offset, 1 = null; -1: the column has no nulls. */
    int32_t null_bit;
    bool in_key; /* the value is a component of the key cell; the rest is then unused */
};

struct seg_layout {
    uint32_t key_width; /* bytes of the key cell, without the length byte */
    bool key_fixed;
    uint32_t n_groups;
    struct seg_group *groups;
    size_t n_cells; /* = fields of the schema */
    struct seg_cell *cells;
};

void seg_layout_done(struct seg_layout *l);

/* How long the keys of a table are: what the key cell is fitted to. Zeroed memory is empty. */
struct key_lengths {
    uint64_t n[256]; /* [255] counts all of 255 bytes and more */
    uint64_t n_bytes;
};

static inline void key_lengths_add(struct key_lengths *k, size_t len)
{
    k->n[len < 255 ? len : 255]++;
    k->n_bytes += len;
}

static inline void key_lengths_sum(struct key_lengths *k, const struct key_lengths *more)
{
    for (size_t len = 0; len < 256; len++)
        k->n[len] += more->n[len];
    k->n_bytes += more->n_bytes;
}

/* Fails E_INVALID where the fixed components of the key are longer than the cell of a key can
 * be. */
must_use enum code seg_layout_check_key(const struct schema *schema, struct err *err);

/* Choose the layout. `n_nulls` has one count a field. Fails E_LIMIT past SEG_MAX_STRIDE. */
must_use enum code seg_layout_choose(const struct schema *schema, bool columnar,
                                     const struct key_lengths *keys, const uint64_t *n_nulls,
                                     struct seg_layout *out, struct err *err);

/* The bytes of a layout in a segment's meta payload, and back. Reading checks every offset against
 * its stride, so that no cell reaches outside its row. */
void seg_layout_put(const struct seg_layout *l, struct buf *out);
must_use enum code seg_layout_get(struct cursor *c, const struct schema *schema,
                                  struct seg_layout *out, struct err *err);

/* Bytes of a non-key cell. */
static inline uint32_t seg_cell_bytes(const struct type *t)
{
    return type_is_variable(t) ? SEG_VIEW_BYTES : (uint32_t)type_width(t);
}

/* Bytes of the whole key cell. */
static inline uint32_t seg_key_bytes(const struct seg_layout *l)
{
    return l->key_width + !l->key_fixed;
}

#endif
