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
    schema_add(&schema, view_cstr("id"), DT_UTF8, false);
    schema_add(&schema, view_cstr("f"), DT_FLOAT32, true);
    schema_add(&schema, view_cstr("s"), DT_UTF8, true);
    schema_add(&schema, view_cstr("b"), DT_BOOL, true);
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
    (void)err;
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
        uint8_t *bytes = segment_bytes(columnar, &len);
        for (size_t at = 0; at < len; at++) {
            struct err err;
            struct segment *s;
            bytes[at] ^= (uint8_t)(1u << (at % 8));
            enum code rc = seg_open_bytes(view_of(bytes, len), &s, &err);
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

/* Make checksums right again, as somebody who means harm would. */
static void seal(uint8_t *bytes, size_t len)
{
    uint32_t size;
    memcpy(&size, bytes + len - 4, 4);
    uint8_t *footer = bytes + len - size;
    for (uint8_t *at = footer; at < bytes + len - SEG_FOOTER_TAIL_BYTES; at += 48) {
        struct seg_entry e;
        memcpy(&e, at, sizeof(e));
        if (e.offset <= len && e.size <= len - e.offset)
            e.checksum = hash_checksum(view_of(bytes + e.offset, e.size));
        memcpy(at, &e, sizeof(e));
    }
    uint64_t checksum = hash_checksum(view_of(footer, size - SEG_FOOTER_TAIL_BYTES));
    memcpy(bytes + len - SEG_FOOTER_TAIL_BYTES, &checksum, 8);
}

/* Everything that a reader does with a segment. */
static void read_all(struct segment *s)
{
    enum { N = 40 };
    struct seg_set set;
    enum code rc = seg_verify_rows(s, NULL);
    if ((rc = seg_set_init(&set, &s, 1, NULL)) != OK)
        return;
    struct arena arena = {0};
    struct seg_rows rows = {.n = N,
                            .row = arena_alloc(&arena, N * sizeof(uint8_t *)),
                            .block = arena_alloc(&arena, N * sizeof(uint32_t)),
                            .slot = arena_alloc(&arena, N * sizeof(uint32_t)),
                            .present = arena_alloc(&arena, N / 8)};
    struct view keys[N];
    for (size_t i = 0; i < N; i++) {
        const struct seg_block *b = &set.blocks[i % set.n_blocks];
        uint64_t n = seg_block_n_slots(b);
        keys[i] = n ? seg_row_key(set.layout, b, b->rows + i % n * set.layout->groups[0].stride)
                    : view_cstr("none");
    }
    seg_find(&set, keys, &rows);
    for (size_t f = 0; f < s->schema.n_fields; f++) {
        struct column c = {.dtype = s->schema.fields[f].dtype, .n_rows = N};
        size_t bytes = column_data_bytes(c.dtype, N);
        if (c.dtype == DT_UTF8 && seg_utf8_bytes(&set, &rows, f, &bytes, NULL))
            continue;
        c.validity = mem_alloc(column_bitmap_bytes(N));
        c.data = mem_alloc(bytes);
        c.offsets = mem_alloc((N + 1) * sizeof(int32_t));
        if (c.dtype != DT_UTF8) {
            free(c.offsets);
            c.offsets = NULL;
        }
        seg_gather(&set, &rows, &f, 1, &c);
        free(c.validity);
        free(c.data);
        free(c.offsets);
    }
    arena_done(&arena);
    seg_set_done(&set);
}

static void wrong_numbers_under_right_checksums_do_no_harm(void **state)
{
    (void)state;
    static const uint64_t numbers[] = {0, 1, 7, 255, 65536, 1u << 31, UINT32_MAX, 1ull << 33, UINT64_MAX};
    struct random random = random_init("hostile segment");
    size_t lens[2], len, n_opened = 0;
    uint8_t *whole[2] = {segment_bytes(false, &lens[0]), segment_bytes(true, &lens[1])};
    for (unsigned round = 0; round < 40000; round++) {
        len = lens[round % 2];
        uint8_t *bytes = memcpy(mem_alloc(len), whole[round % 2], len);
        for (uint64_t n = 1 + random_below(&random, 3); n > 0; n--) {
            size_t width = 1 + random_below(&random, 8), at = random_below(&random, (len - 20) / 4) * 4;
            uint64_t v = random_below(&random, 2) ? random_next(&random) : numbers[random_below(&random, 9)];
            memcpy(bytes + at, &v, width);
        }
        seal(bytes, len);
        struct segment *s;
        if (seg_open_bytes(view_of(bytes, len), &s, NULL) == OK) {
            n_opened++;
            read_all(s);
            seg_close(s);
        }
        free(bytes);
    }
    assert_true(n_opened > 100);
    free(whole[0]);
    free(whole[1]);
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
        cmocka_unit_test(wrong_numbers_under_right_checksums_do_no_harm),
        cmocka_unit_test(a_file_that_is_no_segment_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
