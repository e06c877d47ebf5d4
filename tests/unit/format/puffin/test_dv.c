/* Vectors by hand, each broken in one way, and those of CRoaring, made by tests/golden/puffin; runs
 * in the top folder. */
#include "format/puffin/dv.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "test.h"

#include <inttypes.h>
#include <libdeflate.h>
#include <stdio.h>

struct seen {
    uint64_t n_ranges, n, sum, squares, next;
};

static void take(void *arg, uint64_t first, uint64_t n)
{
    struct seen *s = arg;
    assert_true(n > 0);
    assert_true(s->n_ranges == 0 || first > s->next);
    for (uint64_t i = first; i < first + n; i++) {
        s->sum += i;
        s->squares += i * i;
    }
    s->next = first + n;
    s->n += n;
    s->n_ranges++;
}

static void put_u32be(struct buf *b, uint32_t v)
{
    v = __builtin_bswap32(v);
    buf_put(b, &v, sizeof(v));
}

/* What stands around a vector. */
static void put_blob(struct buf *b, struct view vector)
{
    AUTO(buf) struct buf body = {0};
    buf_puts(&body, "\xD1\xD3\x39\x64");
    buf_put(&body, vector.ptr, vector.len);
    put_u32be(b, (uint32_t)body.len);
    buf_put(b, body.ptr, body.len);
    put_u32be(b, libdeflate_crc32(0, body.ptr, body.len));
}

/* On a copy of the exact size, so that one byte too many is seen. */
static enum code read_copy(struct view blob, uint64_t n_rows, struct seen *s, struct err *err)
{
    AUTO(ptr) uint8_t *exact = mem_alloc(blob.len);
    if (blob.len)
        memcpy(exact, blob.ptr, blob.len);
    *s = (struct seen){0};
    return dv_read(view_of(exact, blob.len), n_rows, take, s, err);
}

static enum code read_vector(struct view vector, uint64_t n_rows, struct seen *s, struct err *err)
{
    AUTO(buf) struct buf blob = {0};
    put_blob(&blob, vector);
    return read_copy(buf_view(&blob), n_rows, s, err);
}

/* Number of bitmaps and the key of the first. */
#define ONE            \
    "\1\0\0\0\0\0\0\0" \
    "\0\0\0\0"
#define PLAIN(n) "\x3A\x30\0\0" n "\0\0\0"
#define RUNS(n)  "\x3B\x30" n "\0"

#define refuse(vector, text)                                                              \
    do {                                                                                  \
        struct seen s;                                                                    \
        struct err err;                                                                   \
        assert_fails(read_vector(view_of(vector, sizeof(vector) - 1), 1 << 20, &s, &err), \
                     E_CORRUPT, text);                                                    \
    } while (0)

#define accept(vector, n_ranges_, n_, sum_)                                             \
    do {                                                                                \
        struct seen s;                                                                  \
        struct err err;                                                                 \
        assert_ok(read_vector(view_of(vector, sizeof(vector) - 1), 1 << 20, &s, &err)); \
        assert_int_equal(s.n_ranges, n_ranges_);                                        \
        assert_int_equal(s.n, n_);                                                      \
        assert_int_equal(s.sum, sum_);                                                  \
    } while (0)

static void arrays_and_runs_are_read(void **state)
{
    (void)state;
    accept("\0\0\0\0\0\0\0\0", 0, 0, 0);
    accept(ONE PLAIN("\0"), 0, 0, 0);
    accept(ONE PLAIN("\1") "\0\0\2\0"
                           "\x10\0\0\0"
                           "\3\0\5\0\6\0",
           2, 3, 14);
    accept(ONE PLAIN("\2") "\0\0\0\0"
                           "\1\0\0\0"
                           "\x18\0\0\0"
                           "\x1A\0\0\0"
                           "\xFF\xFF"
                           "\0\0",
           1, 2, 65535 + 65536);
    accept(ONE RUNS("\0") "\1"
                          "\0\0\4\0"
                          "\2\0"
                          "\1\0\1\0"
                          "\x09\0\2\0",
           2, 5, 1 + 2 + 9 + 10 + 11);
    accept(ONE RUNS("\0") "\1"
                          "\0\0\1\0"
                          "\2\0"
                          "\1\0\0\0"
                          "\2\0\0\0",
           1, 2, 3);
    accept(ONE RUNS("\0") "\0"
                          "\0\0\0\0"
                          "\7\0",
           1, 1, 7);
}

/* Offsets are left out with up to 3 containers, where some hold runs. */
static void four_containers_have_offsets(void **state)
{
    (void)state;
    accept(ONE RUNS("\3") "\0"
                          "\0\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0"
                          "\x25\0\0\0\x27\0\0\0\x29\0\0\0\x2B\0\0\0"
                          "\1\0\1\0\1\0\1\0",
           4, 4, 4 + 65536 * 6);
    accept(ONE RUNS("\2") "\0"
                          "\0\0\0\0\1\0\0\0\2\0\0\0"
                          "\1\0\1\0\1\0",
           3, 3, 3 + 65536 * 3);
}

static void containers_must_be_what_they_say(void **state)
{
    (void)state;
    refuse(ONE "\x3C\x30\0\0\0\0\0\0", "a bitmap begins with 0x303c");
    refuse(ONE "\x3A\x30\1\0\0\0\0\0", "a bitmap begins with 0x1303a");
    refuse(ONE "\x3A\x30\0\0\1\0\1\0", "a bitmap of 65537 containers");
    refuse(ONE PLAIN("\1") "\0\0\1\0"
                           "\x10\0\0\0"
                           "\5\0\5\0",
           "position 5 comes after 5");
    refuse(ONE PLAIN("\1") "\0\0\1\0"
                           "\x10\0\0\0"
                           "\5\0\3\0",
           "position 3 comes after 5");
    refuse(ONE PLAIN("\1") "\0\0\1\0"
                           "\x10\0\0\0"
                           "\5\0",
           "ends in the middle");
    refuse(ONE PLAIN("\1") "\0\0\0\0"
                           "\x11\0\0\0"
                           "\5\0",
           "container 0 is at 16 instead of 17");
    refuse(ONE PLAIN("\2") "\1\0\0\0"
                           "\1\0\0\0"
                           "\x18\0\0\0"
                           "\x1A\0\0\0"
                           "\1\0"
                           "\1\0",
           "container 1 comes after 1");
    refuse(ONE RUNS("\0") "\1"
                          "\0\0\4\0"
                          "\2\0"
                          "\1\0\1\0"
                          "\x09\0\1\0",
           "runs have 4 positions instead of 5");
    refuse(ONE RUNS("\0") "\1"
                          "\0\0\3\0"
                          "\2\0"
                          "\1\0\2\0"
                          "\3\0\0\0",
           "a run of 1 from 3 on comes after 4");
    refuse(ONE RUNS("\0") "\1"
                          "\0\0\3\0"
                          "\1\0"
                          "\xFF\xFF\1\0",
           "a run of 2 from 65535 on");
    refuse(ONE PLAIN("\0") "x", "1 bytes are left after the last bitmap");
    refuse("\2\0\0\0\0\0\0\0"
           "\1\0\0\0" PLAIN("\0") "\1\0\0\0" PLAIN("\0"),
           "bitmap 1 comes after 1");
    refuse("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", "ends in the middle");
    refuse("\1\0\0\0\0\0\0", "ends in the middle");
}

static void bits_must_be_as_many_as_described(void **state)
{
    (void)state;
    AUTO(buf) struct buf v = {0};
    struct seen s;
    struct err err;
    buf_put(&v,
            ONE PLAIN("\1") "\0\0\0\x10"
                            "\x10\0\0\0",
            28);
    for (int i = 0; i < 8192; i++)
        buf_put_u8(&v, i < 512 ? 0xFF : 0);
    assert_fails(read_vector(buf_view(&v), 1 << 20, &s, &err), E_CORRUPT,
                 "bits have 4096 positions instead of 4097");
    v.ptr[v.len - 1] = 0x80;
    assert_ok(read_vector(buf_view(&v), 1 << 20, &s, &err));
    assert_int_equal(s.n_ranges, 2);
    assert_int_equal(s.n, 4097);
    assert_int_equal(s.next, 65536);
}

static void positions_beyond_the_rows_are_refused(void **state)
{
    (void)state;
    static const char vector[] = ONE PLAIN("\1") "\0\0\1\0"
                                                 "\x10\0\0\0"
                                                 "\3\0\5\0";
    static const char runs[] = ONE RUNS("\0") "\1"
                                              "\0\0\4\0"
                                              "\1\0"
                                              "\1\0\4\0";
    struct view v = view_of(vector, sizeof(vector) - 1), r = view_of(runs, sizeof(runs) - 1);
    struct seen s;
    struct err err;
    assert_ok(read_vector(v, 6, &s, &err));
    assert_fails(read_vector(v, 5, &s, &err), E_CORRUPT, "position 5, which is not below 5");
    assert_ok(read_vector(r, 6, &s, &err));
    assert_fails(read_vector(r, 5, &s, &err), E_CORRUPT, "position 5, which is not below 5");
    assert_fails(read_vector(r, 0, &s, &err), E_CORRUPT, "position 1, which is not below 0");
    assert_ok(read_vector(view_of("\0\0\0\0\0\0\0\0", 8), 0, &s, &err));
}

static void the_blob_around_it_is_checked(void **state)
{
    (void)state;
    AUTO(buf) struct buf b = {0};
    struct seen s;
    struct err err;
    put_blob(&b, view_of(ONE PLAIN("\0"), 20));
    assert_ok(read_copy(buf_view(&b), 1, &s, &err));
    b.ptr[4] ^= 1;
    assert_fails(read_copy(buf_view(&b), 1, &s, &err), E_CORRUPT, "is not a deletion vector");
    b.ptr[4] ^= 1;
    b.ptr[10] ^= 1;
    assert_fails(read_copy(buf_view(&b), 1, &s, &err), E_CORRUPT, "checksum of the vector");
    b.ptr[10] ^= 1;
    buf_put_u8(&b, 0);
    assert_fails(read_copy(buf_view(&b), 1, &s, &err), E_CORRUPT,
                 "a blob of 33 bytes does not hold the vector it announces");
    assert_fails(read_copy(view_of("\0\0\0\0\0\0\0\0", 8), 1, &s, &err), E_CORRUPT,
                 "is not a deletion vector");
}

static void golden_read(const char *name, struct buf *out)
{
    char path[200];
    struct err err;
    snprintf(path, sizeof(path), "tests/golden/puffin/%s", name);
    assert_ok(file_read(path, 1 << 20, out, &err));
}

static void vectors_of_croaring_are_read(void **state)
{
    (void)state;
    AUTO(buf) struct buf expected = {0};
    golden_read("expected.tsv", &expected);
    char *lines = (char *)(uintptr_t)buf_cstr(&expected);
    size_t n_files = 0;
    for (char *line; (line = strsep(&lines, "\n")) && *line; n_files++) {
        AUTO(buf) struct buf blob = {0};
        struct seen s, want = {0};
        struct err err;
        const char *file = strsep(&line, "\t");
        assert_int_equal(sscanf(line, "%" SCNu64 "%" SCNu64 "%" SCNu64 "%" SCNu64, &want.n_ranges,
                                &want.n, &want.sum, &want.squares),
                         4);
        golden_read(file, &blob);
        assert_ok(read_copy(buf_view(&blob), (uint64_t)1 << 41, &s, &err));
        assert_int_equal(s.n_ranges, want.n_ranges);
        assert_int_equal(s.n, want.n);
        assert_int_equal(s.sum, want.sum);
        assert_int_equal(s.squares, want.squares);
    }
    assert_int_equal(n_files, 9);
}

static const char *const small_files[] = {"empty.dv", "array.dv", "runs.dv", "all.dv", "keys.dv"};

static void a_vector_cut_anywhere_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < 5; i++) {
        AUTO(buf) struct buf blob = {0};
        struct seen s;
        struct err err;
        golden_read(small_files[i], &blob);
        for (size_t len = 0; len < blob.len; len++)
            assert_int_equal(read_copy(view_of(blob.ptr, len), (uint64_t)1 << 41, &s, &err),
                             E_CORRUPT);
        for (size_t len = 8; len < blob.len - 4; len++)
            assert_int_equal(
                read_vector(view_of(blob.ptr + 8, len - 8), (uint64_t)1 << 41, &s, &err),
                E_CORRUPT);
    }
}

/* The checksum finds any changed byte; with a checksum that fits, the vector is read or not. */
static void a_changed_byte_is_found(void **state)
{
    (void)state;
    for (size_t i = 0; i < 5; i++) {
        AUTO(buf) struct buf blob = {0};
        struct seen s;
        struct err err;
        golden_read(small_files[i], &blob);
        for (size_t at = 0; at < blob.len; at++) {
            blob.ptr[at] ^= (uint8_t)(1u << at % 8);
            assert_int_equal(read_copy(buf_view(&blob), (uint64_t)1 << 41, &s, &err), E_CORRUPT);
            if (at >= 8 && at < blob.len - 4) {
                enum code rc =
                    read_vector(view_of(blob.ptr + 8, blob.len - 12), (uint64_t)1 << 41, &s, &err);
                assert_true(rc == OK || rc == E_CORRUPT);
            }
            blob.ptr[at] ^= (uint8_t)(1u << at % 8);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arrays_and_runs_are_read),
        cmocka_unit_test(four_containers_have_offsets),
        cmocka_unit_test(containers_must_be_what_they_say),
        cmocka_unit_test(bits_must_be_as_many_as_described),
        cmocka_unit_test(positions_beyond_the_rows_are_refused),
        cmocka_unit_test(the_blob_around_it_is_checked),
        cmocka_unit_test(vectors_of_croaring_are_read),
        cmocka_unit_test(a_vector_cut_anywhere_is_refused),
        cmocka_unit_test(a_changed_byte_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
