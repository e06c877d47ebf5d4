/* Rows of lists from levels, in all shapes and cut in all places. */
#include "test.h"

#include "base/mem.h"
#include "format/parquet/levels.h"
#include "format/parquet/lists.h"
#include "format/parquet/values.h"

/* Optional list of optional int32. */
static const struct pq_column optional_column = {
    .type = {.dtype = DT_LIST, .element = DT_INT32},
    .leaf = {.physical = PQ_INT32, .type = {.dtype = DT_INT32}},
    .supported = true,
    .nullable = true,
    .max_def = 3,
    .list_def = 1,
};

/* Append what a row is as text: "[1,null] " or "null ". */
static void put_rows(struct buf *out, const struct vector *v)
{
    const struct type element = type_element(&v->type);
    for (size_t i = 0; i < v->n; i++) {
        struct list_value l = {0};
        if (!v->valid[i]) {
            buf_puts(out, "null ");
            continue;
        }
        assert_true(list_open(v->views[i], &element, &l));
        buf_puts(out, "[");
        for (uint32_t k = 0; k < l.n; k++) {
            int32_t value;
            memcpy(&value, l.elements.ptr + (size_t)k * 4, 4);
            if (list_is_valid(&l, k))
                buf_printf(out, k ? ",%d" : "%d", value);
            else
                buf_puts(out, k ? ",null" : "null");
        }
        buf_puts(out, "] ");
    }
}

struct entries {
    size_t n;
    uint8_t reps[12], defs[12];
};

/* Values are 1, 2, 3 ...; entries come `batch` at a time, vectors have `cap` rows. */
static enum code read_rows(struct pq_lists *l, const struct entries *e, size_t batch, size_t cap,
                           struct buf *out, struct err *err)
{
    AUTO(vector) struct vector v = {0};
    vector_init(&v, &optional_column.type, cap);
    int32_t next = 1;
    for (size_t at = 0; at < e->n;) {
        size_t n = e->n - at < batch ? e->n - at : batch, n_values = 0;
        int32_t *values = pq_lists_values(l);
        memcpy(l->reps, e->reps + at, n);
        memcpy(l->defs, e->defs + at, n);
        for (size_t i = 0; i < n; i++)
            if (e->defs[at + i] == 3)
                values[n_values++] = next++;
        pq_lists_filled(l, n);
        at += n;
        do {
            v.n = 0;
            pq_lists_turn(l);
            TRY(pq_lists_take(l, &v, err));
            put_rows(out, &v);
        } while (l->at < l->n);
    }
    v.n = 0;
    TRY(pq_lists_finish(l, &v, err));
    put_rows(out, &v);
    return OK;
}

static const struct entries sample = {
    .n = 8,
    .reps = {0, 1, 0, 0, 0, 1, 1, 0},
    .defs = {3, 2, 0, 1, 3, 3, 3, 2},
};

static void rows_are_the_same_wherever_batches_and_vectors_end(void **state)
{
    (void)state;
    for (size_t batch = 1; batch <= 8; batch++)
        for (size_t cap = 1; cap <= 6; cap++) {
            struct pq_lists l = {0};
            struct err err;
            AUTO(buf) struct buf out = {0};
            pq_lists_start(&l, &optional_column, 5, 1 << 20, false);
            assert_ok(read_rows(&l, &sample, batch, cap, &out, &err));
            assert_string_equal(buf_cstr(&out), "[1,null] null [] [2,3,4] [null] ");
            pq_lists_done(&l);
        }
}

static enum code read_entries(struct entries e, uint64_t n_rows, size_t max_bytes, bool drop,
                              struct buf *out, struct err *err)
{
    struct pq_lists l = {0};
    pq_lists_start(&l, &optional_column, n_rows, max_bytes, drop);
    enum code rc = read_rows(&l, &e, 8, 8, out, err);
    pq_lists_done(&l);
    return rc;
}

static void levels_that_make_no_sense_are_damage(void **state)
{
    (void)state;
    struct err err;
    AUTO(buf) struct buf out = {0};
    const struct entries orphan = {2, {1, 0}, {3, 3}}, in_null = {2, {0, 1}, {0, 3}},
                         in_empty = {2, {0, 1}, {1, 3}}, null_inside = {2, {0, 1}, {3, 1}};
    assert_fails(read_entries(orphan, 2, 1000, false, &out, &err), E_CORRUPT, "continues a row");
    assert_fails(read_entries(in_null, 2, 1000, false, &out, &err), E_CORRUPT, "null or empty");
    assert_fails(read_entries(in_empty, 2, 1000, false, &out, &err), E_CORRUPT, "null or empty");
    assert_fails(read_entries(null_inside, 2, 1000, false, &out, &err), E_CORRUPT, "null or empty");
    assert_fails(read_entries(sample, 4, 1000, false, &out, &err), E_CORRUPT,
                 "more rows than the 4");
    assert_fails(read_entries(sample, 5, 9, false, &out, &err), E_LIMIT, "more than 9 bytes");
}

static void orphans_of_one_old_writer_are_passed_over(void **state)
{
    (void)state;
    struct err err;
    AUTO(buf) struct buf out = {0};
    const struct entries orphan = {3, {1, 0, 1}, {3, 3, 3}};
    assert_ok(read_entries(orphan, 1, 1000, true, &out, &err));
    assert_string_equal(buf_cstr(&out), "[2,3] ");
}

static void bit_packed_levels_begin_with_the_highest_bit(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {0x1B, 0xE4, 0xAA}; /* 0 1 2 3, 3 2 1 0, and what follows */
    struct cursor body = cur_of(view_of(bytes, sizeof(bytes)));
    struct pq_levels l;
    struct err err;
    uint8_t out[8];
    assert_ok(pq_levels_cut(&l, 3, PQ_BIT_PACKED, 8, &body, &err));
    assert_int_equal(cur_left(&body), 1);
    assert_ok(pq_levels_read(&l, out, 8, &err));
    static const uint8_t want[] = {0, 1, 2, 3, 3, 2, 1, 0};
    assert_memory_equal(out, want, 8);
    body = cur_of(view_of(bytes, 1));
    assert_fails(pq_levels_cut(&l, 3, PQ_BIT_PACKED, 8, &body, &err), E_CORRUPT, "cut off");
    body = cur_of(view_of(bytes, 3));
    assert_ok(pq_levels_cut(&l, 2, PQ_BIT_PACKED, 8, &body, &err));
    assert_fails(pq_levels_read(&l, out, 8, &err), E_CORRUPT, "a level of 3, at most 2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_the_same_wherever_batches_and_vectors_end),
        cmocka_unit_test(levels_that_make_no_sense_are_damage),
        cmocka_unit_test(orphans_of_one_old_writer_are_passed_over),
        cmocka_unit_test(bit_packed_levels_begin_with_the_highest_bit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
