/* Layers merged with each other or into their base are read as they were before. */
#include "test.h"

#include "base/file.h"
#include "base/mem.h"
#include "engine/store/generation.h"
#include "engine/build/build.h"
#include "engine/store/layer.h"
#include "engine/build/merge.h"
#include "sample_stack.h"

#include <stdio.h>

/* What came out, opened. */
struct merged {
    char *dir;
    struct sample_set set;
};

static void merged_done(struct merged *m)
{
    sample_set_done(&m->set);
    temp_dir_done(&m->dir);
}

static void merge(const struct sample_stack *s, size_t n_layers, uint64_t memory_bytes,
                  struct pool *pool, struct merged *out)
{
    struct err err;
    struct merge_result result;
    struct load_progress progress = {0};
    bool has_base = n_layers == s->n;
    *out = (struct merged){.dir = temp_dir_new()};
    struct merge_config config = {
        .layers = s->stack.layers,
        .n_layers = n_layers,
        .has_base = has_base,
        .has_source = s->config.has_source,
        .schema = s->config.schema,
        .n_parts = has_base ? 1 + (uint32_t)random_below(s->random, 3) : 1,
        .columnar = s->config.columnar,
        .dir = out->dir,
        .memory_bytes = memory_bytes,
        .pool = pool,
        .progress = &progress,
    };
    assert_ok(merge_run(&config, &result, &err));
    out->set.segments = mem_zalloc(config.n_parts * sizeof(struct segment *));
    for (; out->set.n_segments < config.n_parts; out->set.n_segments++) {
        char path[PATH_CAP];
        assert_ok(segment_path(out->dir, (uint32_t)out->set.n_segments, path, &err));
        assert_ok(seg_open(path, &out->set.segments[out->set.n_segments], &err));
    }
    assert_ok(seg_set_init(&out->set.set, out->set.segments, out->set.n_segments, &err));
    if (has_base)
        assert_int_equal(result.n_rows, sample_stack_n_rows(s));
}

static void check(const struct sample_stack *s, const struct seg_stack *stack)
{
    struct arena arena = {0};
    for (unsigned i = 0; i < 3; i++) {
        size_t n = random_below(s->random, 1500);
        sample_stack_check(s, stack, sample_stack_keys(s, n, &arena), n);
    }
    for (size_t i = 0; i < s->n; i++)
        sample_stack_check(s, stack, s->samples[i].keys, s->samples[i].n);
    arena_done(&arena);
}

static void check_merged_base(const struct sample_stack *s, struct pool *pool)
{
    struct merged m;
    merge(s, s->n, 64 << 20, pool, &m);
    const struct seg_stack stack = seg_stack_of(&m.set.set);
    check(s, &stack);
    merged_done(&m);
}

/* The newest `end` layers as one, over the rest. */
static void check_merged_layer(const struct sample_stack *s, size_t end, struct pool *pool)
{
    struct merged m;
    struct err err;
    merge(s, end, 64 << 20, pool, &m);
    const struct layer layer = {.segment = m.set.segments[0]};
    size_t *field_of = mem_alloc(s->config.schema->n_fields * sizeof(*field_of));
    assert_ok(layer_match(&layer, s->config.schema, field_of, &err));
    struct seg_stack stack = s->stack;
    struct seg_filter filter;
    stack.n_layers = s->n - end + 1;
    stack.layers[0] = (struct seg_layer){
        .set = &m.set.set,
        .field_of = field_of,
        .has_stamps = schema_find(&m.set.segments[0]->schema, view_cstr(STAMP_FIELD)) == 0,
        .stamp = s->stack.layers[0].stamp,
    };
    memcpy(stack.layers + 1, s->stack.layers + end, (s->n - end) * sizeof(*stack.layers));
    seg_filter_init(&filter, 100000);
    for (size_t i = 0; i + 1 < stack.n_layers; i++) {
        stack.layers[i].filter_bit = (unsigned)i;
        seg_filter_add(&filter, (unsigned)i,
                       i ? s->sets[end + i - 1].segments[0] : m.set.segments[0]);
    }
    stack.filter = &filter;
    seg_stack_prepare(&stack);
    check(s, &stack);
    seg_filter_done(&filter);
    free(field_of);
    merged_done(&m);
}

static void run(const char *name, unsigned rounds, bool has_source)
{
    struct random random = random_init(name);
    struct pool *pool = pool_new(2);
    for (unsigned round = 0; round < rounds; round++) {
        AUTO(schema) struct schema schema = {0};
        struct sample_stack s;
        sample_schema(&schema, &random);
        sample_stack_init(&s,
                          &(struct sample_stack_config){.schema = &schema,
                                                        .n_layers = 1 + round % SEG_FILTER_BITS,
                                                        .n_rows = round % 3 ? 60 : 400,
                                                        .columnar = round % 5 == 0,
                                                        .same_schema = round % 2,
                                                        .has_source = has_source,
                                                        .with_stamps = has_source || round % 4},
                          &random);
        check(&s, &s.stack);
        if (!has_source)
            check_merged_base(&s, pool);
        check_merged_layer(&s, 1 + random_below(&random, s.n - 1), pool);
        sample_stack_done(&s);
    }
    pool_free(pool);
}

static void a_table_without_source_is_read_as_before(void **state)
{
    (void)state;
    run("created", 40, false);
}

static void a_table_with_a_source_is_read_as_before(void **state)
{
    (void)state;
    run("source", 40, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_table_without_source_is_read_as_before),
        cmocka_unit_test(a_table_with_a_source_is_read_as_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
