#include "sample_rows.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"
#include "model/list.h"
#include "segment/writer.h"

#include <stdio.h>

uint64_t random_next(struct random *r)
{
    r->state ^= r->state >> 12;
    r->state ^= r->state << 25;
    r->state ^= r->state >> 27;
    return r->state * 0x2545F4914F6CDD1Du;
}

uint64_t random_below(struct random *r, uint64_t n)
{
    return random_next(r) % n;
}

struct random random_init(const char *test)
{
    const char *given = getenv("MURR_TEST_SEED");
    uint64_t seed = given ? strtoull(given, NULL, 0) : clock_mono_ns();
    printf("%s: MURR_TEST_SEED=%llu\n", test, (unsigned long long)seed);
    return (struct random){seed * 2 + 1};
}

void sample_done(struct sample *s)
{
    for (size_t i = 0; i < s->schema.n_fields; i++)
        vector_done(&s->vectors[i]);
    free(s->vectors);
    free(s->keys);
    arena_done(&s->arena);
    schema_done(&s->schema);
    *s = (struct sample){0};
}

static void set_parameters(struct type *t, struct random *r)
{
    t->unit = (enum time_unit)random_below(r, 4);
    if (t->dtype == DT_TIME32)
        t->unit = (enum time_unit)random_below(r, 2);
    if (t->dtype == DT_TIME64)
        t->unit = (enum time_unit)(2 + random_below(r, 2));
    t->precision = (uint8_t)(1 + random_below(r, 38));
    t->scale = (int8_t)random_below(r, t->precision + 1);
    t->fixed_width = 1 + (uint32_t)random_below(r, 40);
    if (t->dtype == DT_TIMESTAMP && random_below(r, 2))
        memcpy(t->zone, "Europe/Berlin", sizeof("Europe/Berlin"));
}

/* Equal to itself after it was written as text and read. */
static struct type normal(const struct type *t)
{
    char text[TYPE_TEXT_CAP];
    struct type back;
    struct err err;
    if (type_parse(view_cstr(type_text(t, text)), &back, &err)) {
        fprintf(stderr, "sample: %s\n", err.msg);
        abort();
    }
    return back;
}

struct type random_type(struct random *r)
{
    struct type t = type_of((enum dtype)random_below(r, DT_COUNT));
    if (t.dtype != DT_LIST) {
        set_parameters(&t, r);
        return normal(&t);
    }
    while (t.dtype == DT_LIST)
        t.dtype = (enum dtype)random_below(r, DT_COUNT);
    set_parameters(&t, r);
    t.element = t.dtype;
    t.dtype = DT_LIST;
    if (!dtype_is_bytes(t.element) && random_below(r, 2))
        t.list_size = 1 + (uint32_t)random_below(r, 9);
    return normal(&t);
}

static struct view random_string(struct sample *s, struct random *random)
{
    size_t len = random_below(random, 41);
    uint8_t *bytes = arena_alloc(&s->arena, len + 1);
    for (size_t i = 0; i < len; i++)
        bytes[i] = (uint8_t)('a' + random_below(random, 26));
    return view_of(bytes, len);
}

static void random_fixed(const struct type *t, uint8_t *out, struct random *random)
{
    for (size_t i = 0; i < type_width(t); i++)
        out[i] = (uint8_t)(t->dtype == DT_BOOL ? random_below(random, 2) : random_next(random));
}

static struct view random_list(struct sample *s, const struct type *t, struct random *random)
{
    AUTO(list_builder) struct list_builder b = {0};
    struct type element = type_element(t);
    size_t n = t->list_size ? t->list_size : random_below(random, 20);
    bool is_bytes = dtype_is_bytes(element.dtype);
    for (size_t i = 0; i < n; i++) {
        uint8_t value[64];
        if (!t->list_size && random_below(random, 6) == 0) {
            list_add_null(&b, is_bytes ? 0 : type_width(&element));
        } else if (is_bytes) {
            list_add_bytes(&b, random_string(s, random));
        } else {
            random_fixed(&element, value, random);
            list_add_fixed(&b, value, 1, type_width(&element));
        }
    }
    uint8_t *bytes = arena_alloc(&s->arena, list_built_bytes(&b));
    list_built_write(&b, bytes);
    return view_of(bytes, list_built_bytes(&b));
}

static void set_value(struct sample *s, size_t field, size_t row, struct random *random)
{
    struct vector *v = &s->vectors[field];
    bool is_null = s->schema.fields[field].nullable && random_below(random, 4) == 0;
    v->valid[row] = !is_null;
    v->n_nulls += is_null;
    if (is_null)
        return;
    if (v->type.dtype == DT_LIST)
        v->views[row] = random_list(s, &v->type, random);
    else if (dtype_is_bytes(v->type.dtype))
        v->views[row] = random_string(s, random);
    else
        random_fixed(&v->type, (uint8_t *)v->values + row * type_width(&v->type), random);
}

static void copy_key(struct sample *s, size_t from, size_t to)
{
    for (size_t k = 0; k < s->schema.n_key; k++) {
        struct vector *v = &s->vectors[s->schema.key[k]];
        size_t width = vector_width(&v->type);
        memcpy((uint8_t *)v->values + to * width, (uint8_t *)v->values + from * width, width);
    }
}

static struct view canonical_key(struct sample *s, size_t row)
{
    struct buf key = {0};
    for (size_t k = 0; k < s->schema.n_key; k++) {
        const struct vector *v = &s->vectors[s->schema.key[k]];
        size_t width = type_width(&v->type);
        if (v->type.dtype == DT_UTF8)
            key_put_utf8(&key, &s->schema, k, v->views[row]);
        else
            buf_put(&key, (uint8_t *)v->values + row * width, width);
    }
    struct view copy = view_of(arena_strndup(&s->arena, key.ptr, key.len), key.len);
    buf_done(&key);
    return copy;
}

void sample_init(struct sample *s, const struct schema *schema, size_t n, unsigned repeat,
                 struct random *random)
{
    *s = (struct sample){.n = n};
    schema_copy(schema, &s->schema);
    s->vectors = mem_zalloc(schema->n_fields * sizeof(*s->vectors));
    s->keys = mem_zalloc(n * sizeof(*s->keys));
    for (size_t i = 0; i < schema->n_fields; i++) {
        vector_init(&s->vectors[i], &schema->fields[i].type, n);
        s->vectors[i].n = n;
    }
    for (size_t row = 0; row < n; row++) {
        for (size_t i = 0; i < schema->n_fields; i++)
            set_value(s, i, row, random);
        if (repeat && row && random_below(random, repeat) == 0)
            copy_key(s, random_below(random, row), row);
        s->keys[row] = canonical_key(s, row);
    }
}

ptrdiff_t sample_find(const struct sample *s, struct view key)
{
    for (size_t row = s->n; row-- > 0;)
        if (view_eq(s->keys[row], key))
            return (ptrdiff_t)row;
    return -1;
}

static void must(enum code rc, const struct err *err)
{
    if (rc) {
        fprintf(stderr, "sample: %s\n", err->msg);
        abort();
    }
}

/* All records, each in memory of its own from the arena. */
static struct record **make_records(struct sample *s, const struct record_format *format,
                                    uint64_t hash_seed)
{
    struct err err;
    const struct vector **vectors = arena_zalloc(&s->arena, s->schema.n_fields * sizeof(*vectors));
    for (size_t i = 0; i < s->schema.n_fields; i++)
        vectors[i] = schema_is_key(&s->schema, i) ? NULL : &s->vectors[i];
    uint32_t *sizes = arena_alloc(&s->arena, s->n * sizeof(*sizes));
    must(record_sizes(format, vectors, s->keys, s->n, sizes, &err), &err);
    struct record **records = arena_alloc(&s->arena, s->n * sizeof(struct record *));
    for (size_t row = 0; row < s->n; row++) {
        records[row] = arena_alloc(&s->arena, sizes[row]);
        records[row]->hash = hash_key(s->keys[row], hash_seed);
        records[row]->ordinal = row;
        records[row]->size = sizes[row];
    }
    record_write(format, vectors, s->keys, s->n, records);
    return records;
}

static void write_part(const struct sample *s, const struct seg_plan *plan, const char *path,
                       struct block_builder *builder, struct record *const *records)
{
    struct err err;
    struct seg_writer *w;
    must(seg_writer_open(path, plan, &w, &err), &err);
    const struct record **chosen = mem_alloc(s->n * sizeof(*chosen));
    uint64_t n_blocks = (uint64_t)plan->n_parts * plan->n_blocks, file_bytes;
    for (uint32_t b = 0; b < plan->n_blocks; b++) {
        size_t n = 0;
        for (size_t i = 0; i < s->n; i++)
            if (block_of_hash(records[i]->hash, n_blocks) ==
                (uint64_t)plan->part * plan->n_blocks + b)
                chosen[n++] = records[i];
        struct built_block built;
        must(block_build(builder, chosen, n, &built, &err), &err);
        must(seg_writer_put(w, b, &built, &err), &err);
    }
    must(seg_writer_finish(w, &file_bytes, &err), &err);
    seg_writer_close(w);
    free(chosen);
}

/* As a table does: all in one range. */
static void open_parts(struct sample_set *out, const char *dir)
{
    struct err err;
    char path[PATH_CAP];
    uint64_t bytes, total = 0;
    for (int pass = 0; pass < 2; pass++) {
        uint64_t at = 0;
        for (size_t part = 0; part < out->n_segments; part++) {
            must(path_format(path, &err, "%s/%08zu.seg", dir, part), &err);
            must(file_size(path, &bytes, &err), &err);
            if (pass == 0) {
                total += (bytes + 4095) / 4096 * 4096;
                continue;
            }
            size_t len;
            must(mapped_range_put(&out->range, at, path, total - at, &len, &err), &err);
            must(seg_open_bytes(view_of(out->range.ptr + at, len), &out->segments[part], &err),
                 &err);
            at += (bytes + 4095) / 4096 * 4096;
        }
        if (pass == 0)
            must(mapped_range_open(total, &out->range, &err), &err);
    }
}

void sample_set_init(struct sample_set *out, const struct sample *s, const char *dir, bool columnar,
                     uint32_t n_parts, uint32_t blocks_of_part, uint64_t hash_seed)
{
    struct err err;
    struct record_format format;
    must(record_format_init(&format, &s->schema, &err), &err);
    struct record **records = make_records((struct sample *)s, &format, hash_seed);
    struct key_lengths lengths = {0};
    uint64_t *n_nulls = mem_zalloc(s->schema.n_fields * sizeof(*n_nulls));
    for (size_t row = 0; row < s->n; row++)
        key_lengths_add(&lengths, s->keys[row].len);
    for (size_t i = 0; i < s->schema.n_fields; i++)
        n_nulls[i] = s->vectors[i].n_nulls;
    struct seg_layout layout;
    must(seg_layout_choose(&s->schema, columnar, &lengths, n_nulls, &layout, &err), &err);
    struct block_builder *builder =
        block_builder_new(&layout, &format, (uint64_t)n_parts * blocks_of_part);
    *out = (struct sample_set){.segments = mem_zalloc(n_parts * sizeof(struct segment *)),
                               .n_segments = n_parts};
    for (uint32_t part = 0; part < n_parts; part++) {
        char path[PATH_CAP];
        struct seg_plan plan = {&s->schema, &layout, hash_seed, part, n_parts, blocks_of_part, {0}};
        must(path_format(path, &err, "%s/%08u.seg", dir, part), &err);
        write_part(s, &plan, path, builder, records);
    }
    open_parts(out, dir);
    must(seg_set_init(&out->set, out->segments, n_parts, &err), &err);
    block_builder_free(builder);
    seg_layout_done(&layout);
    record_format_done(&format);
    free(n_nulls);
}

void sample_set_done(struct sample_set *set)
{
    seg_set_done(&set->set);
    for (size_t i = 0; i < set->n_segments; i++)
        seg_close(set->segments[i]);
    free(set->segments);
    mapped_file_close(&set->range);
    *set = (struct sample_set){0};
}

char *temp_dir_new(void)
{
    const char *base = getenv("TMPDIR");
    struct err err;
    char path[PATH_CAP];
    must(path_format(path, &err, "%s/murr-test-XXXXXX", base ? base : "/tmp"), &err);
    char *dir = mem_strdup(path);
    if (!mkdtemp(dir)) {
        perror(dir);
        abort();
    }
    return dir;
}

void temp_dir_done(char **dir)
{
    struct err err;
    if (*dir && tree_remove(*dir, &err))
        fprintf(stderr, "%s\n", err.msg);
    free(*dir);
    *dir = NULL;
}
