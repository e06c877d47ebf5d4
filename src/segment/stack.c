#include "segment/stack.h"

/* Keys on their way through the layers. Arrays of n. */
struct search {
    const struct seg_stack *stack;
    const struct view *keys;
    const size_t *fields;
    size_t n_fields;
    struct seg_rows *rows; /* the answer */
    uint8_t *maybe;        /* by key: bits of the layers that may hold it, as the filter says */
    uint32_t *open;        /* numbers of the keys not settled yet, rising */
    size_t n_open;
    /* Of those that one layer is asked for. */
    uint32_t *asked;
    struct view *asked_keys;
    struct seg_rows found; /* by place in `asked` */
};

static void search_init(struct search *s, size_t n, struct arena *arena)
{
    s->maybe = arena_alloc(arena, n);
    s->open = arena_alloc(arena, n * sizeof(*s->open));
    s->asked = arena_alloc(arena, n * sizeof(*s->asked));
    s->asked_keys = arena_alloc(arena, n * sizeof(*s->asked_keys));
    s->found.row = arena_alloc(arena, n * sizeof(*s->found.row));
    s->found.block = arena_alloc(arena, n * sizeof(*s->found.block));
    s->found.slot = arena_alloc(arena, n * sizeof(*s->found.slot));
    s->found.present = arena_alloc(arena, (n + 7) / 8);
}

/* All keys against the filter, a run at a time: lines are on their way while later keys are hashed. */
static void ask_filter(struct search *s)
{
    enum { RUN = 32 };
    const struct seg_filter *filter = s->stack->filter;
    const struct key_hasher *hasher = &seg_stack_base(s->stack)->hasher;
    uint64_t mixed[RUN];
    const uint8_t *lines[RUN];
    for (size_t at = 0, n = s->rows->n; at < n; at += RUN) {
        size_t end = n - at < RUN ? n - at : RUN;
        for (size_t i = 0; i < end; i++) {
            mixed[i] = seg_filter_mix(key_hasher_hash(hasher, s->keys[at + i]));
            lines[i] = seg_filter_line(filter, mixed[i]);
            __builtin_prefetch(lines[i]);
        }
        for (size_t i = 0; i < end; i++)
            s->maybe[at + i] = seg_filter_get(lines[i], mixed[i]);
    }
}

/* What of a layer's rows is read, in its own fields. */
static struct seg_touch touch_of(const struct search *s, const struct seg_layer *l)
{
    enum { FIELDS_MAX = 64 }; /* more do not fit a touch anyway */
    size_t fields[FIELDS_MAX], n = 0;
    for (size_t i = 0; i < s->n_fields && n < FIELDS_MAX; i++) {
        fields[n] = seg_layer_field(l, s->fields[i]);
        n += fields[n] != SEG_NO_FIELD;
    }
    return seg_touch_of(l->set, fields, n);
}

/* The open keys that a layer may hold. */
static void choose_asked(struct search *s, uint8_t bits)
{
    size_t n = 0;
    for (size_t i = 0; i < s->n_open; i++) {
        uint32_t key = s->open[i];
        s->asked[n] = key;
        n += (s->maybe[key] & bits) != 0;
    }
    for (size_t i = 0; i < n; i++)
        s->asked_keys[i] = s->keys[s->asked[i]];
    s->found.n = n;
}

static void settle_absent(struct search *s, uint32_t key)
{
    s->rows->row[key] = seg_stack_base(s->stack)->absent_row;
    s->rows->block[key] = s->rows->slot[key] = 0;
    s->rows->layer[key] = (uint8_t)(s->stack->n_layers - 1);
    s->rows->n_absent++;
}

static void settle(struct search *s, uint32_t key, size_t i, size_t layer)
{
    if (!(s->found.present[i / 8] >> i % 8 & 1)) {
        settle_absent(s, key);
        return;
    }
    s->rows->row[key] = s->found.row[i];
    s->rows->block[key] = s->found.block[i];
    s->rows->slot[key] = s->found.slot[i];
    s->rows->layer[key] = (uint8_t)layer;
    s->rows->present[key / 8] |= (uint8_t)(1u << key % 8);
}

/* Whether what a layer found, or not, is the answer. A row older than the base sends its key there: what lies
 * below it is older still. */
static bool settle_in_layer(struct search *s, uint32_t key, size_t i, size_t layer)
{
    if (!(s->found.present[i / 8] >> i % 8 & 1))
        return false;
    int64_t stamp = seg_row_stamp(s->stack->layers[layer].set, s->found.row[i]);
    if (stamp <= s->stack->floor) {
        s->maybe[key] = 0;
        return false;
    }
    if (stamp & 1)
        settle_absent(s, key);
    else
        settle(s, key, i, layer);
    return true;
}

/* Both lists rise. */
static void drop_settled(struct search *s, const uint32_t *settled, size_t n_settled)
{
    size_t n = 0, k = 0;
    for (size_t i = 0; i < s->n_open; i++) {
        bool is_settled = k < n_settled && settled[k] == s->open[i];
        k += is_settled;
        s->open[n] = s->open[i];
        n += !is_settled;
    }
    s->n_open = n;
}

static void ask_layer(struct search *s, size_t layer)
{
    const struct seg_layer *l = &s->stack->layers[layer];
    size_t n_settled = 0;
    choose_asked(s, (uint8_t)(1u << l->filter_bit));
    if (s->found.n == 0)
        return;
    s->found.touch = touch_of(s, l);
    seg_find(l->set, s->asked_keys, &s->found);
    for (size_t i = 0; i < s->found.n; i++) {
        uint32_t key = s->asked[i];
        if (settle_in_layer(s, key, i, layer))
            s->asked[n_settled++] = key;
    }
    drop_settled(s, s->asked, n_settled);
}

/* What is left is the base's. */
static void ask_base(struct search *s)
{
    size_t base = s->stack->n_layers - 1;
    for (size_t i = 0; i < s->n_open; i++)
        s->asked_keys[i] = s->keys[s->open[i]];
    s->found.n = s->n_open;
    s->found.touch = touch_of(s, &s->stack->layers[base]);
    seg_find(s->stack->layers[base].set, s->asked_keys, &s->found);
    for (size_t i = 0; i < s->n_open; i++)
        settle(s, s->open[i], i, base);
}

static void find_in_layers(const struct seg_stack *stack, struct search *s, struct arena *arena)
{
    size_t n = s->rows->n;
    search_init(s, n, arena);
    memset(s->rows->present, 0, (n + 7) / 8);
    s->rows->n_absent = 0;
    ask_filter(s);
    for (size_t i = 0; i < n; i++)
        s->open[i] = (uint32_t)i;
    s->n_open = n;
    for (size_t layer = 0; layer + 1 < stack->n_layers; layer++)
        ask_layer(s, layer);
    ask_base(s);
}

void seg_stack_find(const struct seg_stack *stack, const struct view *keys, const size_t *fields,
                    size_t n_fields, struct seg_rows *rows, struct arena *arena)
{
    if (stack->n_layers > 1) {
        struct search s = {
            .stack = stack, .keys = keys, .fields = fields, .n_fields = n_fields, .rows = rows};
        find_in_layers(stack, &s, arena);
        return;
    }
    rows->touch = seg_touch_of(seg_stack_base(stack), fields, n_fields);
    seg_find(seg_stack_base(stack), keys, rows);
}
