#include "test.h"

#include "base/mem.h"
#include "engine/store/base_generation.h"
#include "sample_rows.h"

/* A generation of some rows below `dir`. */
static void make_generation(const char *dir)
{
    struct random random = random_init("base");
    struct err err;
    struct schema schema = {0};
    struct sample sample;
    struct sample_set set;
    schema_add_plain(&schema, view_cstr("id"), DT_INT64, false); /* random ones differ */
    schema_add_key(&schema, 0);
    sample_init(&sample, &schema, 100, 0, &random);
    sample_set_init(&set, &sample, dir, false, 2, 1, 1);
    struct generation_info info = {.number = 1,
                                   .has_source = true,
                                   .label = (char *)"2026-11-22",
                                   .n_parts = 2,
                                   .n_rows = sample.n};
    assert_ok(generation_write_info(dir, &info, &schema, &err));
    sample_set_done(&set);
    sample_done(&sample);
    schema_done(&schema);
}

static void copy_to_memory_can_be_called_off(void **state)
{
    (void)state;
    _Atomic bool cancelled = false;
    struct remote_op op = {.cancelled = &cancelled};
    struct base_generation *b;
    struct err err;
    char *dir = temp_dir_new();
    make_generation(dir);
    assert_ok(base_generation_open(dir, STORAGE_MEMORY, &op, &b, &err));
    assert_int_equal(b->n_rows, 100);
    base_generation_unref(b);
    atomic_store(&cancelled, true);
    assert_fails(base_generation_open(dir, STORAGE_MEMORY, &op, &b, &err), E_CANCELLED, "stopped");
    assert_ok(base_generation_open(dir, STORAGE_MMAP, &op, &b, &err)); /* takes no time */
    base_generation_unref(b);
    temp_dir_done(&dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copy_to_memory_can_be_called_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
