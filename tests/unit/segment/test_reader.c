/* Damaged segments: an error, never a crash, and no damage goes unnoticed. */
#include "test.h"

#include "base/file.h"
#include "base/mem.h"
#include "sample_rows.h"
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
        cmocka_unit_test(a_file_that_is_no_segment_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
