/* Damaged segments: an error, never a crash, and no damage goes unnoticed. */
#include "test.h"

#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"
#include "sample_rows.h"
#include "segment/format.h"
#include "segment/gather.h"
#include "segment/verify.h"

/* The bytes of a small segment with all kinds of payloads. 8-byte aligned. */
static uint8_t *segment_bytes(bool columnar, size_t *out_len)
{
    struct err err;
    struct random random = {99};
    char *dir = temp_dir_new();
    struct schema schema = {0};
    schema_add_plain(&schema, view_cstr("id"), DT_UTF8, false);
    schema_add_plain(&schema, view_cstr("f"), DT_FLOAT32, true);
    schema_add_plain(&schema, view_cstr("s"), DT_UTF8, true);
    schema_add_plain(&schema, view_cstr("b"), DT_BOOL, true);
    static const char *const others[] = {"list<int32>", "list<utf8>", "list<float32>[3]",
                                         "timestamp[us, tz=UTC]", "decimal128(9, 2)"};
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        struct type type;
        assert_ok(type_parse(view_cstr(others[i]), &type, &err));
        schema_add(&schema, view_cstr(others[i]), &type, true);
    }
    schema_add_key(&schema, 0);
    struct sample sample;
    sample_init(&sample, &schema, 60, 0, &random);
    struct sample_set set;
    sample_set_init(&set, &sample, dir, columnar, 1, 3, 5);
    uint8_t *copy = mem_alloc(set.segments[0]->bytes.len);
    *out_len = set.segments[0]->bytes.len;
    memcpy(copy, set.segments[0]->bytes.ptr, *out_len);
    sample_set_done(&set);
    sample_done(&sample);
    schema_done(&schema);
    temp_dir_done(&dir);
    return copy;
}

static void a_segment_cut_anywhere_does_not_open(void **state)
{
    (void)state;
    size_t len;
    uint8_t *bytes = segment_bytes(false, &len);
    for (size_t cut = 0; cut < len; cut++) {
        struct err err;
        struct segment *s;
        uint8_t *exact = mem_alloc(cut);
        memcpy(exact, bytes, cut);
        enum code rc = seg_open_bytes(view_of(exact, cut), &s, &err);
        if (rc != E_CORRUPT)
            fail_msg("cut at %zu of %zu: %s", cut, len, code_name(rc));
        free(exact);
    }
    free(bytes);
}

static void any_flipped_bit_is_noticed(void **state)
{
    (void)state;
    for (int columnar = 0; columnar < 2; columnar++) {
        size_t len;
        uint32_t footer_bytes;
        uint8_t *bytes = segment_bytes(columnar, &len);
        memcpy(&footer_bytes, bytes + len - sizeof(footer_bytes), sizeof(footer_bytes));
        for (size_t at = 0; at < len; at++) {
            struct err err;
            struct segment *s;
            bytes[at] ^= (uint8_t)(1u << (at % 8));
            enum code rc = seg_open_bytes(view_of(bytes, len), &s, &err);
            if (rc == OK && at >= len - footer_bytes)
                fail_msg("opens with a flipped bit in its footer, in byte %zu of %zu", at, len);
            if (rc == OK) {
                rc = seg_verify_checksums(s, &err);
                enum code ignored = seg_verify_rows(s, NULL); /* must not crash on damage */
                (void)ignored;
                seg_close(s);
            }
            if (rc != E_CORRUPT && rc != E_UNSUPPORTED)
                fail_msg("flipped bit in byte %zu of %zu: %s", at, len, code_name(rc));
            bytes[at] ^= (uint8_t)(1u << (at % 8));
        }
        free(bytes);
    }
}

/* Make the checksums right again, as somebody who means harm would. */
static void seal(uint8_t *bytes, size_t len)
{
    uint32_t size;
    memcpy(&size, bytes + len - sizeof(size), sizeof(size));
    uint8_t *checksum_at = bytes + len - SEG_FOOTER_TAIL_BYTES;
    struct seg_entry *entries = (struct seg_entry *)(void *)(bytes + len - size);
    for (struct seg_entry *e = entries; (uint8_t *)e < checksum_at; e++)
        if (e->offset <= len && e->size <= len - e->offset)
            e->checksum = hash_checksum(view_of(bytes + e->offset, e->size));
    uint64_t checksum = hash_checksum(view_of(entries, size - SEG_FOOTER_TAIL_BYTES));
    memcpy(checksum_at, &checksum, sizeof(checksum));
}

/* An empty block has no rows of its own to read: no extras, either. */
static void extras_without_an_index_do_not_open(void **state)
{
    (void)state;
    struct err err;
    struct segment *s;
    size_t len;
    uint8_t *bytes = segment_bytes(false, &len);
    assert_ok(seg_open_bytes(view_of(bytes, len), &s, &err));
    struct seg_entry *extras = (struct seg_entry *)(void *)seg_entry_find(s, SEG_EXTRAS);
    struct seg_block_desc *desc = (struct seg_block_desc *)(void *)s->descs;
    extras->offset = desc->data_offset; /* whatever is there, it is long enough */
    extras->size = desc->data_bytes;
    desc->n_extras = desc->n_index_slots;
    desc->n_index_slots = desc->n_buckets = 0;
    seal(bytes, len);
    seg_close(s);
    assert_fails(seg_open_bytes(view_of(bytes, len), &s, &err), E_CORRUPT, "counts of block 0");
    free(bytes);
}

/* Buffers of exactly the sizes said, each by itself, so that one byte too many is seen. */
static void column_init(struct column *c, const struct type *type, size_t n,
                        struct column_sizes sizes)
{
    *c = (struct column){.type = *type, .n_rows = n};
    c->validity = mem_alloc(column_bitmap_bytes(n));
    if (type_is_variable(type)) {
        c->offsets = mem_alloc((n + 1) * sizeof(*c->offsets));
        c->offsets[0] = 0;
    }
    if (type->dtype != DT_LIST) {
        c->data = mem_alloc(dtype_is_bytes(type->dtype) ? sizes.bytes : column_data_bytes(type, n));
        return;
    }
    struct type element = type_element(type);
    c->child = mem_alloc(sizeof(*c->child));
    column_init(c->child, &element, type->list_size ? n * type->list_size : sizes.n_elements,
                (struct column_sizes){sizes.bytes, 0});
}

static void column_done(struct column *c)
{
    if (c->child)
        column_done(c->child);
    free(c->child);
    free(c->validity);
    free(c->offsets);
    free(c->data);
}

static void gather_field(const struct seg_set *set, const struct seg_rows *rows, size_t field)
{
    const struct seg_stack stack = seg_stack_of(set);
    const struct type *type = &set->schema->fields[field].type;
    struct column_sizes sizes = {0};
    struct column c;
    if (type_is_variable(type) && seg_sizes(&stack, rows, &field, 1, &sizes, NULL))
        return;
    column_init(&c, type, rows->n, sizes);
    seg_gather(&stack, rows, &field, 1, &c);
    column_done(&c);
}

/* Verify, find the keys that the rows hold, gather all columns: whatever comes out, no harm is
 * done. */
static void read_all(struct segment *s)
{
    enum { N = 40 };
    struct seg_set set;
    enum code rc = seg_verify_rows(s, NULL);
    rc = seg_set_init(&set, &s, 1, NULL);
    if (rc)
        return;
    struct arena arena = {0};
    struct view keys[N];
    struct seg_rows rows = {.n = N,
                            .row = arena_alloc(&arena, N * sizeof(*rows.row)),
                            .block = arena_alloc(&arena, N * sizeof(*rows.block)),
                            .slot = arena_alloc(&arena, N * sizeof(*rows.slot)),
                            .present = arena_alloc(&arena, column_bitmap_bytes(N))};
    for (size_t i = 0; i < N; i++) {
        const struct seg_block *b = &set.blocks[i % set.n_blocks];
        uint64_t n = seg_block_n_slots(b);
        const uint8_t *row = b->rows + (n ? i % n : 0) * set.layout->groups[0].stride;
        keys[i] = n ? seg_row_key(set.layout, b, row) : view_cstr("");
    }
    seg_find(&set, keys, NULL, &rows);
    for (size_t f = 0; f < s->schema.n_fields; f++)
        gather_field(&set, &rows, f);
    arena_done(&arena);
    seg_set_done(&set);
}

/* Overwrite one to eight bytes; the tables at the end are hit more often than their share. */
static void put_a_wrong_number(uint8_t *bytes, size_t len, struct random *random)
{
    static const uint64_t odd[] = {0, 1, 255, 65536, 1u << 31, UINT32_MAX, 1ull << 33, UINT64_MAX};
    size_t width = 1 + random_below(random, 8);
    size_t span = random_below(random, 4) ? len / 2 : len - width - SEG_FOOTER_TAIL_BYTES;
    size_t at = len - width - SEG_FOOTER_TAIL_BYTES - random_below(random, span);
    uint64_t value = random_below(random, 2) ? random_next(random) : odd[random_below(random, 8)];
    memcpy(bytes + at / 4 * 4, &value, width);
}

static void wrong_numbers_under_right_checksums_do_no_harm(void **state)
{
    (void)state;
    struct random random = random_init("hostile segment");
    for (int columnar = 0; columnar < 2; columnar++) {
        size_t len, n_opened = 0;
        uint8_t *whole = segment_bytes(columnar, &len), *bytes = mem_alloc(len);
        for (unsigned round = 0; round < 20000; round++) {
            struct segment *s;
            memcpy(bytes, whole, len);
            for (uint64_t n = 1 + random_below(&random, 3); n > 0; n--)
                put_a_wrong_number(bytes, len, &random);
            seal(bytes, len);
            if (seg_open_bytes(view_of(bytes, len), &s, NULL) == OK) {
                n_opened++;
                read_all(s);
                seg_close(s);
            }
        }
        assert_in_range(n_opened, 1000, 19000);
        free(bytes);
        free(whole);
    }
}

static void a_file_that_is_no_segment_is_named(void **state)
{
    (void)state;
    struct err err;
    struct segment *s;
    char *dir = temp_dir_new();
    char path[PATH_CAP];
    assert_ok(path_format(path, &err, "%s/x.seg", dir));
    assert_fails(seg_open(path, &s, &err), E_NOTFOUND, path);
    assert_ok(file_replace(path, view_cstr("PAR1 and nothing like a segment"), &err));
    assert_fails(seg_open(path, &s, &err), E_CORRUPT, "does not begin with MURR");
    assert_ok(file_replace(path, view_of("MURR\x01\0\0\0________", 16), &err));
    assert_fails(seg_open(path, &s, &err), E_UNSUPPORTED, "format version 1");
    assert_ok(file_replace(path, view_of("", 0), &err));
    assert_fails(seg_open(path, &s, &err), E_CORRUPT, path);
    temp_dir_done(&dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_segment_cut_anywhere_does_not_open),
        cmocka_unit_test(any_flipped_bit_is_noticed),
        cmocka_unit_test(extras_without_an_index_do_not_open),
        cmocka_unit_test(wrong_numbers_under_right_checksums_do_no_harm),
        cmocka_unit_test(a_file_that_is_no_segment_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
