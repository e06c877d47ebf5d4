/* Manifests and their lists, by hand. Fields are in an order of their own, and some are not known:
 * what counts is their numbers. */
#include "avro_build.h"
#include "format/iceberg/manifest.h"
#include "test.h"

static const struct ice_manifest data = {
    .sequence_number = 7, .added_snapshot_id = 70, .spec_id = 2};
static const struct ice_manifest deletes = {
    .sequence_number = 7, .added_snapshot_id = 70, .spec_id = 2, .has_deletes = true};
static const struct ice_manifest old = {.added_snapshot_id = 70, .spec_id = ICE_SPEC_OF_FILE};

/* Schemas: a record's fields come between put_record and put_end. */
static void put_record(struct buf *b, const char *name)
{
    buf_printf(b, "{\"type\":\"record\",\"name\":\"%s\",\"fields\":[", name);
}

static void put_end(struct buf *b)
{
    buf_puts(b, "]}");
}

/* Up to the type. */
static void put_name(struct buf *b, const char *name, int id)
{
    if (b->ptr[b->len - 1] != '[')
        buf_puts(b, ",");
    buf_printf(b, "{\"name\":\"%s\",\"field-id\":%d,\"type\":", name, id);
}

static void put_field(struct buf *b, const char *name, const char *type, int id)
{
    put_name(b, name, id);
    buf_printf(b, "\"%s\"}", type);
}

static void put_maybe(struct buf *b, const char *name, const char *type, int id)
{
    put_name(b, name, id);
    buf_printf(b, "[\"null\",\"%s\"]}", type);
}

/* The bounds: pairs of a column's number and a value. */
static void put_pairs(struct buf *b, const char *name, int id)
{
    put_name(b, name, id);
    buf_puts(b, "[\"null\",{\"type\":\"array\",\"logicalType\":\"map\",\"items\":");
    put_record(b, name);
    put_field(b, "key", "int", id + 1);
    put_field(b, "value", "bytes", id + 2);
    put_end(b);
    buf_puts(b, "}]}");
}

static void put_partition_schema(struct buf *b)
{
    put_name(b, "partition", 102);
    put_record(b, "r102");
    put_maybe(b, "p", "int", 1000);
    put_maybe(b, "q", "string", 1001);
    put_maybe(b, "r", "double", 1002);
    put_end(b);
    buf_puts(b, "}");
}

static void put_file_schema(struct buf *b)
{
    put_name(b, "data_file", 2);
    put_record(b, "r2");
    put_field(b, "file_format", "string", 101);
    put_field(b, "file_path", "string", 100);
    put_partition_schema(b);
    put_field(b, "file_size_in_bytes", "long", 104);
    put_field(b, "record_count", "long", 103);
    put_maybe(b, "content", "int", 134);
    put_name(b, "equality_ids", 135);
    buf_puts(b, "[\"null\",{\"type\":\"array\",\"items\":\"int\"}]}");
    put_maybe(b, "key_metadata", "bytes", 131);
    put_pairs(b, "lower_bounds", 125);
    put_pairs(b, "upper_bounds", 128);
    put_maybe(b, "referenced_data_file", "string", 143);
    put_maybe(b, "content_offset", "long", 144);
    put_maybe(b, "content_size_in_bytes", "long", 145);
    put_end(b);
    buf_puts(b, "}");
}

static void put_manifest_schema(struct buf *b)
{
    put_record(b, "manifest_entry");
    put_field(b, "new", "string", 999);
    put_maybe(b, "sequence_number", "long", 3);
    put_maybe(b, "snapshot_id", "long", 1);
    put_maybe(b, "file_sequence_number", "long", 4);
    put_file_schema(b);
    put_field(b, "status", "int", 0);
    put_end(b);
}

/* A row of it; -1 and NULL are null, but a content of -1 too. */
struct row {
    int status, content;
    int64_t snapshot, sequence, file_sequence, n_rows, n_bytes, offset, size;
    const char *path, *format, *referenced, *lower, *upper, *key;
    int n_ids, ids[3];
};

static const struct row plain = {.status = 1,
                                 .content = 0,
                                 .snapshot = -1,
                                 .sequence = -1,
                                 .file_sequence = -1,
                                 .n_rows = 10,
                                 .n_bytes = 1000,
                                 .offset = -1,
                                 .size = -1,
                                 .path = "s3://b/f.parquet",
                                 .format = "PARQUET"};

static void put_maybe_long(struct buf *b, int64_t v)
{
    put_long(b, v != -1);
    if (v != -1)
        put_long(b, v);
}

static void put_maybe_text(struct buf *b, const char *v)
{
    put_long(b, v != NULL);
    if (v)
        put_text(b, v);
}

static void put_bound(struct buf *b, const char *v)
{
    put_long(b, v != NULL);
    if (!v)
        return;
    put_long(b, 2);
    put_long(b, 2147483545);
    put_text(b, "another column");
    put_long(b, 2147483546);
    put_text(b, v);
    put_long(b, 0);
}

static void put_row(struct buf *b, const struct row *r)
{
    put_text(b, "what is new");
    put_maybe_long(b, r->sequence);
    put_maybe_long(b, r->snapshot);
    put_maybe_long(b, r->file_sequence);
    put_text(b, r->format);
    put_text(b, r->path);
    buf_put(b, "\2\x09\2\4ab\0", 7); /* -5, "ab", null */
    put_long(b, r->n_bytes);
    put_long(b, r->n_rows);
    put_maybe_long(b, r->content);
    put_long(b, r->n_ids > 0);
    if (r->n_ids > 0) {
        put_long(b, r->n_ids);
        for (int i = 0; i < r->n_ids; i++)
            put_long(b, r->ids[i]);
        put_long(b, 0);
    }
    put_maybe_text(b, r->key);
    put_bound(b, r->lower);
    put_bound(b, r->upper);
    put_maybe_text(b, r->referenced);
    put_maybe_long(b, r->offset);
    put_maybe_long(b, r->size);
    put_long(b, r->status);
}

static void put_manifest(struct buf *b, const struct row *rows, int n)
{
    AUTO(buf) struct buf schema = {0}, body = {0};
    put_manifest_schema(&schema);
    put_head(b, buf_cstr(&schema), "null");
    for (int i = 0; i < n; i++)
        put_row(&body, &rows[i]);
    put_block(b, n, body.ptr, body.len);
}

/* The entries of the last manifest, and their memory. */
static struct ice_entry entries[4];
static size_t n_entries;
static struct arena arena;

static int clean(void **state)
{
    (void)state;
    arena_done(&arena);
    return 0;
}

static enum code take(void *arg, const struct ice_entry *e, struct err *err)
{
    size_t max = *(size_t *)arg;
    if (n_entries == max)
        return err_set(err, E_LIMIT, "enough");
    entries[n_entries++] = *e;
    return OK;
}

static enum code parse(const struct ice_manifest *what, const struct row *rows, int n,
                       struct err *err)
{
    AUTO(buf) struct buf b = {0};
    size_t max = 4;
    put_manifest(&b, rows, n);
    n_entries = 0;
    return ice_manifest_parse(buf_view(&b), what, &arena, take, &max, err);
}

static void expect_int32(struct view v, int32_t wanted)
{
    assert_true(view_eq(v, view_of(&wanted, sizeof(wanted))));
}

static void fields_are_found_by_number(void **state)
{
    (void)state;
    struct err err;
    assert_ok(parse(&data, &plain, 1, &err));
    const struct ice_entry *e = &entries[0];
    assert_int_equal(n_entries, 1);
    assert_int_equal(e->status, ICE_ADDED);
    assert_int_equal(e->content, ICE_DATA);
    assert_int_equal(e->format, ICE_PARQUET);
    assert_string_equal(e->format_name, "PARQUET");
    assert_string_equal(e->path, "s3://b/f.parquet");
    assert_int_equal(e->spec_id, 2);
    assert_int_equal(e->n_rows, 10);
    assert_int_equal(e->n_bytes, 1000);
    assert_false(e->is_encrypted);
    assert_int_equal(e->n_equality_ids, 0);
    assert_null(e->referenced_data_file);
    assert_int_equal(e->content_offset, -1);
    assert_int_equal(e->n_partition, 3);
    assert_int_equal(e->partition[0].field_id, 1000);
    expect_int32(e->partition[0].value.bytes, -5);
    assert_true(view_eq_cstr(e->partition[1].value.bytes, "ab"));
    assert_false(e->partition[1].value.is_null);
    assert_true(e->partition[2].value.is_null);
}

static void numbers_of_snapshots_are_inherited(void **state)
{
    (void)state;
    struct err err;
    struct row rows[3] = {plain, plain, plain};
    rows[1].snapshot = 60;
    rows[1].sequence = 5;
    rows[1].file_sequence = 4;
    rows[1].status = 0;
    rows[2].status = 2;
    assert_ok(parse(&data, rows, 3, &err));
    assert_int_equal(entries[0].snapshot_id, 70);
    assert_int_equal(entries[0].sequence_number, 7);
    assert_int_equal(entries[0].file_sequence_number, 7);
    assert_int_equal(entries[1].snapshot_id, 60);
    assert_int_equal(entries[1].sequence_number, 5);
    assert_int_equal(entries[1].file_sequence_number, 4);
    assert_int_equal(entries[2].status, ICE_DELETED);
    assert_int_equal(entries[2].sequence_number, -1);
    rows[0].status = 0;
    assert_fails(parse(&data, rows, 1, &err), E_CORRUPT,
                 "entry 0: an existing file does not have a sequence number");
    rows[0].content = -1;
    assert_ok(parse(&old, rows, 1, &err));
    assert_int_equal(entries[0].sequence_number, 0);
    assert_int_equal(entries[0].content, ICE_DATA);
    assert_int_equal(entries[0].spec_id, 0);
}

static void the_file_says_its_spec_where_no_list_does(void **state)
{
    (void)state;
    AUTO(buf) struct buf b = {0}, schema = {0}, body = {0};
    size_t max = 1;
    struct err err;
    put_manifest_schema(&schema);
    buf_put(&b, "Obj\1", 4);
    put_long(&b, 3);
    put_text(&b, "avro.schema");
    put_text(&b, buf_cstr(&schema));
    put_text(&b, "partition-spec-id");
    put_text(&b, "12");
    put_text(&b, "format-version");
    put_text(&b, "1");
    put_long(&b, 0);
    buf_put(&b, build_sync, 16);
    put_row(&body, &plain);
    put_block(&b, 1, body.ptr, body.len);
    n_entries = 0;
    assert_ok(ice_manifest_parse(buf_view(&b), &old, &arena, take, &max, &err));
    assert_int_equal(entries[0].spec_id, 12);
    n_entries = 0;
    assert_ok(ice_manifest_parse(buf_view(&b), &data, &arena, take, &max, &err));
    assert_int_equal(entries[0].spec_id, 2);
    uint8_t *version = memmem(b.ptr, b.len, "format-version", 14);
    assert_non_null(version);
    version[15] = '4';
    assert_fails(ice_manifest_parse(buf_view(&b), &data, &arena, take, &max, &err), E_UNSUPPORTED,
                 "Iceberg format version 4 is not supported");
}

static void delete_files_say_what_they_delete(void **state)
{
    (void)state;
    struct err err;
    struct row rows[3] = {plain, plain, plain};
    rows[0].content = 1;
    rows[0].lower = "s3://b/a";
    rows[0].upper = "s3://b/z";
    rows[0].format = "parquet";
    rows[1].content = 2;
    rows[1].n_ids = 2;
    rows[1].ids[0] = 3;
    rows[1].ids[1] = 9;
    rows[2].content = 1;
    rows[2].format = "PUFFIN";
    rows[2].referenced = "s3://b/f.parquet";
    rows[2].offset = 4;
    rows[2].size = 46;
    assert_ok(parse(&deletes, rows, 3, &err));
    assert_int_equal(entries[0].content, ICE_POSITION_DELETES);
    assert_int_equal(entries[0].format, ICE_PARQUET);
    assert_true(view_eq_cstr(entries[0].path_lower, "s3://b/a"));
    assert_true(view_eq_cstr(entries[0].path_upper, "s3://b/z"));
    assert_int_equal(entries[1].content, ICE_EQUALITY_DELETES);
    assert_int_equal(entries[1].n_equality_ids, 2);
    assert_int_equal(entries[1].equality_ids[1], 9);
    assert_int_equal(entries[2].format, ICE_PUFFIN);
    assert_string_equal(entries[2].referenced_data_file, "s3://b/f.parquet");
    assert_int_equal(entries[2].content_offset, 4);
    assert_int_equal(entries[2].content_bytes, 46);
    assert_int_equal(entries[2].path_lower.len, 0);
}

/* As BigQuery leaves out what it can, and with long for int. */
static void put_lean_schema(struct buf *b)
{
    put_record(b, "entry");
    put_field(b, "status", "int", 0);
    put_name(b, "data_file", 2);
    put_record(b, "file");
    put_field(b, "file_path", "string", 100);
    put_field(b, "file_format", "string", 101);
    put_maybe(b, "partition", "string", 102);
    put_field(b, "record_count", "int", 103);
    put_field(b, "file_size_in_bytes", "long", 104);
    put_field(b, "content", "int", 134);
    put_name(b, "equality_ids", 135);
    buf_puts(b, "{\"type\":\"array\",\"items\":\"long\"}}");
    put_end(b);
    buf_puts(b, "}");
    put_end(b);
}

static void lean_manifests_are_read(void **state)
{
    (void)state;
    AUTO(buf) struct buf b = {0}, schema = {0};
    size_t max = 1;
    struct err err;
    static const char row[] = "\2\2p\16parquet\0\24\xC8\1\4\4\6\x12\0";
    put_lean_schema(&schema);
    put_head(&b, buf_cstr(&schema), "null");
    put_block(&b, 1, row, sizeof(row) - 1);
    n_entries = 0;
    assert_ok(ice_manifest_parse(buf_view(&b), &deletes, &arena, take, &max, &err));
    assert_string_equal(entries[0].path, "p");
    assert_int_equal(entries[0].n_rows, 10);
    assert_int_equal(entries[0].n_bytes, 100);
    assert_int_equal(entries[0].n_partition, 0);
    assert_int_equal(entries[0].n_equality_ids, 2);
    assert_int_equal(entries[0].equality_ids[1], 9);
    assert_int_equal(entries[0].snapshot_id, 70);
    assert_int_equal(entries[0].sequence_number, 7);
}

#define refuse(what, change, code, text)                    \
    do {                                                    \
        struct row r = plain;                               \
        struct err err;                                     \
        change;                                             \
        assert_fails(parse(what, &r, 1, &err), code, text); \
    } while (0)

static void broken_entries_are_named(void **state)
{
    (void)state;
    refuse(&data, r.status = 3, E_UNSUPPORTED, "entry 0: field 0: status 3 is not known");
    refuse(&data, r.content = 3, E_UNSUPPORTED, "field 134: content 3 is not known");
    refuse(&data, r.content = 1, E_CORRUPT, "a delete file in a manifest of data files");
    refuse(&deletes, (void)r, E_CORRUPT, "a data file in a manifest of delete files");
    refuse(&data, r.n_rows = -2, E_CORRUPT, "field 103: record_count is negative");
    refuse(&data, r.n_bytes = -2, E_CORRUPT, "field 104: file_size_in_bytes is negative");
    refuse(&data, r.sequence = -2, E_CORRUPT, "a sequence number is negative");
    refuse(&data, r.path = "s3://\xFF", E_CORRUPT, "field 100: file_path is not UTF-8");
    refuse(&deletes, r.content = 2, E_CORRUPT, "do not say which columns they compare");
    refuse(&deletes, (r.content = 1, r.format = "PUFFIN"), E_CORRUPT,
           "a deletion vector does not say of which data file it is, or where");
    refuse(&deletes, (r.content = 1, r.offset = -2), E_CORRUPT, "content_offset is negative");
}

static void keys_and_other_formats_are_told(void **state)
{
    (void)state;
    struct err err;
    struct row rows[2] = {plain, plain};
    rows[0].key = "k";
    rows[0].format = "orc";
    rows[1].key = "";
    rows[1].format = "vortex";
    assert_ok(parse(&data, rows, 2, &err));
    assert_true(entries[0].is_encrypted);
    assert_int_equal(entries[0].format, ICE_ORC);
    assert_false(entries[1].is_encrypted);
    assert_int_equal(entries[1].format, ICE_OTHER_FORMAT);
    assert_string_equal(entries[1].format_name, "vortex");
}

static void the_caller_may_end_it(void **state)
{
    (void)state;
    AUTO(buf) struct buf b = {0};
    struct row rows[2] = {plain, plain};
    size_t max = 1;
    struct err err;
    put_manifest(&b, rows, 2);
    n_entries = 0;
    assert_fails(ice_manifest_parse(buf_view(&b), &data, &arena, take, &max, &err), E_LIMIT,
                 "entry 1: enough");
}

/* ---------------------------------------------------------------------------------------- lists */

static void put_list_schema(struct buf *b)
{
    put_record(b, "manifest_file");
    put_maybe(b, "content", "int", 517);
    put_field(b, "manifest_length", "long", 501);
    put_maybe(b, "key_metadata", "bytes", 519);
    put_field(b, "manifest_path", "string", 500);
    put_maybe(b, "added_snapshot_id", "long", 503);
    put_maybe(b, "sequence_number", "long", 515);
    put_maybe(b, "min_sequence_number", "long", 516);
    put_field(b, "partition_spec_id", "int", 502);
    put_end(b);
}

static void put_list_row(struct buf *b, int64_t content, const char *path, int64_t sequence)
{
    put_maybe_long(b, content);
    put_long(b, 100);
    put_maybe_text(b, content == 1 ? "key" : NULL);
    put_text(b, path);
    put_maybe_long(b, sequence);
    put_maybe_long(b, sequence);
    put_maybe_long(b, sequence);
    put_long(b, 3);
}

static void put_list(struct buf *b, int n, const int64_t *contents)
{
    AUTO(buf) struct buf schema = {0}, body = {0};
    put_list_schema(&schema);
    put_head(b, buf_cstr(&schema), "null");
    for (int i = 0; i < n; i++)
        put_list_row(&body, contents[i], i ? "second" : "first", i ? 8 : -1);
    put_block(b, n, body.ptr, body.len);
}

static void a_list_names_manifests(void **state)
{
    (void)state;
    static const int64_t contents[] = {-1, 1, 0};
    AUTO(buf) struct buf b = {0};
    struct ice_manifest *m;
    struct err err;
    size_t n;
    put_list(&b, 3, contents);
    assert_ok(ice_manifest_list_parse(buf_view(&b), 3, &arena, &m, &n, &err));
    assert_int_equal(n, 3);
    assert_string_equal(m[0].path, "first");
    assert_int_equal(m[0].length, 100);
    assert_int_equal(m[0].spec_id, 3);
    assert_false(m[0].has_deletes || m[0].is_encrypted);
    assert_int_equal(m[0].sequence_number, 0);
    assert_int_equal(m[0].added_snapshot_id, -1);
    assert_true(m[1].has_deletes && m[1].is_encrypted);
    assert_int_equal(m[1].sequence_number, 8);
    assert_int_equal(m[1].min_sequence_number, 8);
    assert_int_equal(m[1].added_snapshot_id, 8);
    assert_fails(ice_manifest_list_parse(buf_view(&b), 2, &arena, &m, &n, &err), E_LIMIT,
                 "more than 2 manifests");
}

static void a_list_may_be_long(void **state)
{
    (void)state;
    int64_t contents[100] = {0};
    AUTO(buf) struct buf b = {0};
    struct ice_manifest *m;
    struct err err;
    size_t n;
    put_list(&b, 100, contents);
    assert_ok(ice_manifest_list_parse(buf_view(&b), 1000, &arena, &m, &n, &err));
    assert_int_equal(n, 100);
    assert_string_equal(m[0].path, "first");
    assert_string_equal(m[99].path, "second");
}

static void what_is_no_list_is_refused(void **state)
{
    (void)state;
    static const int64_t contents[] = {2};
    AUTO(buf) struct buf b = {0};
    struct ice_manifest *m;
    struct err err;
    size_t n;
    put_list(&b, 1, contents);
    assert_fails(ice_manifest_list_parse(buf_view(&b), 3, &arena, &m, &n, &err), E_UNSUPPORTED,
                 "manifest 0: content 2 is not known");
    buf_reset(&b);
    put_manifest(&b, &plain, 1);
    assert_fails(ice_manifest_list_parse(buf_view(&b), 3, &arena, &m, &n, &err), E_CORRUPT,
                 "manifest 0: field 500: it is missing");
    buf_reset(&b);
    put_head(&b, "\"long\"", "null");
    assert_fails(ice_manifest_list_parse(buf_view(&b), 3, &arena, &m, &n, &err), E_CORRUPT,
                 "an Avro file of longs instead of records");
}

/* --------------------------------------------------------------------------------------- damage */

static enum code parse_copy(struct view bytes, bool is_list)
{
    AUTO(ptr) uint8_t *exact = mem_alloc(bytes.len);
    AUTO(arena) struct arena own = {0};
    struct ice_manifest *m;
    struct err err;
    size_t n, max = 4;
    memcpy(exact, bytes.ptr, bytes.len);
    n_entries = 0;
    bytes = view_of(exact, bytes.len);
    return is_list ? ice_manifest_list_parse(bytes, 4, &own, &m, &n, &err)
                   : ice_manifest_parse(bytes, &deletes, &own, take, &max, &err);
}

/* Cut before its only block, a file is sound and empty. */
static void damaged_files_end_in_a_code(void **state)
{
    (void)state;
    static const int64_t contents[] = {0, 1};
    struct row row = plain;
    row.content = 1;
    row.lower = row.upper = row.referenced = "s3://b/f.parquet";
    for (int is_list = 0; is_list < 2; is_list++) {
        AUTO(buf) struct buf b = {0};
        size_t n_sound = 0;
        if (is_list)
            put_list(&b, 2, contents);
        else
            put_manifest(&b, &row, 1);
        assert_int_equal(parse_copy(buf_view(&b), is_list), OK);
        for (size_t len = 1; len < b.len; len++)
            n_sound += parse_copy(view_of(b.ptr, len), is_list) == OK;
        assert_int_equal(n_sound, 1);
        for (size_t at = 0; at < b.len; at++)
            for (unsigned bit = 0; bit < 8; bit++) {
                b.ptr[at] ^= (uint8_t)(1u << bit);
                enum code rc = parse_copy(buf_view(&b), is_list);
                b.ptr[at] ^= (uint8_t)(1u << bit);
                if (rc != OK && rc != E_CORRUPT && rc != E_UNSUPPORTED && rc != E_LIMIT)
                    fail_msg("byte %zu: %s", at, code_name(rc));
            }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_found_by_number),
        cmocka_unit_test(numbers_of_snapshots_are_inherited),
        cmocka_unit_test(the_file_says_its_spec_where_no_list_does),
        cmocka_unit_test(delete_files_say_what_they_delete),
        cmocka_unit_test(lean_manifests_are_read),
        cmocka_unit_test(broken_entries_are_named),
        cmocka_unit_test(keys_and_other_formats_are_told),
        cmocka_unit_test(the_caller_may_end_it),
        cmocka_unit_test(a_list_names_manifests),
        cmocka_unit_test(a_list_may_be_long),
        cmocka_unit_test(what_is_no_list_is_refused),
        cmocka_unit_test(damaged_files_end_in_a_code),
    };
    return cmocka_run_group_tests(tests, NULL, clean);
}
