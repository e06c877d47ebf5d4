/* libmurr, through include/murr.h alone: what a program that embeds it may rely on. */
#include "murr.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "library_world.h"

/* ------------------------------------------------------------------------------ rows come back */

static void what_was_written_is_read(void **state)
{
    (void)state;
    library_create("t");
    assert_murr(library_write(library.db, "t", 10, 200, 0.5f, library_error));
    assert_rows(library.db, "t", 10, 200, 0.5f);
    assert_absent(library.db, "t", 9);
    assert_int_equal(library_count(library.db, "t"), 200);
    library_reopen(NULL);
    assert_rows(library.db, "t", 10, 200, 0.5f);
    library_reopen(&(struct murr_options){.size = sizeof(struct murr_options),
                                          .flags = MURR_IN_MEMORY,
                                          .threads = 2,
                                          .memory_bytes = 16u << 20});
    assert_rows(library.db, "t", 10, 200, 0.5f);
    assert_int_equal(library_count(library.db, "t"), 200);
}

static void columns_come_as_they_were_asked_for(void **state)
{
    (void)state;
    struct arrow_rows b;
    struct arrow_found f;
    library_create("t");
    assert_murr(library_write(library.db, "t", 0, 3, 1, library_error));
    arrow_rows_init(&b, 0, 3, 0);
    const char *const columns[] = {"visits", "id"};
    assert_murr(murr_read(library.db, "t", &b.columns[0], &b.fields[0], columns, 2, &f.array,
                          &f.schema, library_error));
    assert_string_equal(f.schema.format, "+s");
    assert_string_equal(f.schema.children[0]->name, "visits");
    assert_string_equal(f.schema.children[0]->format, "l");
    assert_string_equal(f.schema.children[1]->name, "id");
    assert_string_equal(f.schema.children[1]->format, "u");
    assert_memory_equal(f.array.children[1]->buffers[2], "000000000100002", 15);
    arrow_found_done(&f);
}

static void rows_of_keys_that_exist_say_which(void **state)
{
    (void)state;
    struct arrow_rows b;
    struct arrow_found f;
    library_create("t");
    assert_murr(library_write(library.db, "t", 2, 1, 7, library_error));
    assert_murr(library_write(library.db, "t", 4, 1, 8, library_error));
    arrow_rows_init(&b, 0, 6, 0);
    assert_murr(murr_read_found(library.db, "t", &b.columns[0], &b.fields[0],
                                (const char *const[]){"score"}, 1, &f.array, &f.schema,
                                library_error));
    assert_int_equal(f.array.length, 2);
    assert_int_equal(f.array.n_children, 2);
    assert_string_equal(f.schema.children[0]->name, "_idx");
    const uint32_t *positions = f.array.children[0]->buffers[1];
    assert_true(positions[0] == 2 && positions[1] == 4);
    assert_true(arrow_score_at(&f, 1, 0) == 7 && arrow_score_at(&f, 1, 1) == 8);
    arrow_found_done(&f);
}

static void a_row_is_replaced_whole(void **state)
{
    (void)state;
    struct arrow_rows b;
    struct arrow_found f;
    library_create("t");
    assert_murr(library_write(library.db, "t", 0, 2, 1, library_error));
    arrow_rows_init(&b, 1, 1, 5);
    b.schema.n_children = b.array.n_children = 2; /* without visits */
    assert_murr(murr_write(library.db, "t", &b.array, &b.schema, library_error));
    assert_rows(library.db, "t", 0, 1, 1);
    assert_murr(library_read(library.db, "t", 1, 1, &f, library_error));
    assert_true(arrow_score_at(&f, 0, 0) == 5 && arrow_is_null(f.array.children[1], 0));
    arrow_found_done(&f);
    assert_int_equal(library_count(library.db, "t"), 2);
}

static void slices_are_read_from_where_they_begin(void **state)
{
    (void)state;
    struct arrow_rows b;
    struct arrow_found f;
    library_create("t");
    arrow_rows_init(&b, 0, 10, 0);
    b.array.offset = 3; /* of the batch, and of a column of its own */
    b.array.length = 4;
    b.columns[1].offset = 2;
    b.columns[1].length = 8;
    assert_murr(murr_write(library.db, "t", &b.array, &b.schema, library_error));
    assert_int_equal(library_count(library.db, "t"), 4);
    arrow_rows_init(&b, 0, 10, 0);
    b.columns[0].offset = 2;
    b.columns[0].length = 3;
    assert_murr(murr_read(library.db, "t", &b.columns[0], &b.fields[0], NULL, 0, &f.array,
                          &f.schema, library_error));
    assert_int_equal(f.array.length, 3);
    assert_true(arrow_is_null(f.array.children[0], 0));
    assert_true(arrow_score_at(&f, 0, 1) == 5 && arrow_score_at(&f, 0, 2) == 6);
    arrow_found_done(&f);
}

static void nothing_is_written_and_read_as_well(void **state)
{
    (void)state;
    struct arrow_found f;
    library_create("t");
    assert_murr(library_write(library.db, "t", 0, 0, 0, library_error));
    assert_int_equal(library_count(library.db, "t"), 0);
    assert_murr(library_read(library.db, "t", 0, 0, &f, library_error));
    assert_int_equal(f.array.length, 0);
    assert_int_equal(f.array.n_children, 2);
    arrow_found_done(&f);
    assert_absent(library.db, "t", 1);
}

static void keys_of_two_columns_are_batches(void **state)
{
    (void)state;
    struct arrow_rows b;
    struct arrow_found f;
    arrow_rows_init(&b, 0, 3, 0.5f);
    const char *const key[] = {"visits", "id"};
    assert_murr(murr_create(library.db, "t", &b.schema, key, 2, library_error));
    assert_murr(murr_write(library.db, "t", &b.array, &b.schema, library_error));
    assert_murr_fails(murr_read(library.db, "t", &b.columns[0], &b.fields[0], NULL, 0, &f.array,
                                &f.schema, library_error),
                      MURR_INVALID, "not that of a record batch");
    b.column_list[1] = &b.columns[2];
    b.field_list[1] = &b.fields[2];
    b.array.n_children = b.schema.n_children = 2;
    b.visits[1] = 77;
    assert_murr(murr_read(library.db, "t", &b.array, &b.schema, NULL, 0, &f.array, &f.schema,
                          library_error));
    assert_int_equal(f.array.n_children, 1);
    assert_true(arrow_score_at(&f, 0, 0) == 0.5f && arrow_score_at(&f, 0, 2) == 2.5f);
    assert_true(arrow_is_null(f.array.children[0], 1));
    arrow_found_done(&f);
}

static void deleted_rows_are_gone(void **state)
{
    (void)state;
    struct arrow_rows b;
    library_create("t");
    assert_murr(library_write(library.db, "t", 0, 5, 1, library_error));
    arrow_rows_init(&b, 3, 4, 0); /* two of them are none */
    assert_murr(murr_delete(library.db, "t", &b.columns[0], &b.fields[0], library_error));
    assert_int_equal(library_count(library.db, "t"), 3);
    assert_absent(library.db, "t", 3);
    assert_murr(murr_compact(library.db, "t", library_error));
    assert_absent(library.db, "t", 4);
    assert_rows(library.db, "t", 0, 3, 1);
    assert_murr(library_write(library.db, "t", 3, 1, 9, library_error));
    assert_rows(library.db, "t", 3, 1, 9);
}

/* -------------------------------------------------------------------------------------- streams */

/* A stream of two batches, which may fail instead of the second. */
struct two {
    struct arrow_rows *batches;
    int n_given;
    bool fails;
};

static unsigned n_released;

static void release_given(struct ArrowArray *a)
{
    a->release = NULL;
    n_released++;
}

static int get_schema(struct ArrowArrayStream *s, struct ArrowSchema *out)
{
    *out = ((struct two *)s->private_data)->batches[0].schema;
    return 0;
}

static int get_next(struct ArrowArrayStream *s, struct ArrowArray *out)
{
    struct two *t = s->private_data;
    if (t->fails && t->n_given == 1)
        return EIO;
    *out = (struct ArrowArray){0};
    if (t->n_given < 2) {
        *out = t->batches[t->n_given++].array;
        out->release = release_given;
    }
    return 0;
}

static const char *get_last_error(struct ArrowArrayStream *s)
{
    (void)s;
    return "the tape is torn";
}

static void keep_stream(struct ArrowArrayStream *s)
{
    s->release = NULL;
}

static void a_stream_is_one_write(void **state)
{
    (void)state;
    static struct arrow_rows batches[2];
    struct two two = {.batches = batches};
    struct ArrowArrayStream stream = {get_schema, get_next, get_last_error, keep_stream, &two};
    library_create("t");
    arrow_rows_init(&batches[0], 0, 100, 0);
    arrow_rows_init(&batches[1], 100, 50, 100);
    n_released = 0;
    assert_murr(murr_write_stream(library.db, "t", &stream, library_error));
    assert_int_equal(n_released, 2);
    assert_ptr_equal(stream.release, keep_stream);
    assert_int_equal(library_count(library.db, "t"), 150);
    assert_rows(library.db, "t", 0, 150, 0);

    two.n_given = 0;
    arrow_rows_init(&batches[0], 1000, 10, 0);
    arrow_rows_init(&batches[1], 1010, 10, 0);
    batches[1].ends[3] = -1; /* found when it is read: nothing of the first may stay */
    assert_murr_fails(murr_write_stream(library.db, "t", &stream, library_error), MURR_INVALID,
                      "'id'");
    assert_int_equal(library_count(library.db, "t"), 150);
    assert_int_equal(n_released, 4);

    two = (struct two){batches, 0, true};
    assert_murr_fails(murr_write_stream(library.db, "t", &stream, library_error), MURR_INVALID,
                      "the tape is torn");
    assert_int_equal(n_released, 5);
    assert_absent(library.db, "t", 1000);
    stream.release = NULL;
    assert_murr_fails(murr_write_stream(library.db, "t", &stream, library_error), MURR_INVALID,
                      "released");
}

/* --------------------------------------------------------------------------------------- tables */

static void tables_are_listed_described_and_dropped(void **state)
{
    (void)state;
    char **names, **key;
    size_t n;
    struct ArrowSchema schema;
    assert_murr(murr_list(library.db, &names, &n, library_error));
    assert_int_equal(n, 0);
    murr_free(names);
    library_create("a");
    library_create("b");
    assert_murr(murr_list(library.db, &names, &n, library_error));
    assert_int_equal(n, 2);
    assert_string_equal(names[0], "a");
    assert_string_equal(names[1], "b");
    murr_free(names);
    assert_murr(murr_schema(library.db, "b", &schema, &key, &n, library_error));
    assert_int_equal(n, 1);
    assert_string_equal(key[0], "id");
    murr_free(key);
    assert_int_equal(schema.n_children, 3);
    assert_int_equal(schema.children[0]->flags, 0); /* a key is never null */
    assert_int_equal(schema.children[1]->flags, ARROW_FLAG_NULLABLE);
    assert_string_equal(schema.children[2]->format, "l");
    assert_murr(
        murr_create(library.db, "c", &schema, (const char *const[]){"id"}, 1, library_error));
    schema.release(&schema);
    assert_murr(murr_drop(library.db, "a", library_error));
    assert_murr_fails(murr_drop(library.db, "a", library_error), MURR_NOT_FOUND, "'a'");
    assert_murr_fails(library_write(library.db, "a", 0, 1, 0, library_error), MURR_NOT_FOUND,
                      "'a'");
    library_create("a"); /* another one */
    assert_int_equal(library_count(library.db, "a"), 0);
}

static void what_cannot_be_a_table_is_refused(void **state)
{
    (void)state;
    struct arrow_rows b;
    const char *const key[] = {"id", "nobody"};
    arrow_rows_init(&b, 0, 0, 0);
    library_create("t");
    assert_murr_fails(murr_create(library.db, "t", &b.schema, key, 1, library_error), MURR_EXISTS,
                      "'t'");
    assert_murr_fails(murr_create(library.db, "../t", &b.schema, key, 1, library_error),
                      MURR_INVALID, "../t");
    assert_murr_fails(murr_create(library.db, "u", &b.schema, key, 2, library_error), MURR_INVALID,
                      "nobody");
    assert_murr_fails(murr_create(library.db, "u", &b.schema, key, 0, library_error), MURR_INVALID,
                      "key");
    assert_murr_fails(murr_create(library.db, "u", &b.fields[0], key, 1, library_error),
                      MURR_INVALID, "+s");
    b.fields[1].name = "_idx";
    assert_murr_fails(murr_create(library.db, "u", &b.schema, key, 1, library_error), MURR_INVALID,
                      "reserved");
    arrow_rows_init_schema(&b);
    b.fields[1].format = "tiM";
    assert_murr_fails(murr_create(library.db, "u", &b.schema, key, 1, library_error), MURR_INVALID,
                      "interval");
    b.fields[1].format = "n";
    assert_murr_fails(murr_create(library.db, "u", &b.schema, key, 1, library_error), MURR_INVALID,
                      "null");
    b.schema.release = NULL;
    assert_murr_fails(murr_create(library.db, "u", &b.schema, key, 1, library_error), MURR_INVALID,
                      "released");
}

/* --------------------------------------------------------------------------------------- errors */

static void writes_that_are_wrong_leave_nothing(void **state)
{
    (void)state;
    struct arrow_rows b;
    uint8_t first_is_null = 0xfe;
    library_create("t");
    arrow_rows_init(&b, 0, 3, 0);
    b.fields[1].format = "u"; /* a text where a float should be */
    b.buffers[1][2] = b.ids;
    b.buffers[1][1] = b.ends;
    b.columns[1].n_buffers = 3;
    assert_murr_fails(murr_write(library.db, "t", &b.array, &b.schema, library_error), MURR_INVALID,
                      "column 'score': expected float32, found utf8");
    arrow_rows_init(&b, 0, 3, 0);
    b.buffers[0][0] = &first_is_null;
    b.columns[0].null_count = 1;
    assert_murr_fails(murr_write(library.db, "t", &b.array, &b.schema, library_error), MURR_INVALID,
                      "null");
    arrow_rows_init(&b, 0, 3, 0);
    b.array.release = NULL;
    assert_murr_fails(murr_write(library.db, "t", &b.array, &b.schema, library_error), MURR_INVALID,
                      "released");
    arrow_rows_init(&b, 0, 3, 0);
    b.columns[2].length = 2;
    assert_murr_fails(murr_write(library.db, "t", &b.array, &b.schema, library_error), MURR_INVALID,
                      "'visits'");
    assert_int_equal(library_count(library.db, "t"), 0);
}

static void reads_that_are_wrong_say_why(void **state)
{
    (void)state;
    struct arrow_rows b;
    struct arrow_found f = {0};
    library_create("t");
    arrow_rows_init(&b, 0, 3, 0);
    assert_murr_fails(murr_read(library.db, "t", &b.columns[0], &b.fields[0],
                                (const char *const[]){"scor"}, 1, &f.array, &f.schema,
                                library_error),
                      MURR_INVALID, "score");
    assert_murr_fails(murr_read(library.db, "t", &b.columns[2], &b.fields[2], NULL, 0, &f.array,
                                &f.schema, library_error),
                      MURR_INVALID, "column 'id' of the Arrow batch is int64, the key is utf8");
    assert_murr_fails(murr_read(library.db, "t", &b.array, &b.schema, NULL, 0, &f.array, &f.schema,
                                library_error),
                      MURR_INVALID, "'score' of the Arrow batch is not a key column");
    assert_murr_fails(library_read(library.db, "u", 0, 1, &f, library_error), MURR_NOT_FOUND,
                      "'u'");
    assert_null(f.array.release);
    assert_null(f.schema.release);
}

static void null_arguments_are_invalid(void **state)
{
    (void)state;
    struct arrow_rows b;
    struct arrow_found f;
    struct murr *db = library.db;
    char **names;
    size_t n;
    library_create("t");
    arrow_rows_init(&b, 0, 1, 0);
#define assert_null_refused(expr, name) assert_murr_fails(expr, MURR_INVALID, name " is NULL")
    assert_null_refused(murr_open(NULL, NULL, &db, library_error), "data_dir");
    assert_null_refused(murr_open(library.dir, NULL, NULL, library_error), "out_db");
    assert_null_refused(murr_create(NULL, "t", &b.schema, NULL, 0, library_error), "db");
    assert_null_refused(murr_create(db, NULL, &b.schema, NULL, 0, library_error), "table");
    assert_null_refused(murr_create(db, "u", NULL, NULL, 0, library_error), "schema");
    assert_null_refused(murr_create(db, "u", &b.schema, NULL, 1, library_error), "key");
    assert_null_refused(
        murr_create(db, "u", &b.schema, (const char *const[]){NULL}, 1, library_error),
        "of the key");
    assert_null_refused(murr_drop(db, NULL, library_error), "table");
    assert_null_refused(murr_list(NULL, &names, &n, library_error), "db");
    assert_null_refused(murr_list(db, NULL, &n, library_error), "out_names");
    assert_null_refused(murr_schema(db, "t", NULL, &names, &n, library_error), "out_schema");
    assert_null_refused(murr_count(db, "t", NULL, library_error), "out_n_rows");
    assert_null_refused(murr_count(NULL, "t", NULL, library_error), "");
    assert_null_refused(murr_write(db, "t", NULL, &b.schema, library_error), "rows");
    assert_null_refused(murr_write(db, "t", &b.array, NULL, library_error), "schema");
    assert_null_refused(murr_write_stream(db, "t", NULL, library_error), "rows");
    assert_null_refused(murr_delete(db, "t", NULL, &b.schema, library_error), "keys");
    assert_null_refused(murr_compact(NULL, "t", library_error), "db");
    assert_null_refused(
        murr_read(db, "t", NULL, &b.schema, NULL, 0, &f.array, &f.schema, library_error), "keys");
    assert_null_refused(
        murr_read(db, "t", &b.array, NULL, NULL, 0, &f.array, &f.schema, library_error),
        "keys_schema");
    assert_null_refused(murr_read(db, "t", &b.columns[0], &b.fields[0], NULL, 1, &f.array,
                                  &f.schema, library_error),
                        "columns");
    assert_null_refused(
        murr_read(db, "t", &b.columns[0], &b.fields[0], NULL, 0, NULL, &f.schema, library_error),
        "out_rows");
    assert_int_equal(murr_drop(db, "nobody", NULL), MURR_NOT_FOUND); /* without a sentence */
    murr_close(NULL);
    murr_free(NULL);
    murr_refresh(NULL);
}

/* Pointers inside of what is given, too. */
static void null_parts_are_invalid(void **state)
{
    (void)state;
    struct arrow_rows b;
    library_create("t");
#define assert_part_refused(part, text)                                                    \
    do {                                                                                   \
        arrow_rows_init(&b, 0, 1, 0);                                                      \
        part = NULL;                                                                       \
        assert_murr_fails(murr_write(library.db, "t", &b.array, &b.schema, library_error), \
                          MURR_INVALID, text);                                             \
    } while (0)
    assert_part_refused(b.schema.children, "lacks a child");
    assert_part_refused(b.field_list[1], "lacks a child");
    assert_part_refused(b.array.children, "children");
    assert_part_refused(b.column_list[1], "column 'score' of the Arrow batch: is missing");
    assert_part_refused(b.columns[0].buffers, "column 'id' of the Arrow batch: buffer 1");
    arrow_rows_init(&b, 0, 1, 0);
    b.array.buffers = NULL; /* of a batch there is only the validity */
    b.array.null_count = -1;
    assert_murr(murr_write(library.db, "t", &b.array, &b.schema, library_error));
}

static void options_that_are_not_known_are_refused(void **state)
{
    (void)state;
    struct murr *db = NULL;
    struct {
        struct murr_options known;
        uint64_t later;
    } o = {.known = {.size = 0}};
    assert_murr_fails(murr_open(library.dir, &o.known, &db, library_error), MURR_INVALID,
                      "options.size");
    o.known = (struct murr_options){.size = sizeof(o.known), .flags = 1u << 30};
    assert_murr_fails(murr_open(library.dir, &o.known, &db, library_error), MURR_INVALID,
                      "options.flags");
    o.known = (struct murr_options){.size = sizeof(o.known), .memory_bytes = 1};
    assert_murr_fails(murr_open(library.dir, &o.known, &db, library_error), MURR_INVALID,
                      "memory_bytes");
    o.known = (struct murr_options){.size = sizeof(o.known), .threads = 1000000};
    assert_murr_fails(murr_open(library.dir, &o.known, &db, library_error), MURR_INVALID,
                      "threads");
    o.known = (struct murr_options){.size = sizeof(o), .flags = MURR_READ_ONLY};
    o.later = 1;
    assert_murr_fails(murr_open(library.dir, &o.known, &db, library_error), MURR_INVALID,
                      "does not know");
    assert_null(db);
    o.later = 0; /* a later program that asks for nothing new */
    assert_murr(murr_open(library.dir, &o.known, &db, library_error));
    murr_close(db);
}

static void a_full_quota_is_said(void **state)
{
    (void)state;
    library_create("t");
    assert_murr(library_write(library.db, "t", 0, 10, 0, library_error));
    library_reopen(&(struct murr_options){.size = sizeof(struct murr_options), .disk_bytes = 1});
    assert_murr_fails(library_write(library.db, "t", 10, 10, 0, library_error), MURR_NO_SPACE, "");
    assert_true(library_error[0]);
    assert_rows(library.db, "t", 0, 10, 0);
}

/* ------------------------------------------------------------------------------------ read-only */

static void a_reader_sees_a_table_as_it_was_until_it_refreshes(void **state)
{
    (void)state;
    char **names;
    size_t n;
    library_create("t");
    library_create("u");
    assert_murr(library_write(library.db, "t", 0, 1, 1, library_error));
    struct murr *db = library_open_read_only(); /* beside the one that writes */
    assert_rows(db, "t", 0, 1, 1);
    assert_murr(library_write(library.db, "t", 0, 2, 2, library_error));
    assert_murr(library_write(library.db, "u", 0, 1, 3, library_error));
    assert_rows(db, "t", 0, 1, 1);
    assert_absent(db, "t", 1);
    assert_rows(db, "u", 0, 1, 3); /* its first use is now */
    assert_murr(murr_drop(library.db, "u", library_error));
    assert_rows(db, "u", 0, 1, 3);
    murr_refresh(db);
    assert_rows(db, "t", 0, 2, 2);
    assert_int_equal(library_count(db, "t"), 2);
    assert_murr_fails(library_write(db, "t", 0, 1, 0, library_error), MURR_INVALID, "read-only");
    assert_murr_fails(murr_drop(db, "t", library_error), MURR_INVALID, "read-only");
    struct arrow_found f;
    assert_murr_fails(library_read(db, "u", 0, 1, &f, library_error), MURR_NOT_FOUND, "'u'");
    char path[128]; /* which is there, but is no name */
    snprintf(path, sizeof(path), "../%s/t", strrchr(library.dir, '/') + 1);
    assert_murr_fails(library_read(db, path, 0, 1, &f, library_error), MURR_NOT_FOUND, path);
    snprintf(path, sizeof(path), "%s/of_somebody_else", library.dir);
    assert_int_equal(mkdir(path, 0755), 0);
    assert_murr(murr_list(db, &names, &n, library_error));
    assert_int_equal(n, 1);
    assert_string_equal(names[0], "t");
    murr_free(names);
    murr_close(db);
}

static void read_only_makes_and_mends_nothing(void **state)
{
    (void)state;
    char path[128];
    struct murr *db = NULL;
    struct arrow_found f;
    const struct murr_options options = {.size = sizeof(options), .flags = MURR_READ_ONLY};
    snprintf(path, sizeof(path), "%s/missing", library.dir);
    assert_murr_fails(murr_open(path, &options, &db, library_error), MURR_NOT_FOUND, path);
    assert_int_equal(access(path, F_OK), -1);
    library_create("t");
    for (int i = 0; i < 2; i++) {
        snprintf(path, sizeof(path), "%s/t/manifest.json%s", library.dir, i ? ".copy" : "");
        FILE *manifest = fopen(path, "w");
        assert_non_null(manifest);
        fputs("{", manifest);
        fclose(manifest);
    }
    db = library_open_read_only();
    assert_murr_fails(library_read(db, "t", 0, 1, &f, library_error), MURR_CORRUPT, "manifest");
    murr_close(db);
}

/* -------------------------------------------------------------------------------------- results */

static void results_outlive_the_db(void **state)
{
    (void)state;
    struct arrow_found f;
    library_create("t");
    assert_murr(library_write(library.db, "t", 0, 100, 0.5f, library_error));
    assert_murr(library_read(library.db, "t", 0, 100, &f, library_error));
    assert_murr(murr_drop(library.db, "t", library_error));
    murr_close(library.db);
    library.db = NULL;
    struct ArrowArray moved = *f.array.children[0]; /* as the interface lets consumers do */
    f.array.children[0]->release = NULL;
    f.array.release(&f.array);
    assert_null(f.array.release);
    assert_string_equal(f.schema.children[0]->name, "score");
    f.schema.release(&f.schema);
    for (int i = 0; i < 100; i++)
        assert_true(((const float *)moved.buffers[1])[i] == 0.5f + (float)i);
    void (*release)(struct ArrowArray *) = moved.release;
    moved.release(&moved);
    assert_null(moved.release);
    release(&moved); /* once more does nothing */
}

/* ------------------------------------------------------------------------------------- version */

static void the_version_is_said(void **state)
{
    (void)state;
    assert_true(strlen(murr_version()) > 0);
}

#define test(name) cmocka_unit_test_setup_teardown(name, library_begin, library_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(what_was_written_is_read),
        test(columns_come_as_they_were_asked_for),
        test(rows_of_keys_that_exist_say_which),
        test(a_row_is_replaced_whole),
        test(slices_are_read_from_where_they_begin),
        test(nothing_is_written_and_read_as_well),
        test(keys_of_two_columns_are_batches),
        test(deleted_rows_are_gone),
        test(a_stream_is_one_write),
        test(tables_are_listed_described_and_dropped),
        test(what_cannot_be_a_table_is_refused),
        test(writes_that_are_wrong_leave_nothing),
        test(reads_that_are_wrong_say_why),
        test(null_arguments_are_invalid),
        test(null_parts_are_invalid),
        test(options_that_are_not_known_are_refused),
        test(a_full_quota_is_said),
        test(a_reader_sees_a_table_as_it_was_until_it_refreshes),
        test(read_only_makes_and_mends_nothing),
        test(results_outlive_the_db),
        test(the_version_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
