/* Tables by name: as a list would find them, whatever comes and goes. */
#include "engine/table_set.h"

#include "base/mem.h"
#include "engine/table/state.h"
#include "engine/table/table.h"
#include "sample_rows.h"
#include "test.h"

#include <stdio.h>

enum { TABLES = 500, STEPS = 20000 };

struct room {
    struct table_set set;
    struct table_spec specs[TABLES];
    struct table *tables[TABLES];
    bool is_in[TABLES];
};

static void room_init(struct room *r)
{
    *r = (struct room){0};
    table_set_init(&r->set);
    for (size_t i = 0; i < TABLES; i++) {
        char name[32];
        snprintf(name, sizeof(name), "t%zu", i * i);
        r->specs[i].name = mem_strdup(name);
        r->tables[i] = table_new(&r->specs[i]);
    }
}

static void room_done(struct room *r)
{
    table_set_done(&r->set);
    for (size_t i = 0; i < TABLES; i++) {
        table_close(r->tables[i]);
        free(r->specs[i].name);
    }
}

static void flip(struct room *r, size_t i)
{
    if (r->is_in[i])
        table_set_remove(&r->set, r->tables[i]);
    else
        table_set_add(&r->set, r->tables[i]);
    r->is_in[i] = !r->is_in[i];
}

static void check(struct room *r, size_t i)
{
    table_set_lock(&r->set);
    struct table *found = table_set_find(&r->set, view_cstr(r->specs[i].name));
    table_set_unlock(&r->set);
    assert_ptr_equal(found, r->is_in[i] ? r->tables[i] : NULL);
}

static void table_set_finds_what_is_there(void **state)
{
    (void)state;
    struct random random = random_init("table_set");
    struct room *r = mem_zalloc(sizeof(*r));
    room_init(r);
    check(r, 0);
    for (size_t step = 0; step < STEPS; step++) {
        if (step % 8 == 0)
            flip(r, random_below(&random, TABLES));
        check(r, random_below(&random, TABLES));
    }
    room_done(r);
    free(r);
}

static void table_set_knows_no_other_names(void **state)
{
    (void)state;
    struct room *r = mem_zalloc(sizeof(*r));
    room_init(r);
    assert_null(table_set_find(&r->set, view_cstr("t1")));
    for (size_t i = 0; i < TABLES; i++)
        flip(r, i);
    assert_null(table_set_find(&r->set, view_cstr("")));
    assert_null(table_set_find(&r->set, view_cstr("t2")));
    assert_null(table_set_find(&r->set, view_cstr("T1")));
    assert_null(table_set_find(&r->set, view_of("t1\0", 3)));
    assert_ptr_equal(table_set_find(&r->set, view_of("t1x", 2)), r->tables[1]);
    room_done(r);
    free(r);
}

static bool is_wanted(void *arg, struct table *t)
{
    return arg == NULL || arg == t;
}

static void table_set_gives_each_its_turn(void **state)
{
    (void)state;
    _Atomic size_t turn = 0;
    struct room *r = mem_zalloc(sizeof(*r));
    room_init(r);
    assert_null(table_set_next(&r->set, &turn, is_wanted, NULL));
    for (size_t i = 0; i < 3; i++)
        flip(r, i);
    for (size_t i = 0; i < 7; i++)
        assert_ptr_equal(table_set_next(&r->set, &turn, is_wanted, NULL), r->tables[i % 3]);
    assert_ptr_equal(table_set_next(&r->set, &turn, is_wanted, r->tables[0]), r->tables[0]);
    assert_null(table_set_next(&r->set, &turn, is_wanted, r->tables[3]));
    room_done(r);
    free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table_set_finds_what_is_there),
        cmocka_unit_test(table_set_knows_no_other_names),
        cmocka_unit_test(table_set_gives_each_its_turn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
