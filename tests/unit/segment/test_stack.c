/* Layers over a base against plain arrays of rows: the newest row that counts is what is read. */
#include "test.h"

#include "base/mem.h"
#include "sample_stack.h"

static void check_requests(const struct sample_stack *s)
{
    static const size_t sizes[] = {0, 1, 7, 100, 1024, 2100};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct arena arena = {0};
        struct view *keys = sample_stack_keys(s, sizes[i], &arena);
        sample_stack_check(s, &s->stack, keys, sizes[i]);
        arena_done(&arena);
    }
}

/* Requests of which few, many and all keys are in layers. */
static void check_keys_of_one(const struct sample_stack *s, size_t layer)
{
    struct arena arena = {0};
    size_t n = s->samples[layer].n;
    struct view *keys = arena_alloc(&arena, (n + 1) * sizeof(*keys));
    for (size_t i = 0; i < n; i++)
        keys[i] = s->samples[layer].keys[i];
    sample_stack_check(s, &s->stack, keys, n);
    arena_done(&arena);
}

static void check_stack(const struct sample_stack_config *config, struct random *random)
{
    struct sample_stack s;
    sample_stack_init(&s, config, random);
    check_requests(&s);
    for (size_t i = 0; i < s.n; i++)
        check_keys_of_one(&s, i);
    sample_stack_done(&s);
}

static void run(const char *name, unsigned rounds, struct sample_stack_config config)
{
    struct random random = random_init(name);
    for (unsigned round = 0; round < rounds; round++) {
        AUTO(schema) struct schema schema = {0};
        sample_schema(&schema, &random);
        config.schema = &schema;
        config.n_layers = round % (SEG_FILTER_BITS + 1);
        config.n_rows = round % 3 ? 60 : 500;
        config.has_source = round & 1;
        config.with_stamps = config.has_source || round & 2;
        check_stack(&config, &random);
    }
}

static void layers_like_the_base_are_read(void **state)
{
    (void)state;
    run("same", 40, (struct sample_stack_config){.same_schema = true});
}

static void layers_with_other_columns_are_read(void **state)
{
    (void)state;
    run("other", 40, (struct sample_stack_config){0});
}

static void layers_over_a_columnar_base_are_read(void **state)
{
    (void)state;
    run("columnar", 20, (struct sample_stack_config){.columnar = true, .same_schema = true});
    run("columnar, other", 20, (struct sample_stack_config){.columnar = true});
}

/* Four at a time, behind key cells and null bits that differ. */
static void neighbouring_columns_of_layers_are_read(void **state)
{
    (void)state;
    struct random random = random_init("neighbours");
    for (unsigned round = 0; round < 30; round++) {
        AUTO(schema) struct schema schema = {0};
        schema_add_plain(&schema, view_cstr("id"), round % 2 ? DT_UTF8 : DT_INT32, false);
        schema_add_key(&schema, 0);
        for (size_t i = 0; i < 3 + round % 11; i++) {
            char name[] = {'c', (char)('a' + i), '\0'};
            schema_add_plain(&schema, view_cstr(name), i % 2 ? DT_FLOAT32 : DT_UINT32,
                             round % 3 && i % 2);
        }
        check_stack(&(struct sample_stack_config){.schema = &schema,
                                                  .n_layers = 1 + round % 3,
                                                  .n_rows = 300,
                                                  .same_schema = round % 5,
                                                  .with_stamps = round % 4},
                    &random);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layers_like_the_base_are_read),
        cmocka_unit_test(layers_with_other_columns_are_read),
        cmocka_unit_test(layers_over_a_columnar_base_are_read),
        cmocka_unit_test(neighbouring_columns_of_layers_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
