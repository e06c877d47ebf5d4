/* Buffers in bodies: where they may be, and what compressed ones must be. */
#include "format/arrow/ipc_body.h"

#include "base/mem.h"
#include "format/arrow/flatbuf.h"

#include <lz4frame.h>
#include <zstd.h>

#include "test.h"

enum { BATCH_BUFFERS = 2, BATCH_COMPRESSION = 3 };
enum { NONE = -1, LZ4 = 0, ZSTD = 1 };

/* A RecordBatch table with one buffer, as the root. */
static void put_batch(struct flatbuf *fb, int codec, unsigned method, uint64_t offset, uint64_t len)
{
    const uint8_t sizes[] = {8, 4, 4, codec == NONE ? 0 : 4};
    static const uint8_t compression_sizes[] = {1, 1};
    flatbuf_reset(fb);
    size_t batch = flatbuf_add_table(fb, FLATBUF_ROOT, sizes, sizeof(sizes));
    flatbuf_add_vector(fb, flatbuf_field(fb, batch, 1), 0, 16, 8);
    size_t buffers = flatbuf_add_vector(fb, flatbuf_field(fb, batch, BATCH_BUFFERS), 1, 16, 8);
    flatbuf_put_i64(fb, buffers, (int64_t)offset);
    flatbuf_put_i64(fb, buffers + 8, (int64_t)len);
    if (codec == NONE)
        return;
    size_t compression = flatbuf_add_table(fb, flatbuf_field(fb, batch, BATCH_COMPRESSION),
                                           compression_sizes, sizeof(compression_sizes));
    flatbuf_set(fb, compression, 0, (uint64_t)codec, 1);
    flatbuf_set(fb, compression, 1, method, 1);
}

struct reading {
    struct flatbuf fb;
    struct ipc_codec codec;
    struct ipc_budget budget;
    struct ipc_memory memory;
};

static void reading_done(struct reading *r)
{
    ipc_memory_reset(&r->memory);
    assert_int_equal(r->budget.used, 0);
    ipc_codec_done(&r->codec);
    flatbuf_done(&r->fb);
}

/* The one buffer. */
static enum code read_buffer(struct reading *r, struct view body, struct view *out, struct err *err)
{
    struct fb_table batch;
    struct ipc_body b;
    r->budget.most = 1000;
    r->memory.budget = &r->budget;
    ipc_memory_reset(&r->memory);
    assert_true(fb_root(buf_view(&r->fb.bytes), &batch));
    TRY(ipc_body_init(&b, &batch, body, &r->codec, &r->memory, err));
    assert_int_equal(ipc_body_left(&b), 1);
    return ipc_body_next(&b, out, err);
}

static void buffers_are_in_the_body(void **state)
{
    (void)state;
    AUTO(reading) struct reading r = {0};
    struct view out, body = view_cstr("0123456789");
    struct err err;
    put_batch(&r.fb, NONE, 0, 3, 7);
    assert_ok(read_buffer(&r, body, &out, &err));
    assert_true(view_eq_cstr(out, "3456789"));
    assert_ptr_equal(out.ptr, body.ptr + 3);
    put_batch(&r.fb, NONE, 0, 3, 8);
    assert_fails(read_buffer(&r, body, &out, &err), E_INVALID,
                 "an Arrow buffer of 8 bytes at 3 is not in a body of 10");
    put_batch(&r.fb, NONE, 0, 11, 1);
    assert_fails(read_buffer(&r, body, &out, &err), E_INVALID, "1 bytes at 11");
    put_batch(&r.fb, NONE, 0, 3, (uint64_t)-1);
    assert_fails(read_buffer(&r, body, &out, &err), E_INVALID, "-1 bytes at 3");
    put_batch(&r.fb, NONE, 0, (uint64_t)-8, 16);
    assert_fails(read_buffer(&r, body, &out, &err), E_INVALID, "16 bytes at -8");
    put_batch(&r.fb, NONE, 0, (uint64_t)-8, 0); /* of nothing, anywhere */
    assert_ok(read_buffer(&r, body, &out, &err));
    assert_non_null(out.ptr);
    assert_int_equal(out.len, 0);
}

static const char text[] = "abcabcabcabcabcabcabcabcabcabcabcabcabcabcabcabcabcabc";

/* A compressed buffer that announces `announced` bytes; `extra` bytes stand behind the frame. */
static void put_compressed(struct buf *out, int codec, int64_t announced, size_t extra)
{
    uint8_t frame[500];
    size_t len = codec == LZ4 ? LZ4F_compressFrame(frame, sizeof(frame), text, sizeof(text), NULL)
                              : ZSTD_compress(frame, sizeof(frame), text, sizeof(text), 1);
    buf_reset(out);
    buf_put(out, &announced, sizeof(announced));
    buf_put(out, frame, len);
    buf_put_zeros(out, extra);
}

static void compressed_buffers_are_what_they_announce(void **state)
{
    (void)state;
    for (int codec = LZ4; codec <= ZSTD; codec++) {
        AUTO(reading) struct reading r = {0};
        AUTO(buf) struct buf body = {0};
        struct view out;
        struct err err;
        put_compressed(&body, codec, sizeof(text), 0);
        put_batch(&r.fb, codec, 0, 0, body.len);
        assert_ok(read_buffer(&r, buf_view(&body), &out, &err));
        assert_true(view_eq(out, view_of(text, sizeof(text))));
        const int64_t lies[] = {sizeof(text) + 1, sizeof(text) - 1, 1, 0};
        for (size_t i = 0; i < 4; i++) {
            put_compressed(&body, codec, lies[i], 0);
            assert_fails(read_buffer(&r, buf_view(&body), &out, &err), E_INVALID,
                         "does not decompress to the");
        }
        put_compressed(&body, codec, sizeof(text), 1);
        put_batch(&r.fb, codec, 0, 0, body.len);
        assert_fails(read_buffer(&r, buf_view(&body), &out, &err), E_INVALID,
                     "does not decompress to the 55 announced");
        for (size_t len = 1; len + 1 < body.len; len++) {
            put_batch(&r.fb, codec, 0, 0, len);
            assert_fails(read_buffer(&r, buf_view(&body), &out, &err), E_INVALID,
                         len < 8 ? "a compressed Arrow buffer has only" : "does not decompress");
        }
    }
}

static void a_buffer_may_not_be_compressed_after_all(void **state)
{
    (void)state;
    AUTO(reading) struct reading r = {0};
    AUTO(buf) struct buf body = {0};
    struct view out;
    struct err err;
    int64_t announced = -1;
    buf_put(&body, &announced, sizeof(announced));
    buf_puts(&body, "as it is");
    put_batch(&r.fb, ZSTD, 0, 0, body.len);
    assert_ok(read_buffer(&r, buf_view(&body), &out, &err));
    assert_true(view_eq_cstr(out, "as it is"));
    announced = -2;
    memcpy(body.ptr, &announced, sizeof(announced));
    assert_fails(read_buffer(&r, buf_view(&body), &out, &err), E_INVALID, "announces -2 bytes");
    announced = 1001;
    memcpy(body.ptr, &announced, sizeof(announced));
    assert_fails(read_buffer(&r, buf_view(&body), &out, &err), E_LIMIT,
                 "takes more than 1000 bytes decompressed; write smaller batches");
}

static void other_compressions_are_named(void **state)
{
    (void)state;
    AUTO(reading) struct reading r = {0};
    struct view out;
    struct err err;
    put_batch(&r.fb, 2, 0, 0, 0);
    assert_fails(read_buffer(&r, view_cstr(""), &out, &err), E_UNSUPPORTED, "codec 2, method 0");
    put_batch(&r.fb, ZSTD, 1, 0, 0);
    assert_fails(read_buffer(&r, view_cstr(""), &out, &err), E_UNSUPPORTED, "codec 1, method 1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(buffers_are_in_the_body),
        cmocka_unit_test(compressed_buffers_are_what_they_announce),
        cmocka_unit_test(a_buffer_may_not_be_compressed_after_all),
        cmocka_unit_test(other_compressions_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
