/*
 * Streams of pyarrow and Polars in every layout (tests/golden/arrow/make.py wrote them, and what is
 * in them), and what becomes of streams that are cut, bent, or too large.
 */
#include "value_text.h"

#include "base/file.h"
#include "format/arrow/flatbuf.h"

#include <stdio.h>

#include "test.h"

static const char streams_dir[] = "tests/golden/arrow/streams";

static void read_golden(const char *name, const char *ending, struct buf *out)
{
    char path[PATH_CAP];
    struct err err;
    assert_ok(path_format(path, &err, "%s/%s%s", streams_dir, name, ending));
    assert_ok(file_read(path, 1u << 24, out, &err));
}

/* All batches, a text for each column: its head and its rows. */
static enum code read_texts(struct ipc_reader *r, struct buf **out_texts, struct err *err)
{
    size_t n = ipc_reader_n_columns(r);
    bool more;
    *out_texts = mem_zalloc(n * sizeof(**out_texts));
    for (size_t i = 0; i < n; i++) {
        const struct arrow_array *a = ipc_reader_column(r, i);
        buf_printf(&(*out_texts)[i], "# %.*s: %s%s\n", VIEW_ARG(a->name), a->type_text,
                   a->supported ? "" : ", not read");
    }
    for (;;) {
        size_t n_rows;
        TRY(ipc_reader_next(r, &n_rows, &more, err));
        if (!more)
            return OK;
        for (size_t i = 0; i < n; i++) {
            const struct arrow_array *a = ipc_reader_column(r, i);
            if (!a->supported)
                continue;
            if (a->n_rows != n_rows)
                return err_set(err, E_CORRUPT, "%zu rows, not %zu", a->n_rows, n_rows);
            TRY(array_text(a, &(*out_texts)[i], err));
        }
    }
}

/* All columns behind one another, as the golden texts have them. */
static enum code read_stream_within(struct view stream, const struct ipc_limits *limits,
                                    struct buf *out, struct err *err)
{
    struct ipc_reader *r;
    struct buf *texts;
    TRY(ipc_reader_open(stream, limits, &r, err));
    enum code rc = read_texts(r, &texts, err);
    for (size_t i = 0; i < ipc_reader_n_columns(r); i++) {
        buf_put(out, texts[i].ptr, texts[i].len);
        buf_done(&texts[i]);
    }
    free(texts);
    ipc_reader_close(r);
    return rc;
}

static enum code read_stream(struct view stream, struct buf *out, struct err *err)
{
    const struct ipc_limits limits = ipc_limits_default();
    return read_stream_within(stream, &limits, out, err);
}

static size_t each_golden(void (*fn)(const char *name, struct view stream))
{
    AUTO(dir_names) struct dir_names names = {0};
    struct err err;
    size_t n = 0;
    assert_ok(dir_list(streams_dir, &names, &err));
    for (size_t i = 0; i < names.n; i++) {
        AUTO(buf) struct buf stream = {0};
        char *ending = strstr(names.names[i], ".arrows");
        if (!ending)
            continue;
        char *name = mem_strndup(names.names[i], (size_t)(ending - names.names[i]));
        read_golden(name, ".arrows", &stream);
        fn(name, buf_view(&stream));
        free(name);
        n++;
    }
    return n;
}

/* Fails with the first lines that differ, and the head of their column. */
static void assert_same_lines(const char *name, const char *is, const char *want)
{
    const char *head = want;
    while (*is && *want) {
        size_t is_len = strcspn(is, "\n"), want_len = strcspn(want, "\n");
        if (*want == '#')
            head = want;
        if (is_len != want_len || memcmp(is, want, is_len) != 0)
            fail_msg("%s, %.*s: \"%.*s\", not \"%.*s\"", name, (int)strcspn(head, "\n"), head,
                     (int)is_len, is, (int)want_len, want);
        is += is_len + (is[is_len] != '\0');
        want += want_len + (want[want_len] != '\0');
    }
    assert_string_equal(is, want);
}

static void check_golden(const char *name, struct view stream)
{
    AUTO(buf) struct buf is = {0}, want = {0};
    struct err err;
    read_golden(name, ".txt", &want);
    if (read_stream(stream, &is, &err))
        fail_msg("%s: %s", name, err.msg);
    buf_puts(&is, is.len ? "" : "\n");
    assert_same_lines(name, buf_cstr(&is), buf_cstr(&want));
}

static void streams_of_others_have_their_values(void **state)
{
    (void)state;
    assert_true(each_golden(check_golden) > 30);
}

/* A copy that begins at no multiple of anything. */
static void check_unaligned(const char *name, struct view stream)
{
    uint8_t *moved = mem_alloc(stream.len + 1);
    memcpy(moved + 1, stream.ptr, stream.len);
    check_golden(name, view_of(moved + 1, stream.len));
    free(moved);
}

static void streams_need_no_alignment(void **state)
{
    (void)state;
    each_golden(check_unaligned);
}

/* Of the exact size, so that AddressSanitizer sees one byte too many. */
static enum code read_exact(const uint8_t *bytes, size_t len, struct err *err)
{
    struct ipc_limits limits = ipc_limits_default();
    AUTO(buf) struct buf text = {0};
    AUTO(ptr) uint8_t *exact = mem_alloc(len);
    memcpy(exact, bytes, len);
    limits.decompressed_bytes = limits.read_bytes = 1 << 20;
    limits.batch_rows = 1000;
    return read_stream_within(view_of(exact, len), &limits, &text, err);
}

static bool is_clean(enum code rc, const struct err *err)
{
    bool may_be = rc == OK || rc == E_INVALID || rc == E_LIMIT || rc == E_UNSUPPORTED;
    return may_be && (rc == OK || err->msg[0]);
}

static void check_cuts(const char *name, struct view stream)
{
    size_t step = stream.len > 4000 ? 7 : 1;
    for (size_t len = 0; len < stream.len; len += step) {
        struct err err = {""};
        enum code rc = read_exact(stream.ptr, len, &err);
        if (!is_clean(rc, &err) || (rc && rc != E_INVALID))
            fail_msg("%s cut at %zu: %s %s", name, len, code_name(rc), err.msg);
    }
}

static void streams_may_be_cut_anywhere(void **state)
{
    (void)state;
    each_golden(check_cuts);
}

static void check_flips(const char *name, struct view stream)
{
    AUTO(buf) struct buf bent = {0};
    buf_put(&bent, stream.ptr, stream.len);
    size_t step = stream.len > 1000 ? 37 : 3; /* bits */
    for (size_t i = 0; i < stream.len * 8; i += step) {
        struct err err = {""};
        bent.ptr[i / 8] ^= (uint8_t)(1 << i % 8);
        enum code rc = read_exact(bent.ptr, bent.len, &err);
        if (!is_clean(rc, &err))
            fail_msg("%s with bit %zu: %s %s", name, i, code_name(rc), err.msg);
        bent.ptr[i / 8] ^= (uint8_t)(1 << i % 8);
    }
}

static void bits_may_be_wrong_anywhere(void **state)
{
    (void)state;
    each_golden(check_flips);
}

static enum code open_golden(const char *name, const struct ipc_limits *limits, struct buf *stream,
                             struct ipc_reader **out, struct err *err)
{
    read_golden(name, ".arrows", stream);
    return ipc_reader_open(buf_view(stream), limits, out, err);
}

static void metadata_of_the_schema_is_found_by_its_key(void **state)
{
    (void)state;
    AUTO(buf) struct buf stream = {0};
    struct err err;
    struct ipc_reader *r;
    struct view value;
    const struct ipc_limits limits = ipc_limits_default();
    assert_ok(open_golden("others", &limits, &stream, &r, &err));
    assert_true(ipc_reader_metadata(r, "columns", &value));
    assert_true(view_eq_cstr(value, "a,b"));
    assert_true(ipc_reader_metadata(r, "before", &value));
    assert_int_equal(value.len, 0);
    assert_false(ipc_reader_metadata(r, "column", &value));
    ipc_reader_close(r);
}

static void behind_its_end_a_stream_has_nothing(void **state)
{
    (void)state;
    AUTO(buf) struct buf stream = {0};
    struct err err;
    struct ipc_reader *r;
    size_t n_rows, n_batches = 0;
    bool more = true;
    const struct ipc_limits limits = ipc_limits_default();
    read_golden("texts", ".arrows", &stream);
    buf_puts(&stream, "what may follow");
    assert_ok(ipc_reader_open(buf_view(&stream), &limits, &r, &err));
    for (; more; n_batches += more)
        assert_ok(ipc_reader_next(r, &n_rows, &more, &err));
    assert_int_equal(n_batches, 1);
    assert_ok(ipc_reader_next(r, &n_rows, &more, &err));
    assert_false(more);
    ipc_reader_close(r);
}

static void memory_has_a_limit(void **state)
{
    (void)state;
    struct err err;
    for (size_t bytes = 0; bytes < 1500; bytes += 50) {
        AUTO(buf) struct buf stream = {0}, text = {0};
        struct ipc_limits limits = ipc_limits_default();
        limits.decompressed_bytes = bytes;
        read_golden("dictionaries_zstd", ".arrows", &stream);
        assert_fails(read_stream_within(buf_view(&stream), &limits, &text, &err), E_LIMIT,
                     "bytes decompressed");
    }
}

static void ignored_columns_are_not_decompressed(void **state)
{
    (void)state;
    const char *const names[] = {"texts_lz4", "dictionaries_lz4"};
    struct ipc_limits limits = ipc_limits_default();
    limits.decompressed_bytes = 0;
    for (size_t k = 0; k < 2; k++) {
        AUTO(buf) struct buf stream = {0};
        struct err err;
        struct ipc_reader *r;
        size_t n_rows;
        bool more;
        assert_ok(open_golden(names[k], &limits, &stream, &r, &err));
        assert_fails(ipc_reader_next(r, &n_rows, &more, &err), E_LIMIT, "more than 0 bytes");
        ipc_reader_close(r);
        buf_reset(&stream);
        assert_ok(open_golden(names[k], &limits, &stream, &r, &err));
        for (size_t i = 0; i < ipc_reader_n_columns(r); i++)
            ipc_reader_ignore(r, i);
        assert_ok(ipc_reader_next(r, &n_rows, &more, &err));
        assert_int_equal(n_rows, 20);
        assert_true(more);
        ipc_reader_close(r);
    }
}

static void rows_have_a_limit(void **state)
{
    (void)state;
    AUTO(buf) struct buf stream = {0}, text = {0};
    struct err err;
    struct ipc_limits limits = ipc_limits_default();
    limits.batch_rows = 19;
    read_golden("runs", ".arrows", &stream);
    assert_fails(read_stream_within(buf_view(&stream), &limits, &text, &err), E_LIMIT,
                 "has 20 rows, at most 19 are read");
}

static void lists_have_a_limit(void **state)
{
    (void)state;
    AUTO(buf) struct buf stream = {0}, text = {0};
    struct err err;
    struct ipc_limits limits = ipc_limits_default();
    limits.read_bytes = 100;
    read_golden("lists", ".arrows", &stream);
    assert_fails(read_stream_within(buf_view(&stream), &limits, &text, &err), E_LIMIT,
                 "column 'list int8', from row");
}

/* ------------------------------------------------------------------------------ schemas of ours */

enum {
    MESSAGE_VERSION = 0,
    MESSAGE_HEADER_TYPE = 1,
    MESSAGE_HEADER = 2,
    MESSAGE_BODY_LENGTH = 3,
};
enum { HEADER_SCHEMA = 1, HEADER_BATCH = 3, V4 = 3, V5 = 4 };

/* Begin a message; returns the position of its header. */
static size_t begin_message(struct flatbuf *fb, unsigned version, unsigned type,
                            const uint8_t *header_sizes, size_t n_header_fields, size_t body_bytes)
{
    static const uint8_t sizes[] = {2, 1, 4, 8};
    flatbuf_reset(fb);
    size_t message = flatbuf_add_table(fb, FLATBUF_ROOT, sizes, 4);
    flatbuf_set(fb, message, MESSAGE_VERSION, version, 2);
    flatbuf_set(fb, message, MESSAGE_HEADER_TYPE, type, 1);
    flatbuf_set(fb, message, MESSAGE_BODY_LENGTH, body_bytes, 8);
    return flatbuf_add_table(fb, flatbuf_field(fb, message, MESSAGE_HEADER), header_sizes,
                             n_header_fields);
}

static void begin_schema(struct flatbuf *fb, unsigned version, size_t *out_schema)
{
    static const uint8_t sizes[] = {2, 4};
    *out_schema = begin_message(fb, version, HEADER_SCHEMA, sizes, 2, 0);
}

static void put_message(struct buf *stream, const struct flatbuf *fb)
{
    uint32_t head[2] = {0xFFFFFFFF, (uint32_t)fb->bytes.len};
    buf_put(stream, head, sizeof(head));
    buf_put(stream, fb->bytes.ptr, fb->bytes.len);
}

static enum code open_schema(struct flatbuf *fb, struct ipc_reader **out, struct err *err)
{
    AUTO(buf) struct buf stream = {0};
    const struct ipc_limits limits = ipc_limits_default();
    put_message(&stream, fb);
    enum code rc = ipc_reader_open(buf_view(&stream), &limits, out, err);
    if (rc == OK)
        ipc_reader_close(*out);
    return rc;
}

static void big_endian_streams_are_refused(void **state)
{
    (void)state;
    AUTO(flatbuf) struct flatbuf fb = {0};
    struct ipc_reader *r;
    struct err err;
    size_t schema;
    begin_schema(&fb, V5, &schema);
    flatbuf_add_vector(&fb, flatbuf_field(&fb, schema, 1), 0, 4, 4);
    assert_ok(open_schema(&fb, &r, &err));
    flatbuf_set(&fb, schema, 0, 1, 2);
    assert_fails(open_schema(&fb, &r, &err), E_UNSUPPORTED, "is big-endian");
}

static void other_versions_are_refused(void **state)
{
    (void)state;
    AUTO(flatbuf) struct flatbuf fb = {0};
    struct ipc_reader *r;
    struct err err;
    size_t schema;
    for (unsigned version = 0; version < 7; version++) {
        begin_schema(&fb, version, &schema);
        flatbuf_add_vector(&fb, flatbuf_field(&fb, schema, 1), 0, 4, 4);
        if (version == V4 || version == V5)
            assert_ok(open_schema(&fb, &r, &err));
        else
            assert_fails(open_schema(&fb, &r, &err), E_UNSUPPORTED, "versions 4 and 5 are read");
    }
}

/* A field without children; returns the position of its type. */
static size_t add_field(struct flatbuf *fb, size_t reference, unsigned type, const uint8_t *sizes,
                        size_t n_sizes)
{
    static const uint8_t field_sizes[] = {4, 1, 1, 4};
    size_t field = flatbuf_add_table(fb, reference, field_sizes, sizeof(field_sizes));
    flatbuf_set(fb, field, 2, type, 1);
    flatbuf_add_string(fb, flatbuf_field(fb, field, 0), view_cstr("x"));
    return flatbuf_add_table(fb, flatbuf_field(fb, field, 3), sizes, n_sizes);
}

/* Of a dense union, and of the int8 42: one row. The batch lacks the last nodes and buffers. */
static void put_union_and_number(struct buf *stream, unsigned version, size_t n_nodes_missing,
                                 size_t n_buffers_missing)
{
    static const uint8_t union_sizes[] = {2}, int_sizes[] = {4, 1}, batch_sizes[] = {8, 4, 4};
    static const uint8_t body[16] = {[8] = 42};
    AUTO(flatbuf) struct flatbuf fb = {0};
    size_t schema, n_buffers = version == V4 ? 5 : 4;
    begin_schema(&fb, version, &schema);
    size_t fields = flatbuf_add_vector(&fb, flatbuf_field(&fb, schema, 1), 2, 4, 4);
    flatbuf_set(&fb, add_field(&fb, fields, 14, union_sizes, 1), 0, 1, 2);
    size_t number = add_field(&fb, fields + 4, 2, int_sizes, 2);
    flatbuf_set(&fb, number, 0, 8, 4);
    flatbuf_set(&fb, number, 1, 1, 1);
    put_message(stream, &fb);
    size_t batch = begin_message(&fb, version, HEADER_BATCH, batch_sizes, 3, sizeof(body));
    flatbuf_set(&fb, batch, 0, 1, 8);
    size_t nodes =
        flatbuf_add_vector(&fb, flatbuf_field(&fb, batch, 1), 2 - n_nodes_missing, 16, 8);
    for (size_t i = 0; i < 2 - n_nodes_missing; i++)
        flatbuf_put_i64(&fb, nodes + 16 * i, 1);
    size_t n_here = n_buffers - n_buffers_missing;
    size_t buffers = flatbuf_add_vector(&fb, flatbuf_field(&fb, batch, 2), n_here, 16, 8);
    for (size_t i = 0; i < n_here; i++) {
        flatbuf_put_i64(&fb, buffers + 16 * i, i + 1 == n_buffers ? 8 : 0);
        flatbuf_put_i64(&fb, buffers + 16 * i + 8, i + 1 == n_buffers);
    }
    put_message(stream, &fb);
    buf_put(stream, body, sizeof(body));
}

static void unions_of_version_4_have_a_buffer_more(void **state)
{
    (void)state;
    for (unsigned version = V4; version <= V5; version++) {
        AUTO(buf) struct buf stream = {0}, text = {0};
        struct err err;
        put_union_and_number(&stream, version, 0, 0);
        assert_ok(read_stream(buf_view(&stream), &text, &err));
        assert_string_equal(buf_cstr(&text), "# x: union, not read\n# x: int8\n2a\n");
    }
}

static void every_node_and_buffer_must_be_there(void **state)
{
    (void)state;
    const struct {
        size_t n_nodes_missing, n_buffers_missing;
        const char *text;
    } cases[] = {{1, 0, "column 'x' of the Arrow stream: the batch describes only 1 columns"},
                 {2, 0, "the batch describes only 0 columns"},
                 {0, 1, "column 'x' of the Arrow stream: the batch has only 3 buffers"},
                 {0, 4, "has only 0 buffers"}};
    for (size_t i = 0; i < 4; i++) {
        AUTO(buf) struct buf stream = {0}, text = {0};
        struct err err;
        put_union_and_number(&stream, V5, cases[i].n_nodes_missing, cases[i].n_buffers_missing);
        assert_fails(read_stream(buf_view(&stream), &text, &err), E_INVALID, cases[i].text);
    }
}

/* A field of text by its number in dictionary 7, whose values have type `type`. */
static void add_encoded(struct flatbuf *fb, size_t reference, unsigned type)
{
    static const uint8_t sizes[] = {4, 1, 1, 4, 4}, dictionary_sizes[] = {8};
    size_t field = flatbuf_add_table(fb, reference, sizes, sizeof(sizes));
    flatbuf_set(fb, field, 2, type, 1);
    flatbuf_add_string(fb, flatbuf_field(fb, field, 0), view_cstr("x"));
    flatbuf_add_table(fb, flatbuf_field(fb, field, 3), NULL, 0);
    size_t dictionary = flatbuf_add_table(fb, flatbuf_field(fb, field, 4), dictionary_sizes, 1);
    flatbuf_set(fb, dictionary, 0, 7, 8);
}

static void columns_share_dictionaries_of_one_type(void **state)
{
    (void)state;
    enum { BINARY = 4, UTF8 = 5 };
    for (unsigned second = BINARY; second <= UTF8; second++) {
        AUTO(flatbuf) struct flatbuf fb = {0};
        struct ipc_reader *r;
        struct err err;
        size_t schema;
        begin_schema(&fb, V5, &schema);
        size_t fields = flatbuf_add_vector(&fb, flatbuf_field(&fb, schema, 1), 2, 4, 4);
        add_encoded(&fb, fields, UTF8);
        add_encoded(&fb, fields + 4, second);
        if (second == UTF8)
            assert_ok(open_schema(&fb, &r, &err));
        else
            assert_fails(open_schema(&fb, &r, &err), E_INVALID,
                         "shares dictionary 7 with a column of another type");
    }
}

/* Fields inside one another, `depth` of them, each of which has the next as both of its
 * children. */
static void add_nested(struct flatbuf *fb, size_t reference, unsigned depth)
{
    static const uint8_t sizes[] = {4, 1, 1, 4, 0, 4};
    size_t field = flatbuf_add_table(fb, reference, sizes, sizeof(sizes));
    flatbuf_set(fb, field, 2, 13, 1); /* struct */
    flatbuf_add_string(fb, flatbuf_field(fb, field, 0), view_cstr("x"));
    flatbuf_add_table(fb, flatbuf_field(fb, field, 3), NULL, 0);
    size_t children = flatbuf_add_vector(fb, flatbuf_field(fb, field, 5), depth ? 2 : 0, 4, 4);
    if (depth == 0)
        return;
    add_nested(fb, children, depth - 1);
    uint32_t first;
    memcpy(&first, fb->bytes.ptr + children, 4);
    first -= 4; /* the same table, seen from the second reference */
    memcpy(fb->bytes.ptr + children + 4, &first, 4);
}

static void nesting_has_limits(void **state)
{
    (void)state;
    AUTO(flatbuf) struct flatbuf fb = {0};
    struct ipc_reader *r;
    struct err err;
    const struct {
        unsigned depth;
        enum code code;
        const char *text;
    } cases[] = {{10, OK, ""}, {60, E_LIMIT, "at most 16384"}, {100, E_LIMIT, "deeper than 64"}};
    for (size_t i = 0; i < 3; i++) {
        size_t schema;
        begin_schema(&fb, V5, &schema);
        size_t fields = flatbuf_add_vector(&fb, flatbuf_field(&fb, schema, 1), 1, 4, 4);
        add_nested(&fb, fields, cases[i].depth);
        if (cases[i].code == OK)
            assert_ok(open_schema(&fb, &r, &err));
        else
            assert_fails(open_schema(&fb, &r, &err), cases[i].code, cases[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(streams_of_others_have_their_values),
        cmocka_unit_test(streams_need_no_alignment),
        cmocka_unit_test(streams_may_be_cut_anywhere),
        cmocka_unit_test(bits_may_be_wrong_anywhere),
        cmocka_unit_test(metadata_of_the_schema_is_found_by_its_key),
        cmocka_unit_test(behind_its_end_a_stream_has_nothing),
        cmocka_unit_test(memory_has_a_limit),
        cmocka_unit_test(ignored_columns_are_not_decompressed),
        cmocka_unit_test(rows_have_a_limit),
        cmocka_unit_test(lists_have_a_limit),
        cmocka_unit_test(big_endian_streams_are_refused),
        cmocka_unit_test(other_versions_are_refused),
        cmocka_unit_test(unions_of_version_4_have_a_buffer_more),
        cmocka_unit_test(every_node_and_buffer_must_be_there),
        cmocka_unit_test(columns_share_dictionaries_of_one_type),
        cmocka_unit_test(nesting_has_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
