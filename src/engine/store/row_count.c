#include "engine/store/row_count.h"

#include "base/mem.h"
#include "segment/slots.h"

enum { AT_ONCE = 512 };

/* Keys are collected and looked up in runs, whose cache misses then overlap. */
struct counting {
    const struct seg_stack *below;
    struct seg_layer layer;
    struct view keys[AT_ONCE];
    bool is_delete[AT_ONCE];
    size_t n;
    struct arena arena;
    int64_t added;
};

static void look_up(struct counting *c)
{
    struct seg_rows rows = {
        .n = c->n,
        .row = arena_alloc(&c->arena, c->n * sizeof(*rows.row)),
        .block = arena_alloc(&c->arena, c->n * sizeof(*rows.block)),
        .slot = arena_alloc(&c->arena, c->n * sizeof(*rows.slot)),
        .present = arena_alloc(&c->arena, (c->n + 7) / 8),
        .layer = arena_alloc(&c->arena, c->n),
    };
    seg_stack_find(c->below, c->keys, NULL, 0, &rows, &c->arena);
    for (size_t i = 0; i < c->n; i++) {
        bool was_there = rows.present[i / 8] >> i % 8 & 1;
        c->added += !was_there && !c->is_delete[i];
        c->added -= was_there && c->is_delete[i];
    }
    c->n = 0;
    arena_reset(&c->arena);
}

static void count_slot(struct counting *c, const struct seg_block *b, uint64_t slot)
{
    const struct seg_set *set = c->layer.set;
    const uint8_t *row = b->rows + slot * set->layout->groups[0].stride;
    struct view key = seg_row_key(set->layout, b, row);
    int64_t stamp = seg_row_stamp(&c->layer, row);
    if (stamp <= c->layer.floor ||
        !seg_owns_slot(b, key_hasher_hash(&set->hasher, key), set->n_blocks, slot))
        return;
    c->keys[c->n] = key;
    c->is_delete[c->n++] = stamp & 1;
    if (c->n == AT_ONCE)
        look_up(c);
}

int64_t row_count_added(const struct seg_stack *below, const struct layer *layer, int64_t floor)
{
    struct counting *c = mem_zalloc(sizeof(*c));
    c->below = below;
    c->layer = layer_view(layer);
    c->layer.floor = floor;
    for (uint64_t i = 0; i < layer->set.n_blocks; i++) {
        const struct seg_block *b = &layer->set.blocks[i];
        for (uint64_t slot = 0, n = seg_block_n_slots(b); slot < n; slot++)
            count_slot(c, b, slot);
    }
    if (c->n)
        look_up(c);
    int64_t added = c->added;
    arena_done(&c->arena);
    free(c);
    return added;
}
