/* From what is configured and what files have to a schema, and to the column of each file that
 * fills each field. */
#include "engine/load/resolve.h"

#include "../../format/parquet/build.h"
#include "base/file.h"
#include "base/mem.h"
#include "test.h"

enum { BOOLEAN, INT32, INT64, INT96, FLOAT, DOUBLE, BYTE_ARRAY, UNREADABLE };
enum { NO_ID = -1 };

/* A leaf of a footer. BYTE_ARRAY is text, UNREADABLE a float that says it is. */
struct leaf {
    const char *name;
    int physical;
    int field_id; /* NO_ID: not written */
};

/* Zeroed memory can be ended. */
struct room {
    struct source_file files[4];
    struct data_file data[4];
    struct publication publication; /* owns nothing */
    struct resolved resolved;
};

static void room_done(struct room *r)
{
    resolved_done(&r->resolved);
    for (size_t i = 0; i < r->publication.n_data_files; i++)
        pq_file_free(r->files[i].pq);
}

static void put_leaf(struct buf *footer, const struct leaf *l)
{
    struct thrift_out leaf = {.to = footer};
    build_int(&leaf, 1, l->physical == UNREADABLE ? FLOAT : l->physical);
    build_int(&leaf, 3, 1); /* optional */
    build_text(&leaf, 4, l->name);
    if (l->physical == BYTE_ARRAY || l->physical == UNREADABLE)
        build_int(&leaf, 6, 0); /* UTF8 */
    if (l->field_id != NO_ID)
        build_int(&leaf, 9, l->field_id);
    build_stop(&leaf);
}

static struct pq_file *parse(struct view footer, uint64_t file_bytes)
{
    const struct pq_limits limits = pq_limits_default();
    struct pq_file *file;
    struct err err;
    assert_ok(pq_file_parse(footer, file_bytes, &limits, &file, &err));
    return file;
}

/* Another file of the publication: names are those of the alphabet. */
static void add_pq(struct room *r, struct pq_file *take_pq)
{
    static const char *const names[] = {"a.parquet", "b.parquet", "c.parquet", "d.parquet"};
    size_t i = r->publication.n_data_files++;
    r->files[i] = (struct source_file){.name = names[i], .pq = take_pq};
    r->data[i].name = names[i];
    r->publication.data_files = r->data;
}

static void add_file(struct room *r, const struct leaf *leaves, size_t n)
{
    AUTO(buf) struct buf footer = {0};
    struct thrift_out file = {.to = &footer};
    build_structs(&file, 2, n + 1);
    struct thrift_out root = {.to = &footer};
    build_text(&root, 4, "root");
    build_int(&root, 5, (int64_t)n);
    build_stop(&root);
    for (size_t i = 0; i < n; i++)
        put_leaf(&footer, &leaves[i]);
    build_stop(&file);
    add_pq(r, parse(buf_view(&footer), footer.len + 100));
}

#define FILE_OF(room, ...)                                           \
    do {                                                             \
        const struct leaf leaves_[] = {__VA_ARGS__};                 \
        add_file(room, leaves_, sizeof(leaves_) / sizeof(*leaves_)); \
    } while (0)

/* A file of tests/golden/parquet, whose statistics say that all of its values are null. */
static void add_null_file(struct room *r)
{
    struct err err;
    AUTO(buf) struct buf bytes = {0};
    const struct pq_limits limits = pq_limits_default();
    uint64_t offset;
    uint32_t len;
    assert_ok(
        file_read("tests/golden/parquet/pyarrow_v1_nulls_all.parquet", 1 << 20, &bytes, &err));
    assert_ok(pq_footer_locate(buf_view(&bytes), bytes.len, &limits, &offset, &len, &err));
    add_pq(r, parse(view_of(bytes.ptr + offset, len), bytes.len));
}

/* With the key "id" and these columns; none: those of the files. */
static enum code resolve_as(struct room *r, struct column_spec *columns, size_t n,
                            const struct schema *served, struct err *err)
{
    static char *key[] = {(char *)"id"};
    const struct table_spec spec = {.key = key, .n_key = 1, .columns = columns, .n_columns = n};
    resolved_done(&r->resolved);
    return resolve_columns(&spec, &r->publication, served, r->files, &r->resolved, err);
}

static enum code resolve(struct room *r, struct err *err)
{
    return resolve_as(r, NULL, 0, NULL, err);
}

static void assert_field(const struct room *r, size_t i, const char *name, enum dtype dtype)
{
    assert_in_range(i, 0, r->resolved.schema.n_fields - 1);
    assert_string_equal(r->resolved.schema.fields[i].name, name);
    assert_string_equal(dtype_name(r->resolved.schema.fields[i].type.dtype), dtype_name(dtype));
}

/* That column `column` of a file fills the field of that name. */
static void assert_filled(const struct room *r, size_t file, const char *name, size_t column)
{
    const struct resolved_file *f = &r->resolved.files[file];
    for (size_t i = 0; i < f->n; i++)
        if (strcmp(r->resolved.schema.fields[f->vectors[i]].name, name) == 0) {
            assert_int_equal(f->columns[i], column);
            return;
        }
    fail_msg("nothing of file %zu fills '%s'", file, name);
}

static void assert_absent(const struct room *r, size_t file, const char *name)
{
    const struct resolved_file *f = &r->resolved.files[file];
    assert_int_equal(f->n + f->n_absent, r->resolved.schema.n_fields);
    for (size_t i = 0; i < f->n_absent; i++)
        if (strcmp(r->resolved.schema.fields[f->absent[i].vector].name, name) == 0)
            return;
    fail_msg("'%s' is not absent in file %zu", name, file);
}

static void columns_of_the_configuration_are_found_by_name(void **state)
{
    (void)state;
    struct err err;
    AUTO(room) struct room r = {0};
    struct column_spec columns[] = {{(char *)"v", type_of(DT_FLOAT64), true},
                                    {(char *)"id", type_of(DT_UTF8), false}};
    FILE_OF(&r, {"other", INT64, NO_ID}, {"id", BYTE_ARRAY, NO_ID}, {"v", FLOAT, NO_ID});
    FILE_OF(&r, {"id", BYTE_ARRAY, NO_ID});
    assert_ok(resolve_as(&r, columns, 2, NULL, &err));
    assert_int_equal(r.resolved.schema.n_fields, 2);
    assert_int_equal(r.resolved.n_files, 2);
    assert_field(&r, 0, "v", DT_FLOAT64);
    assert_field(&r, 1, "id", DT_UTF8);
    assert_int_equal(r.resolved.schema.key[0], 1);
    assert_filled(&r, 0, "v", 2);
    assert_filled(&r, 0, "id", 1);
    assert_filled(&r, 1, "id", 0);
    assert_absent(&r, 1, "v");
}

static void without_a_configuration_files_say_columns_and_the_widest_type(void **state)
{
    (void)state;
    struct err err;
    AUTO(room) struct room r = {0};
    FILE_OF(&r, {"v", INT32, NO_ID}, {"id", INT64, NO_ID});
    FILE_OF(&r, {"id", INT64, NO_ID}, {"new", BOOLEAN, NO_ID}, {"v", INT64, NO_ID});
    assert_ok(resolve(&r, &err));
    assert_int_equal(r.resolved.schema.n_fields, 3);
    assert_field(&r, 0, "v", DT_INT64);
    assert_field(&r, 1, "id", DT_INT64);
    assert_field(&r, 2, "new", DT_BOOL);
    assert_true(r.resolved.schema.fields[0].nullable);
    assert_false(r.resolved.schema.fields[1].nullable);
    assert_filled(&r, 1, "v", 2);
    assert_absent(&r, 0, "new");
    assert_int_equal(r.resolved.n_skipped, 0);
}

static void what_is_missing_is_said_by_file_and_column(void **state)
{
    (void)state;
    struct err err;
    AUTO(room) struct room r = {0};
    struct column_spec columns[] = {{(char *)"id", type_of(DT_INT64), false},
                                    {(char *)"v", type_of(DT_FLOAT32), false},
                                    {(char *)"misspelt", type_of(DT_INT32), true}};
    FILE_OF(&r, {"id", INT64, NO_ID}, {"v", FLOAT, NO_ID});
    assert_fails(resolve_as(&r, columns, 3, NULL, &err), E_INVALID,
                 "file a.parquet has no column 'misspelt', and neither has any other file");
    assert_int_equal(r.resolved.n_files, 0); /* and what was found is gone */
    FILE_OF(&r, {"v", FLOAT, NO_ID});
    assert_fails(resolve_as(&r, columns, 2, NULL, &err), E_INVALID,
                 "file b.parquet has no column 'id'");
    assert_fails(resolve(&r, &err), E_INVALID, "file b.parquet has no column 'id'");
    AUTO(room) struct room other = {0};
    FILE_OF(&other, {"id", INT64, NO_ID});
    assert_fails(resolve_as(&other, columns, 2, NULL, &err), E_INVALID,
                 "file a.parquet has no column 'v', which may not be null");
    AUTO(room) struct room keyless = {0};
    FILE_OF(&keyless, {"v", FLOAT, NO_ID});
    assert_fails(resolve(&keyless, &err), E_INVALID, "file a.parquet has no column 'id'");
}

static void types_that_do_not_go_together_are_said_with_both(void **state)
{
    (void)state;
    struct err err;
    AUTO(room) struct room r = {0};
    struct column_spec columns[] = {{(char *)"id", type_of(DT_INT64), false},
                                    {(char *)"v", type_of(DT_INT32), true}};
    FILE_OF(&r, {"id", INT64, NO_ID}, {"v", INT32, NO_ID});
    FILE_OF(&r, {"id", INT64, NO_ID}, {"v", BYTE_ARRAY, NO_ID});
    assert_fails(resolve_as(&r, columns, 2, NULL, &err), E_INVALID,
                 "file b.parquet, column 'v': expected int32, found utf8");
    assert_fails(resolve(&r, &err), E_INVALID,
                 "file b.parquet, column 'v': expected int32 as in file a.parquet, found utf8");
}

static void what_cannot_be_read_is_left_out_unless_somebody_needs_it(void **state)
{
    (void)state;
    struct err err;
    AUTO(room) struct room r = {0};
    struct column_spec columns[] = {{(char *)"id", type_of(DT_INT64), false},
                                    {(char *)"m", type_of(DT_INT64), true}};
    FILE_OF(&r, {"id", INT64, NO_ID}, {"m", UNREADABLE, NO_ID}, {"_murr_stamp", INT64, NO_ID});
    assert_ok(resolve(&r, &err));
    assert_int_equal(r.resolved.schema.n_fields, 1);
    assert_int_equal(r.resolved.n_skipped, 2);
    assert_non_null(strstr((const char *)r.resolved.skipped.ptr, "m: STRING cannot be in FLOAT"));
    assert_non_null(
        strstr((const char *)r.resolved.skipped.ptr, "; _murr_stamp: its name is reserved"));
    assert_fails(resolve_as(&r, columns, 2, NULL, &err), E_INVALID, "file a.parquet, column 'm': ");
    FILE_OF(&r, {"id", INT64, NO_ID}, {"m", INT64, NO_ID});
    assert_fails(resolve(&r, &err), E_INVALID, "in file b.parquet it can be read");
    AUTO(room) struct room key = {0};
    FILE_OF(&key, {"id", UNREADABLE, NO_ID});
    assert_fails(resolve(&key, &err), E_INVALID, "file a.parquet, column 'id': ");
}

static void a_key_of_a_type_that_no_key_has_is_refused(void **state)
{
    (void)state;
    struct err err;
    AUTO(room) struct room r = {0};
    FILE_OF(&r, {"id", DOUBLE, NO_ID});
    assert_fails(resolve(&r, &err), E_INVALID, "'id'");
}

static void a_file_that_is_null_has_no_say_in_the_type(void **state)
{
    (void)state;
    struct err err;
    AUTO(room) struct room r = {0};
    struct schema served = {0};
    struct column_spec columns[] = {{(char *)"id", type_of(DT_INT64), false},
                                    {(char *)"utf8", type_of(DT_INT32), true}};
    FILE_OF(&r, {"id", INT64, NO_ID}, {"utf8", INT32, NO_ID});
    add_null_file(&r); /* it has no id: fails, but for the type of utf8 alone it would go */
    assert_fails(resolve_as(&r, columns, 2, NULL, &err), E_INVALID, "b.parquet has no column 'id'");
    pq_file_free(r.files[0].pq);
    r.files[0] = r.files[--r.publication.n_data_files]; /* the null file alone, by another key */
    static char *key[] = {(char *)"int64"};
    const struct table_spec spec = {.key = key, .n_key = 1};
    schema_add_plain(&served, view_cstr("utf8"), DT_FLOAT32, true);
    assert_ok(resolve_columns(&spec, &r.publication, NULL, r.files, &r.resolved, &err));
    ptrdiff_t at = schema_find(&r.resolved.schema, view_cstr("utf8"));
    assert_field(&r, (size_t)at, "utf8", DT_UTF8);
    resolved_done(&r.resolved);
    assert_ok(resolve_columns(&spec, &r.publication, &served, r.files, &r.resolved, &err));
    assert_field(&r, (size_t)at, "utf8", DT_FLOAT32); /* as what serves has it */
    schema_done(&served);
}

static void numbers_of_columns_win_over_names(void **state)
{
    (void)state;
    struct err err;
    AUTO(room) struct room r = {0};
    struct publication_field fields[] = {
        {.id = 1, .name = (char *)"id", .type = type_of(DT_INT64)},
        {.id = 7, .name = (char *)"renamed", .type = type_of(DT_INT64)},
        {.id = 9, .name = (char *)"v", .type = type_of(DT_FLOAT32)}};
    r.publication.fields = fields;
    r.publication.n_fields = 3;
    FILE_OF(&r, {"id", INT64, 1}, {"before", INT32, 7}, {"v", INT32, 8}); /* 8 was dropped */
    FILE_OF(&r, {"v", FLOAT, 9}, {"renamed", INT64, 7}, {"id", INT64, 1});
    FILE_OF(&r, {"v", FLOAT, NO_ID}, {"id", INT64, NO_ID}); /* by a writer without numbers */
    assert_ok(resolve(&r, &err));
    assert_int_equal(r.resolved.schema.n_fields, 3);
    assert_filled(&r, 0, "renamed", 1);
    assert_absent(&r, 0, "v");
    assert_filled(&r, 1, "renamed", 1);
    assert_filled(&r, 1, "v", 0);
    assert_filled(&r, 2, "v", 0);
    assert_absent(&r, 2, "renamed");
    ptrdiff_t at = schema_find(&r.resolved.schema, view_cstr("renamed"));
    assert_field(&r, (size_t)at, "renamed", DT_INT64);
    FILE_OF(&r, {"id", INT64, 1}, {"x", FLOAT, 9}, {"y", FLOAT, 9});
    assert_fails(resolve(&r, &err), E_INVALID, "file d.parquet: column 'v' is there twice");
}

static void numbers_without_a_publication_that_knows_them_count_for_nothing(void **state)
{
    (void)state;
    struct err err;
    AUTO(room) struct room r = {0};
    FILE_OF(&r, {"id", INT64, 1}, {"a", INT32, 7});
    FILE_OF(&r, {"id", INT64, 1}, {"b", INT32, 7});
    assert_ok(resolve(&r, &err));
    assert_int_equal(r.resolved.schema.n_fields, 3);
}

static void int96_is_read_in_the_unit_that_is_wanted(void **state)
{
    (void)state;
    AUTO(room) struct room r = {0};
    FILE_OF(&r, {"id", INT64, NO_ID}, {"at", INT96, NO_ID});
    struct type wanted = type_of(DT_TIMESTAMP);
    const struct pq_column *at = pq_file_column(r.files[0].pq, 1);
    for (enum time_unit unit = UNIT_S; unit <= UNIT_NS; unit++) {
        wanted.unit = unit;
        assert_int_equal(resolve_read_type(at, &wanted).unit, unit);
    }
    wanted = type_of(DT_UTF8);
    assert_int_equal(resolve_read_type(at, &wanted).dtype, DT_TIMESTAMP);
    wanted = type_of(DT_INT32);
    assert_int_equal(resolve_read_type(pq_file_column(r.files[0].pq, 0), &wanted).dtype, DT_INT64);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_of_the_configuration_are_found_by_name),
        cmocka_unit_test(without_a_configuration_files_say_columns_and_the_widest_type),
        cmocka_unit_test(what_is_missing_is_said_by_file_and_column),
        cmocka_unit_test(types_that_do_not_go_together_are_said_with_both),
        cmocka_unit_test(what_cannot_be_read_is_left_out_unless_somebody_needs_it),
        cmocka_unit_test(a_key_of_a_type_that_no_key_has_is_refused),
        cmocka_unit_test(a_file_that_is_null_has_no_say_in_the_type),
        cmocka_unit_test(numbers_of_columns_win_over_names),
        cmocka_unit_test(numbers_without_a_publication_that_knows_them_count_for_nothing),
        cmocka_unit_test(int96_is_read_in_the_unit_that_is_wanted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
