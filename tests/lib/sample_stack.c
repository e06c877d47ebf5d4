#include "sample_stack.h"

#include "base/file.h"
#include "base/mem.h"
#include "engine/store/layer.h"
#include "sample_check.h"
#include "segment/gather.h"
#include "test.h"

#include <stdio.h>

/* Times of the rows of layer i: later than those of the layers below it. */
static int64_t first_time(const struct sample_stack *s, size_t layer)
{
    return (int64_t)(s->n - 1 - layer) * 1000;
}

void sample_schema(struct schema *schema, struct random *random)
{
    *schema = (struct schema){0};
    size_t n_key = 1 + random_below(random, 3), n_values = random_below(random, 20);
    for (size_t i = 0; i < n_key + n_values; i++) {
        char name[32];
        snprintf(name, sizeof(name), "c%zu", i);
        bool in_key = i < n_key;
        struct type t;
        do
            t = random_type(random);
        while (in_key && (!dtype_is_key(t.dtype) ||
                          (n_key == 1 && t.dtype != DT_UTF8 && dtype_width(t.dtype) < 4)));
        schema_add(schema, view_cstr(name), &t, !in_key && random_below(random, 2));
    }
    for (size_t k = n_key; k-- > 0;) /* the key need not be in column order */
        schema_add_key(schema, k);
}

/* Some of the columns, in another order. */
static void other_schema(const struct schema *base, struct schema *out, struct random *random)
{
    size_t n = base->n_fields, first = random_below(random, n);
    *out = (struct schema){0};
    for (size_t i = 0; i < n; i++) {
        const struct field *f = &base->fields[(first + i) % n];
        if (schema_is_key(base, (first + i) % n) || random_below(random, 5))
            schema_add(out, view_cstr(f->name), &f->type, f->nullable);
    }
    for (size_t k = 0; k < base->n_key; k++)
        schema_add_key(out, (size_t)schema_find(out, view_cstr(base->fields[base->key[k]].name)));
}

/* A row of this sample gets the key of a row of another. */
static void take_key(struct sample *to, size_t row, const struct sample *from, size_t from_row)
{
    for (size_t k = 0; k < to->schema.n_key; k++) {
        struct vector *v = &to->vectors[to->schema.key[k]];
        const struct vector *w = &from->vectors[from->schema.key[k]];
        size_t width = vector_width(&v->type);
        memcpy((uint8_t *)v->values + row * width, (const uint8_t *)w->values + from_row * width,
               width);
    }
    to->keys[row] = from->keys[from_row];
}

static void share_keys(struct sample_stack *s, size_t layer)
{
    struct sample *sample = &s->samples[layer];
    for (size_t row = 0; row < sample->n; row++) {
        size_t below = layer + 1 + random_below(s->random, s->n - layer - 1);
        const struct sample *from = &s->samples[below];
        if (from->n && random_below(s->random, 3))
            take_key(sample, row, from, random_below(s->random, from->n));
    }
}

static void set_stamps(struct sample_stack *s, size_t layer)
{
    struct sample *sample = &s->samples[layer];
    for (size_t row = 0; row < sample->n; row++) {
        int64_t time = first_time(s, layer) + (int64_t)random_below(s->random, 1000);
        int64_t stamp = seg_stamp(time, random_below(s->random, 4) == 0);
        memcpy((uint8_t *)sample->vectors[0].values + row * 8, &stamp, 8);
    }
}

static void make_set(struct sample_stack *s, size_t layer, uint64_t seed)
{
    char dir[PATH_CAP];
    struct err err;
    bool is_base = layer == s->n - 1;
    assert_ok(path_format(dir, &err, "%s/%zu", s->dir, layer));
    assert_ok(dir_make(dir, &err));
    uint32_t n_parts = is_base ? 1 + (uint32_t)random_below(s->random, 3) : 1;
    sample_set_init(&s->sets[layer], &s->samples[layer], dir, is_base && s->config.columnar,
                    n_parts, 1 + (uint32_t)random_below(s->random, 3), seed);
}

static void make_layer(struct sample_stack *s, size_t layer, uint64_t seed)
{
    const struct sample_stack_config *c = &s->config;
    AUTO(schema) struct schema plain = {0}, stamped = {0};
    if (c->same_schema)
        schema_copy(c->schema, &plain);
    else
        other_schema(c->schema, &plain, s->random);
    layer_schema(&plain, false, &stamped);
    bool has_stamps = c->with_stamps && random_below(s->random, 3);
    size_t n = random_below(s->random, 4) ? random_below(s->random, c->n_rows + 1) : 0;
    sample_init(&s->samples[layer], has_stamps ? &stamped : &plain, n, 8, s->random);
    share_keys(s, layer);
    if (has_stamps)
        set_stamps(s, layer);
    make_set(s, layer, seed);
    size_t *field_of = s->field_of[layer] = mem_alloc(c->schema->n_fields * sizeof(*field_of));
    for (size_t i = 0; i < c->schema->n_fields; i++) {
        ptrdiff_t at = schema_find(&s->samples[layer].schema, view_cstr(c->schema->fields[i].name));
        field_of[i] = at < 0 ? SEG_NO_FIELD : (size_t)at;
    }
    s->stack.layers[layer] = (struct seg_layer){
        .set = &s->sets[layer].set,
        .field_of = field_of,
        .has_stamps = has_stamps,
        .stamp = seg_stamp(first_time(s, layer) + (int64_t)random_below(s->random, 1000), false),
    };
}

/* Bits of the filter in any order. */
static void make_filter(struct sample_stack *s)
{
    uint64_t most = 0;
    unsigned first = (unsigned)random_below(s->random, SEG_FILTER_BITS);
    for (size_t i = 0; i + 1 < s->n; i++)
        most = s->sets[i].segments[0]->n_slots > most ? s->sets[i].segments[0]->n_slots : most;
    seg_filter_init(&s->filter, most);
    for (size_t i = s->n - 1; i-- > 0;) {
        assert_true(seg_filter_fits(&s->filter, s->sets[i].segments[0]->n_slots));
        s->stack.layers[i].filter_bit = (first + 5 * (unsigned)i) % SEG_FILTER_BITS;
        seg_filter_add(&s->filter, s->stack.layers[i].filter_bit, s->sets[i].segments[0]);
    }
    s->stack.filter = &s->filter;
}

/* With a source, rows of the upper layers count if they are newer than some time, and the lower
 * layers are the source's. */
static void set_floors(struct sample_stack *s)
{
    size_t base = s->n - 1, n_written = random_below(s->random, base + 1);
    int64_t floor = seg_stamp((int64_t)random_below(s->random, base * 1000 + 1), true);
    for (size_t i = 0; i < s->n; i++)
        s->stack.layers[i].floor = s->config.has_source && i < n_written ? floor : INT64_MIN;
}

void sample_stack_init(struct sample_stack *s, const struct sample_stack_config *config,
                       struct random *random)
{
    *s = (struct sample_stack){.config = *config, .random = random, .n = config->n_layers + 1};
    size_t base = config->n_layers;
    uint64_t seed = random_next(random);
    s->dir = temp_dir_new();
    sample_init(&s->samples[base], config->schema, random_below(random, config->n_rows + 1), 8,
                random);
    make_set(s, base, seed);
    for (size_t i = base; i-- > 0;)
        make_layer(s, i, seed);
    s->stack.layers[base] = (struct seg_layer){.set = &s->sets[base].set};
    s->stack.n_layers = s->n;
    set_floors(s);
    make_filter(s);
    seg_stack_prepare(&s->stack);
}

void sample_stack_done(struct sample_stack *s)
{
    for (size_t i = 0; i < s->n; i++) {
        sample_set_done(&s->sets[i]);
        sample_done(&s->samples[i]);
        free(s->field_of[i]);
    }
    seg_filter_done(&s->filter);
    temp_dir_done(&s->dir);
}

static int64_t stamp_of(const struct sample_stack *s, size_t layer, ptrdiff_t row)
{
    int64_t stamp = s->stack.layers[layer].stamp;
    if (s->stack.layers[layer].has_stamps)
        memcpy(&stamp, (const uint8_t *)s->samples[layer].vectors[0].values + row * 8, 8);
    return stamp;
}

struct sample_place sample_stack_find(const struct sample_stack *s, struct view key)
{
    size_t base = s->n - 1;
    for (size_t i = 0; i < base; i++) {
        ptrdiff_t row = sample_find(&s->samples[i], key);
        if (row < 0)
            continue;
        int64_t stamp = stamp_of(s, i, row);
        if (stamp <= s->stack.layers[i].floor)
            continue;
        return stamp & 1 ? (struct sample_place){base, -1} : (struct sample_place){i, row};
    }
    return (struct sample_place){base, sample_find(&s->samples[base], key)};
}

struct view *sample_stack_keys(const struct sample_stack *s, size_t n, struct arena *arena)
{
    static const char absent[] = "no such key, and longer than any";
    struct view *keys = arena_alloc(arena, (n + 1) * sizeof(*keys));
    for (size_t i = 0; i < n; i++) {
        const struct sample *from = &s->samples[random_below(s->random, s->n)];
        keys[i] = from->n == 0 || random_below(s->random, 8) == 0
                      ? view_of(absent, random_below(s->random, sizeof(absent)))
                      : from->keys[random_below(s->random, from->n)];
    }
    return keys;
}

uint64_t sample_stack_n_rows(const struct sample_stack *s)
{
    uint64_t n = 0;
    for (size_t i = 0; i < s->n; i++)
        for (size_t row = 0; row < s->samples[i].n; row++) {
            /* The row counts where it is what its key leads to. */
            struct sample_place p = sample_stack_find(s, s->samples[i].keys[row]);
            n += p.layer == i && p.row == (ptrdiff_t)row;
        }
    return n;
}

static void check_column(const struct sample_stack *s, const struct sample_place *places,
                         const struct column *c, size_t field)
{
    const struct sample *base = &s->samples[s->n - 1];
    for (size_t i = 0; i < c->n_rows; i++) {
        size_t layer = places[i].layer, at = field;
        if (layer < s->n - 1)
            at = s->field_of[layer][field];
        if (at == SEG_NO_FIELD)
            check_cell(base, c, field, i, -1);
        else
            check_cell(&s->samples[layer], c, at, i, places[i].row);
    }
}

/* Rows that were found hold what the samples say of their places. */
static void check_gather(const struct sample_stack *s, const struct seg_stack *stack,
                         const struct seg_rows *rows, const struct sample_place *places,
                         struct arena *arena)
{
    enum { ROOM = 40 }; /* behind texts, as answers have it */
    struct err err;
    const struct schema *schema = s->config.schema;
    size_t n_fields = schema->n_fields;
    size_t *fields = arena_alloc(arena, n_fields * sizeof(*fields));
    struct column *columns = arena_alloc(arena, n_fields * sizeof(*columns));
    struct column_sizes *sizes = arena_zalloc(arena, n_fields * sizeof(*sizes));
    for (size_t f = 0; f < n_fields; f++)
        fields[f] = f;
    assert_ok(seg_sizes(stack, rows, fields, n_fields, sizes, &err));
    for (size_t f = 0; f < n_fields; f++) {
        struct column_sizes roomy = {sizes[f].bytes + ROOM, sizes[f].n_elements};
        bool is_text = dtype_is_bytes(schema->fields[f].type.dtype);
        columns[f] =
            column_alloc(arena, &schema->fields[f].type, rows->n, is_text ? roomy : sizes[f]);
        columns[f].data_room = is_text && random_below(s->random, 2) ? roomy.bytes : 0;
    }
    seg_gather(stack, rows, fields, n_fields, columns);
    for (size_t f = 0; f < n_fields; f++) {
        check_column(s, places, &columns[f], f);
        check_totals(&columns[f], sizes[f]);
    }
}

/* The same of the rows that are there alone. */
static void check_found(const struct sample_stack *s, const struct seg_stack *stack,
                        struct seg_rows *rows, const struct sample_place *places,
                        struct arena *arena)
{
    size_t n = rows->n, k = 0;
    struct sample_place *found = arena_alloc(arena, (n + 1) * sizeof(*found));
    uint32_t *positions = arena_alloc(arena, (n + 1) * sizeof(*positions));
    seg_rows_drop_absent(rows, positions);
    for (size_t i = 0; i < n; i++)
        if (places[i].row >= 0) {
            assert_true(k < rows->n);
            assert_int_equal(positions[k], i);
            found[k++] = places[i];
        }
    assert_int_equal(rows->n, k);
    check_gather(s, stack, rows, found, arena);
}

void sample_stack_check(const struct sample_stack *s, const struct seg_stack *stack,
                        const struct view *keys, size_t n)
{
    struct arena arena = {0};
    struct seg_rows rows = rows_alloc(&arena, n);
    size_t n_fields = s->config.schema->n_fields, n_absent = 0;
    size_t *fields = arena_alloc(&arena, n_fields * sizeof(*fields));
    struct sample_place *places = arena_alloc(&arena, (n + 1) * sizeof(*places));
    for (size_t f = 0; f < n_fields; f++)
        fields[f] = f;
    for (size_t i = 0; i < n; i++) {
        places[i] = sample_stack_find(s, keys[i]);
        n_absent += places[i].row < 0;
    }
    seg_stack_find(stack, keys, fields, n_fields, &rows, &arena);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(rows.present[i / 8] >> i % 8 & 1, places[i].row >= 0);
    assert_int_equal(rows.n_absent, n_absent);
    check_gather(s, stack, &rows, places, &arena);
    check_found(s, stack, &rows, places, &arena);
    arena_done(&arena);
}
