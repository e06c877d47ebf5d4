#include "segment/stack.h"

/* ------------------------------------------------------------------------------------ preparing */

/* Whether all columns but keys are shifted against the base's by one distance. */
static bool has_one_shift(const struct seg_stack *stack, const struct seg_layer *l, int32_t *out)
{
    const struct seg_set *base = seg_stack_base(stack);
    bool is_first = true;
    *out = 0;
    if (base->layout->n_groups != 1 || l->set->layout->n_groups != 1)
        return false;
    for (size_t i = 0; i < base->schema->n_fields; i++) {
        size_t field = seg_layer_field(l, i);
        if (base->layout->cells[i].in_key)
            continue;
        if (field == SEG_NO_FIELD)
            return false;
        int32_t shift =
            (int32_t)l->set->layout->cells[field].offset - (int32_t)base->layout->cells[i].offset;
        if (!is_first && shift != *out)
            return false;
        *out = shift;
        is_first = false;
    }
    return true;
}

void seg_stack_prepare(struct seg_stack *stack)
{
    size_t n = stack->n_layers - 1;
    stack->is_uniform = true;
    for (size_t i = 0; i < n; i++)
        stack->is_uniform &= has_one_shift(stack, &stack->layers[i], &stack->layers[i].shift);
    for (size_t i = 0; !stack->is_uniform && i < n; i++)
        stack->layers[i].shift = 0;
    for (unsigned bits = 0; bits < 256; bits++) {
        stack->by_layer[bits] = 0;
        for (size_t i = 0; i < n; i++)
            if (stack->layers[i].asks_all || (bits >> stack->layers[i].filter_bit & 1))
                stack->by_layer[bits] |= (uint8_t)(1u << i);
    }
}

/* ------------------------------------------------------------------------------------- finding */

/*
 * A search with layers, for up to AT_ONCE keys (find_some):
 *
 *     1. Hash all keys once and ask the filter. Most keys of most tables are in no layer: these go
 *        to the base.
 *     2. The other keys ask the newest layer that may have them. Its rows are prefetched.
 *     3. Meanwhile the base is searched: for all keys, straight into the answer, if few are in
 *        layers, which is the common case and costs no more than a search without layers; else only
 *        for those that need it.
 *     4. Take the answers of 2. A key that was not there, or a filter that said "maybe" wrongly,
 *        asks the next layer: back to 2.
 *     5. Keys that no layer answered take the row of the base.
 *
 * A layer is a newer version of the row as a whole, so the first answer ends the search for a key.
 * Rows that have only some of their columns are completed later, by segment/patch.c.
 */

/* Keys looked up at a time: what is prefetched for them stays in L2. */
enum { AT_ONCE = 1024 };

/* Some keys on their way through the layers. */
struct search {
    const struct seg_stack *stack;
    const struct seg_set *sets[SEG_STACK_MAX]; /* by layer */
    struct seg_touch touches[SEG_STACK_MAX];
    size_t base; /* the number of its layer */
    /* The keys, and the answer. */
    const struct view *keys;
    struct seg_rows *rows;
    uint64_t hashes[AT_ONCE];
    uint8_t maybe[AT_ONCE]; /* bits of the layers that may hold the key and were not asked */
    /* Numbers of the keys that a layer is to be asked for, and of those that the base is. */
    uint32_t open[AT_ONCE], to_base[AT_ONCE];
    size_t n_open, n_to_base;
};

/* Keys that are asked for at a time, and the answer, by place in `open` or `to_base`. */
struct question {
    uint8_t which[AT_ONCE];    /* layer */
    struct view keys[AT_ONCE]; /* for the base */
    uint64_t hashes[AT_ONCE];
    const uint8_t *row[AT_ONCE];
    uint32_t block[AT_ONCE], slot[AT_ONCE];
    uint8_t present[AT_ONCE / 8];
    struct seg_rows found;
};

/* What of a layer's rows is read, in its own fields. */
static struct seg_touch touch_of(const struct seg_layer *l, const size_t *base_fields,
                                 size_t n_fields)
{
    enum { FIELDS_MAX = 64 }; /* more do not fit a touch anyway */
    size_t fields[FIELDS_MAX], n = 0;
    for (size_t i = 0; i < n_fields && n < FIELDS_MAX; i++) {
        fields[n] = seg_layer_field(l, base_fields[i]);
        n += fields[n] != SEG_NO_FIELD;
    }
    return seg_touch_of(l->set, fields, n);
}

/* Test all keys against the filter, a run at a time, while the lines of the next run are
 * prefetched. */
static void ask_filter(struct search *s)
{
    enum { RUN = 64 };
    const struct seg_filter *filter = s->stack->filter;
    size_t n = s->rows->n;
    seg_hash_keys(s->sets[s->base], s->keys, n, s->hashes);
    s->n_open = s->n_to_base = 0;
    for (size_t at = 0; at < n + RUN; at += RUN) {
        for (size_t i = at; i < at + RUN && i < n; i++)
            __builtin_prefetch(seg_filter_line(filter, seg_filter_mix(s->hashes[i])));
        for (size_t i = at < RUN ? 0 : at - RUN; i < at && i < n; i++) {
            uint64_t mixed = seg_filter_mix(s->hashes[i]);
            uint8_t bits = seg_filter_get(seg_filter_line(filter, mixed), mixed);
            bits = s->stack->by_layer[bits];
            s->maybe[i] = bits;
            /* Both lists are written, and one of them advances: no branch on what the filter
             * said. */
            s->open[s->n_open] = (uint32_t)i;
            s->n_open += bits != 0;
            s->to_base[s->n_to_base] = (uint32_t)i;
            s->n_to_base += bits == 0;
        }
    }
}

/* The key is in no layer and not in the base, or its newest row says that it is deleted. */
static void settle_absent(struct search *s, uint32_t key)
{
    s->rows->row[key] = s->sets[s->base]->absent_row;
    s->rows->block[key] = s->rows->slot[key] = 0;
    s->rows->layer[key] = (uint8_t)s->base;
    s->rows->present[key / 8] &= (uint8_t) ~(1u << key % 8);
}

static inline void settle(struct search *s, uint32_t key, const struct question *q, size_t i,
                          size_t layer)
{
    s->rows->row[key] = q->row[i] + s->stack->layers[layer].shift;
    s->rows->block[key] = q->block[i];
    s->rows->slot[key] = q->slot[i];
    s->rows->layer[key] = (uint8_t)layer;
    s->rows->present[key / 8] |= (uint8_t)(1u << key % 8);
}

static void question_init(struct question *q, size_t n)
{
    q->found = (struct seg_rows){
        .n = n, .row = q->row, .block = q->block, .slot = q->slot, .present = q->present};
}

static struct seg_search search_of(const struct search *s, const struct question *q)
{
    return (struct seg_search){s->sets, s->touches, q->which, s->open, s->keys, s->hashes};
}

/* Ask for each open key the newest layer that may hold it. */
static void ask_layers(const struct search *s, struct question *q)
{
    question_init(q, s->n_open);
    for (size_t i = 0; i < s->n_open; i++)
        q->which[i] = (uint8_t)__builtin_ctz(s->maybe[s->open[i]]);
    const struct seg_search search = search_of(s, q);
    seg_search_begin(&search, &q->found);
}

/* What a layer says of a key: its row; that it is deleted; or go on (true). A row below the floor
 * does not count. */
static inline bool goes_on(struct search *s, uint32_t key, const struct question *q, size_t i)
{
    size_t layer = q->which[i];
    const struct seg_layer *l = &s->stack->layers[layer];
    bool present = q->present[i / 8] >> i % 8 & 1;
    int64_t stamp = present ? seg_row_stamp(l, q->row[i]) : 0;
    if (present && stamp > l->floor) {
        if (stamp & 1)
            settle_absent(s, key);
        else
            settle(s, key, q, i, layer);
        return false;
    }
    s->maybe[key] &= (uint8_t) ~(1u << layer);
    return true;
}

/* Take the answers; keys that go on stay open, or are the base's. */
static void take_answers(struct search *s, struct question *q)
{
    const struct seg_search search = search_of(s, q);
    size_t n = s->n_open;
    seg_search_end(&search, &q->found);
    s->n_open = 0;
    s->rows->is_damaged |= q->found.is_damaged;
    for (size_t i = 0; i < n; i++) {
        uint32_t key = s->open[i];
        if (!goes_on(s, key, q, i))
            continue;
        if (s->maybe[key])
            s->open[s->n_open++] = key;
        else
            s->to_base[s->n_to_base++] = key;
    }
}

/* If few keys are in layers, all keys are looked up in the base first, directly into the answer. */
static void ask_base_for_all(struct search *s)
{
    s->rows->touch = s->touches[s->base];
    seg_find(s->sets[s->base], s->keys, s->hashes, s->rows);
    memset(s->rows->layer, (int)s->base, s->rows->n);
}

static void ask_base_for_rest(struct search *s, struct question *q)
{
    question_init(q, s->n_to_base);
    for (size_t i = 0; i < s->n_to_base; i++) {
        q->keys[i] = s->keys[s->to_base[i]];
        q->hashes[i] = s->hashes[s->to_base[i]];
    }
    q->found.touch = s->touches[s->base];
    seg_find(s->sets[s->base], q->keys, q->hashes, &q->found);
    s->rows->is_damaged |= q->found.is_damaged;
    for (size_t i = 0; i < s->n_to_base; i++)
        if (q->present[i / 8] >> i % 8 & 1)
            settle(s, s->to_base[i], q, i, s->base);
        else
            settle_absent(s, s->to_base[i]);
    s->n_to_base = 0;
}

/* The rows of layers are prefetched while the base is searched. */
static void find_some(struct search *s, struct question *of_layers, struct question *of_base)
{
    ask_filter(s);
    bool few_in_layers = s->n_open <= s->rows->n / 4;
    ask_layers(s, of_layers);
    if (few_in_layers) {
        ask_base_for_all(s);
    } else {
        memset(s->rows->present, 0, (s->rows->n + 7) / 8);
        s->rows->is_damaged = false;
        ask_base_for_rest(s, of_base);
    }
    take_answers(s, of_layers);
    while (s->n_open) {
        ask_layers(s, of_layers);
        take_answers(s, of_layers);
    }
    if (!few_in_layers)
        ask_base_for_rest(s, of_base);
}

static size_t count_absent(const struct seg_rows *rows)
{
    size_t n = rows->n;
    for (size_t i = 0; i < (rows->n + 7) / 8; i++)
        n -= (size_t)__builtin_popcount(rows->present[i]);
    return n;
}

static void find_in_layers(const struct seg_stack *stack, const struct view *keys,
                           const size_t *fields, size_t n_fields, struct seg_rows *rows,
                           struct arena *arena)
{
    struct search *s = arena_alloc(arena, sizeof(*s));
    struct question *of_layers = arena_alloc(arena, sizeof(*of_layers));
    struct question *of_base = arena_alloc(arena, sizeof(*of_base));
    bool is_damaged = false;
    s->stack = stack;
    s->base = stack->n_layers - 1;
    for (size_t i = 0; i < stack->n_layers; i++) {
        s->sets[i] = stack->layers[i].set;
        if (s->sets[i]->pages)
            seg_pages_begin(s->sets[i]->pages);
        s->touches[i] = touch_of(&stack->layers[i], fields, n_fields);
    }
    for (size_t at = 0; at < rows->n; at += AT_ONCE) {
        struct seg_rows some = *rows;
        some.n = rows->n - at < AT_ONCE ? rows->n - at : AT_ONCE;
        some.row += at;
        some.block += at;
        some.slot += at;
        some.layer += at;
        some.present += at / 8;
        s->rows = &some;
        s->keys = keys + at;
        find_some(s, of_layers, of_base);
        is_damaged |= some.is_damaged;
    }
    rows->n_absent = count_absent(rows);
    rows->is_damaged = is_damaged;
}

void seg_stack_find(const struct seg_stack *stack, const struct view *keys, const size_t *fields,
                    size_t n_fields, struct seg_rows *rows, struct arena *arena)
{
    rows->of_field = NULL;
    if (stack->n_layers > 1) {
        find_in_layers(stack, keys, fields, n_fields, rows, arena);
        return;
    }
    rows->touch = seg_touch_of(seg_stack_base(stack), fields, n_fields);
    seg_find(seg_stack_base(stack), keys, NULL, rows);
}
