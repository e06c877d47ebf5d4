/* libmurr, through include/murr.h alone: what a program that embeds it may rely on. */
#include "murr.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "arrow_rows.h"
#include "test.h"

/* -------------------------------------------------------------------------------------- helpers */

static char error[MURR_ERROR_BYTES];

#define assert_murr(expr)                                    \
    do {                                                     \
        enum murr_result rc_ = (expr);                       \
        if (rc_)                                             \
            fail_msg("%s: %s (%d)", #expr, error, (int)rc_); \
    } while (0)

#define assert_murr_fails(expr, wanted, text)                              \
    do {                                                                   \
        error[0] = '\0';                                                   \
        assert_int_equal(expr, wanted);                                    \
        if (!strstr(error, (text)))                                        \
            fail_msg("message \"%s\" does not say \"%s\"", error, (text)); \
    } while (0)

static struct {
    char dir[64];
    struct murr *db;
} world;

static int begin(void **state)
{
    (void)state;
    strcpy(world.dir, "/tmp/murr-library-XXXXXX");
    if (!mkdtemp(world.dir))
        return -1;
    return murr_open(world.dir, NULL, &world.db, error);
}

static int end(void **state)
{
    char command[128];
    (void)state;
    murr_close(world.db);
    snprintf(command, sizeof(command), "rm -rf %s", world.dir);
    return system(command);
}

static void create(const char *table)
{
    struct arrow_rows b;
    arrow_rows_init(&b, 0, 0, 0);
    assert_murr(murr_create(world.db, table, &b.schema, (const char *const[]){"id"}, 1, error));
}

static enum murr_result write_rows(struct murr *db, const char *table, int first, int n,
                                   float score, char *message)
{
    struct arrow_rows b;
    arrow_rows_init(&b, first, n, score);
    enum murr_result rc = murr_write(db, table, &b.array, &b.schema, message);
    assert_ptr_equal(b.array.release, arrow_keep_array); /* borrowed, whatever happens */
    assert_ptr_equal(b.schema.release, arrow_keep_schema);
    return rc;
}

/* All columns but the key, of keys that are ids in a row. */
static enum murr_result read_rows(struct murr *db, const char *table, int first, int n,
                                  struct arrow_found *out, char *message)
{
    struct arrow_rows b;
    arrow_rows_init(&b, first, n, 0);
    enum murr_result rc = murr_read(db, table, &b.columns[0], &b.fields[0], NULL, 0, &out->array,
                                    &out->schema, message);
    assert_ptr_equal(b.columns[0].release, arrow_keep_array);
    return rc;
}

static void assert_rows(struct murr *db, const char *table, int first, int n, float score)
{
    struct arrow_found f;
    assert_murr(read_rows(db, table, first, n, &f, error));
    assert_int_equal(f.array.length, n);
    for (int i = 0; i < n; i++) {
        assert_false(arrow_is_null(f.array.children[0], i));
        assert_true(arrow_score_at(&f, 0, i) == score + (float)i);
        assert_int_equal(((const int64_t *)f.array.children[1]->buffers[1])[i], first + i);
    }
    arrow_found_done(&f);
}

static void assert_absent(struct murr *db, const char *table, int id)
{
    struct arrow_found f;
    assert_murr(read_rows(db, table, id, 1, &f, error));
    assert_true(arrow_is_null(f.array.children[0], 0) && arrow_is_null(f.array.children[1], 0));
    arrow_found_done(&f);
}

static uint64_t count(struct murr *db, const char *table)
{
    uint64_t n;
    assert_murr(murr_count(db, table, &n, error));
    return n;
}

static struct murr *open_read_only(void)
{
    const struct murr_options options = {.size = sizeof(options), .flags = MURR_READ_ONLY};
    struct murr *db;
    assert_murr(murr_open(world.dir, &options, &db, error));
    return db;
}

static void reopen(const struct murr_options *options)
{
    murr_close(world.db);
    world.db = NULL;
    assert_murr(murr_open(world.dir, options, &world.db, error));
}

/* ------------------------------------------------------------------------------ rows come back */

static void what_was_written_is_read(void **state)
{
    (void)state;
    create("t");
    assert_murr(write_rows(world.db, "t", 10, 200, 0.5f, error));
    assert_rows(world.db, "t", 10, 200, 0.5f);
    assert_absent(world.db, "t", 9);
    assert_int_equal(count(world.db, "t"), 200);
    reopen(NULL);
    assert_rows(world.db, "t", 10, 200, 0.5f);
    reopen(&(struct murr_options){.size = sizeof(struct murr_options),
                                  .flags = MURR_IN_MEMORY,
                                  .threads = 2,
                                  .memory_bytes = 16u << 20});
    assert_rows(world.db, "t", 10, 200, 0.5f);
    assert_int_equal(count(world.db, "t"), 200);
}

static void columns_come_as_they_were_asked_for(void **state)
{
    (void)state;
    struct arrow_rows b;
    struct arrow_found f;
    create("t");
    assert_murr(write_rows(world.db, "t", 0, 3, 1, error));
    arrow_rows_init(&b, 0, 3, 0);
    const char *const columns[] = {"visits", "id"};
    assert_murr(murr_read(world.db, "t", &b.columns[0], &b.fields[0], columns, 2, &f.array,
                          &f.schema, error));
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
    create("t");
    assert_murr(write_rows(world.db, "t", 2, 1, 7, error));
    assert_murr(write_rows(world.db, "t", 4, 1, 8, error));
    arrow_rows_init(&b, 0, 6, 0);
    assert_murr(murr_read_found(world.db, "t", &b.columns[0], &b.fields[0],
                                (const char *const[]){"score"}, 1, &f.array, &f.schema, error));
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
    create("t");
    assert_murr(write_rows(world.db, "t", 0, 2, 1, error));
    arrow_rows_init(&b, 1, 1, 5);
    b.schema.n_children = b.array.n_children = 2; /* without visits */
    assert_murr(murr_write(world.db, "t", &b.array, &b.schema, error));
    assert_rows(world.db, "t", 0, 1, 1);
    assert_murr(read_rows(world.db, "t", 1, 1, &f, error));
    assert_true(arrow_score_at(&f, 0, 0) == 5 && arrow_is_null(f.array.children[1], 0));
    arrow_found_done(&f);
    assert_int_equal(count(world.db, "t"), 2);
}

static void slices_are_read_from_where_they_begin(void **state)
{
    (void)state;
    struct arrow_rows b;
    struct arrow_found f;
    create("t");
    arrow_rows_init(&b, 0, 10, 0);
    b.array.offset = 3; /* of the batch, and of a column of its own */
    b.array.length = 4;
    b.columns[1].offset = 2;
    b.columns[1].length = 8;
    assert_murr(murr_write(world.db, "t", &b.array, &b.schema, error));
    assert_int_equal(count(world.db, "t"), 4);
    arrow_rows_init(&b, 0, 10, 0);
    b.columns[0].offset = 2;
    b.columns[0].length = 3;
    assert_murr(
        murr_read(world.db, "t", &b.columns[0], &b.fields[0], NULL, 0, &f.array, &f.schema, error));
    assert_int_equal(f.array.length, 3);
    assert_true(arrow_is_null(f.array.children[0], 0));
    assert_true(arrow_score_at(&f, 0, 1) == 5 && arrow_score_at(&f, 0, 2) == 6);
    arrow_found_done(&f);
}

static void nothing_is_written_and_read_as_well(void **state)
{
    (void)state;
    struct arrow_found f;
    create("t");
    assert_murr(write_rows(world.db, "t", 0, 0, 0, error));
    assert_int_equal(count(world.db, "t"), 0);
    assert_murr(read_rows(world.db, "t", 0, 0, &f, error));
    assert_int_equal(f.array.length, 0);
    assert_int_equal(f.array.n_children, 2);
    arrow_found_done(&f);
    assert_absent(world.db, "t", 1);
}

static void keys_of_two_columns_are_batches(void **state)
{
    (void)state;
    struct arrow_rows b;
    struct arrow_found f;
    arrow_rows_init(&b, 0, 3, 0.5f);
    const char *const key[] = {"visits", "id"};
    assert_murr(murr_create(world.db, "t", &b.schema, key, 2, error));
    assert_murr(murr_write(world.db, "t", &b.array, &b.schema, error));
    assert_murr_fails(
        murr_read(world.db, "t", &b.columns[0], &b.fields[0], NULL, 0, &f.array, &f.schema, error),
        MURR_INVALID, "not that of a record batch");
    b.column_list[1] = &b.columns[2];
    b.field_list[1] = &b.fields[2];
    b.array.n_children = b.schema.n_children = 2;
    b.visits[1] = 77;
    assert_murr(murr_read(world.db, "t", &b.array, &b.schema, NULL, 0, &f.array, &f.schema, error));
    assert_int_equal(f.array.n_children, 1);
    assert_true(arrow_score_at(&f, 0, 0) == 0.5f && arrow_score_at(&f, 0, 2) == 2.5f);
    assert_true(arrow_is_null(f.array.children[0], 1));
    arrow_found_done(&f);
}

static void deleted_rows_are_gone(void **state)
{
    (void)state;
    struct arrow_rows b;
    create("t");
    assert_murr(write_rows(world.db, "t", 0, 5, 1, error));
    arrow_rows_init(&b, 3, 4, 0); /* two of them are none */
    assert_murr(murr_delete(world.db, "t", &b.columns[0], &b.fields[0], error));
    assert_int_equal(count(world.db, "t"), 3);
    assert_absent(world.db, "t", 3);
    assert_murr(murr_compact(world.db, "t", error));
    assert_absent(world.db, "t", 4);
    assert_rows(world.db, "t", 0, 3, 1);
    assert_murr(write_rows(world.db, "t", 3, 1, 9, error));
    assert_rows(world.db, "t", 3, 1, 9);
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
    create("t");
    arrow_rows_init(&batches[0], 0, 100, 0);
    arrow_rows_init(&batches[1], 100, 50, 100);
    n_released = 0;
    assert_murr(murr_write_stream(world.db, "t", &stream, error));
    assert_int_equal(n_released, 2);
    assert_ptr_equal(stream.release, keep_stream);
    assert_int_equal(count(world.db, "t"), 150);
    assert_rows(world.db, "t", 0, 150, 0);

    two.n_given = 0;
    arrow_rows_init(&batches[0], 1000, 10, 0);
    arrow_rows_init(&batches[1], 1010, 10, 0);
    batches[1].ends[3] = -1; /* found when it is read: nothing of the first may stay */
    assert_murr_fails(murr_write_stream(world.db, "t", &stream, error), MURR_INVALID, "'id'");
    assert_int_equal(count(world.db, "t"), 150);
    assert_int_equal(n_released, 4);

    two = (struct two){batches, 0, true};
    assert_murr_fails(murr_write_stream(world.db, "t", &stream, error), MURR_INVALID,
                      "the tape is torn");
    assert_int_equal(n_released, 5);
    assert_absent(world.db, "t", 1000);
    stream.release = NULL;
    assert_murr_fails(murr_write_stream(world.db, "t", &stream, error), MURR_INVALID, "released");
}

/* --------------------------------------------------------------------------------------- tables */

static void tables_are_listed_described_and_dropped(void **state)
{
    (void)state;
    char **names, **key;
    size_t n;
    struct ArrowSchema schema;
    assert_murr(murr_list(world.db, &names, &n, error));
    assert_int_equal(n, 0);
    murr_free(names);
    create("a");
    create("b");
    assert_murr(murr_list(world.db, &names, &n, error));
    assert_int_equal(n, 2);
    assert_string_equal(names[0], "a");
    assert_string_equal(names[1], "b");
    murr_free(names);
    assert_murr(murr_schema(world.db, "b", &schema, &key, &n, error));
    assert_int_equal(n, 1);
    assert_string_equal(key[0], "id");
    murr_free(key);
    assert_int_equal(schema.n_children, 3);
    assert_int_equal(schema.children[0]->flags, 0); /* a key is never null */
    assert_int_equal(schema.children[1]->flags, ARROW_FLAG_NULLABLE);
    assert_string_equal(schema.children[2]->format, "l");
    assert_murr(murr_create(world.db, "c", &schema, (const char *const[]){"id"}, 1, error));
    schema.release(&schema);
    assert_murr(murr_drop(world.db, "a", error));
    assert_murr_fails(murr_drop(world.db, "a", error), MURR_NOT_FOUND, "'a'");
    assert_murr_fails(write_rows(world.db, "a", 0, 1, 0, error), MURR_NOT_FOUND, "'a'");
    create("a"); /* another one */
    assert_int_equal(count(world.db, "a"), 0);
}

static void what_cannot_be_a_table_is_refused(void **state)
{
    (void)state;
    struct arrow_rows b;
    const char *const key[] = {"id", "nobody"};
    arrow_rows_init(&b, 0, 0, 0);
    create("t");
    assert_murr_fails(murr_create(world.db, "t", &b.schema, key, 1, error), MURR_EXISTS, "'t'");
    assert_murr_fails(murr_create(world.db, "../t", &b.schema, key, 1, error), MURR_INVALID,
                      "../t");
    assert_murr_fails(murr_create(world.db, "u", &b.schema, key, 2, error), MURR_INVALID, "nobody");
    assert_murr_fails(murr_create(world.db, "u", &b.schema, key, 0, error), MURR_INVALID, "key");
    assert_murr_fails(murr_create(world.db, "u", &b.fields[0], key, 1, error), MURR_INVALID, "+s");
    b.fields[1].name = "_idx";
    assert_murr_fails(murr_create(world.db, "u", &b.schema, key, 1, error), MURR_INVALID,
                      "reserved");
    arrow_rows_init_schema(&b);
    b.fields[1].format = "tiM";
    assert_murr_fails(murr_create(world.db, "u", &b.schema, key, 1, error), MURR_INVALID,
                      "interval");
    b.fields[1].format = "n";
    assert_murr_fails(murr_create(world.db, "u", &b.schema, key, 1, error), MURR_INVALID, "null");
    b.schema.release = NULL;
    assert_murr_fails(murr_create(world.db, "u", &b.schema, key, 1, error), MURR_INVALID,
                      "released");
}

/* --------------------------------------------------------------------------------------- errors */

static void writes_that_are_wrong_leave_nothing(void **state)
{
    (void)state;
    struct arrow_rows b;
    uint8_t first_is_null = 0xfe;
    create("t");
    arrow_rows_init(&b, 0, 3, 0);
    b.fields[1].format = "u"; /* a text where a float should be */
    b.buffers[1][2] = b.ids;
    b.buffers[1][1] = b.ends;
    b.columns[1].n_buffers = 3;
    assert_murr_fails(murr_write(world.db, "t", &b.array, &b.schema, error), MURR_INVALID,
                      "column 'score': expected float32, found utf8");
    arrow_rows_init(&b, 0, 3, 0);
    b.buffers[0][0] = &first_is_null;
    b.columns[0].null_count = 1;
    assert_murr_fails(murr_write(world.db, "t", &b.array, &b.schema, error), MURR_INVALID, "null");
    arrow_rows_init(&b, 0, 3, 0);
    b.array.release = NULL;
    assert_murr_fails(murr_write(world.db, "t", &b.array, &b.schema, error), MURR_INVALID,
                      "released");
    arrow_rows_init(&b, 0, 3, 0);
    b.columns[2].length = 2;
    assert_murr_fails(murr_write(world.db, "t", &b.array, &b.schema, error), MURR_INVALID,
                      "'visits'");
    assert_int_equal(count(world.db, "t"), 0);
}

static void reads_that_are_wrong_say_why(void **state)
{
    (void)state;
    struct arrow_rows b;
    struct arrow_found f = {0};
    create("t");
    arrow_rows_init(&b, 0, 3, 0);
    assert_murr_fails(murr_read(world.db, "t", &b.columns[0], &b.fields[0],
                                (const char *const[]){"scor"}, 1, &f.array, &f.schema, error),
                      MURR_INVALID, "score");
    assert_murr_fails(
        murr_read(world.db, "t", &b.columns[2], &b.fields[2], NULL, 0, &f.array, &f.schema, error),
        MURR_INVALID, "column 'id' of the Arrow batch is int64, the key is utf8");
    assert_murr_fails(
        murr_read(world.db, "t", &b.array, &b.schema, NULL, 0, &f.array, &f.schema, error),
        MURR_INVALID, "'score' of the Arrow batch is not a key column");
    assert_murr_fails(read_rows(world.db, "u", 0, 1, &f, error), MURR_NOT_FOUND, "'u'");
    assert_null(f.array.release);
    assert_null(f.schema.release);
}

static void null_arguments_are_invalid(void **state)
{
    (void)state;
    struct arrow_rows b;
    struct arrow_found f;
    struct murr *db = world.db;
    char **names;
    size_t n;
    create("t");
    arrow_rows_init(&b, 0, 1, 0);
#define assert_null_refused(expr, name) assert_murr_fails(expr, MURR_INVALID, name " is NULL")
    assert_null_refused(murr_open(NULL, NULL, &db, error), "data_dir");
    assert_null_refused(murr_open(world.dir, NULL, NULL, error), "out_db");
    assert_null_refused(murr_create(NULL, "t", &b.schema, NULL, 0, error), "db");
    assert_null_refused(murr_create(db, NULL, &b.schema, NULL, 0, error), "table");
    assert_null_refused(murr_create(db, "u", NULL, NULL, 0, error), "schema");
    assert_null_refused(murr_create(db, "u", &b.schema, NULL, 1, error), "key");
    assert_null_refused(murr_create(db, "u", &b.schema, (const char *const[]){NULL}, 1, error),
                        "of the key");
    assert_null_refused(murr_drop(db, NULL, error), "table");
    assert_null_refused(murr_list(NULL, &names, &n, error), "db");
    assert_null_refused(murr_list(db, NULL, &n, error), "out_names");
    assert_null_refused(murr_schema(db, "t", NULL, &names, &n, error), "out_schema");
    assert_null_refused(murr_count(db, "t", NULL, error), "out_n_rows");
    assert_null_refused(murr_count(NULL, "t", NULL, error), "");
    assert_null_refused(murr_write(db, "t", NULL, &b.schema, error), "rows");
    assert_null_refused(murr_write(db, "t", &b.array, NULL, error), "schema");
    assert_null_refused(murr_write_stream(db, "t", NULL, error), "rows");
    assert_null_refused(murr_delete(db, "t", NULL, &b.schema, error), "keys");
    assert_null_refused(murr_compact(NULL, "t", error), "db");
    assert_null_refused(murr_read(db, "t", NULL, &b.schema, NULL, 0, &f.array, &f.schema, error),
                        "keys");
    assert_null_refused(murr_read(db, "t", &b.array, NULL, NULL, 0, &f.array, &f.schema, error),
                        "keys_schema");
    assert_null_refused(
        murr_read(db, "t", &b.columns[0], &b.fields[0], NULL, 1, &f.array, &f.schema, error),
        "columns");
    assert_null_refused(
        murr_read(db, "t", &b.columns[0], &b.fields[0], NULL, 0, NULL, &f.schema, error),
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
    create("t");
#define assert_part_refused(part, text)                                                        \
    do {                                                                                       \
        arrow_rows_init(&b, 0, 1, 0);                                                          \
        part = NULL;                                                                           \
        assert_murr_fails(murr_write(world.db, "t", &b.array, &b.schema, error), MURR_INVALID, \
                          text);                                                               \
    } while (0)
    assert_part_refused(b.schema.children, "lacks a child");
    assert_part_refused(b.field_list[1], "lacks a child");
    assert_part_refused(b.array.children, "children");
    assert_part_refused(b.column_list[1], "column 'score' of the Arrow batch: is missing");
    assert_part_refused(b.columns[0].buffers, "column 'id' of the Arrow batch: buffer 1");
    arrow_rows_init(&b, 0, 1, 0);
    b.array.buffers = NULL; /* of a batch there is only the validity */
    b.array.null_count = -1;
    assert_murr(murr_write(world.db, "t", &b.array, &b.schema, error));
}

static void options_that_are_not_known_are_refused(void **state)
{
    (void)state;
    struct murr *db = NULL;
    struct {
        struct murr_options known;
        uint64_t later;
    } o = {.known = {.size = 0}};
    assert_murr_fails(murr_open(world.dir, &o.known, &db, error), MURR_INVALID, "options.size");
    o.known = (struct murr_options){.size = sizeof(o.known), .flags = 1u << 30};
    assert_murr_fails(murr_open(world.dir, &o.known, &db, error), MURR_INVALID, "options.flags");
    o.known = (struct murr_options){.size = sizeof(o.known), .memory_bytes = 1};
    assert_murr_fails(murr_open(world.dir, &o.known, &db, error), MURR_INVALID, "memory_bytes");
    o.known = (struct murr_options){.size = sizeof(o.known), .threads = 1000000};
    assert_murr_fails(murr_open(world.dir, &o.known, &db, error), MURR_INVALID, "threads");
    o.known = (struct murr_options){.size = sizeof(o), .flags = MURR_READ_ONLY};
    o.later = 1;
    assert_murr_fails(murr_open(world.dir, &o.known, &db, error), MURR_INVALID, "does not know");
    assert_null(db);
    o.later = 0; /* a later program that asks for nothing new */
    assert_murr(murr_open(world.dir, &o.known, &db, error));
    murr_close(db);
}

static void one_writes_at_a_time(void **state)
{
    (void)state;
    struct murr *other = NULL;
    assert_murr_fails(murr_open(world.dir, NULL, &other, error), MURR_BUSY, world.dir);
    assert_null(other);
}

static void a_child_does_not_keep_what_its_parent_closed(void **state)
{
    (void)state;
    int until[2];
    assert_int_equal(pipe(until), 0);
    pid_t child = fork();
    if (child == 0) {
        char nothing;
        close(until[1]);
        _exit(read(until[0], &nothing, 1) != 0);
    }
    reopen(NULL);
    close(until[0]);
    close(until[1]);
    assert_int_equal(waitpid(child, NULL, 0), child);
}

static void a_full_quota_is_said(void **state)
{
    (void)state;
    create("t");
    assert_murr(write_rows(world.db, "t", 0, 10, 0, error));
    reopen(&(struct murr_options){.size = sizeof(struct murr_options), .disk_bytes = 1});
    assert_murr_fails(write_rows(world.db, "t", 10, 10, 0, error), MURR_NO_SPACE, "");
    assert_true(error[0]);
    assert_rows(world.db, "t", 0, 10, 0);
}

/* ------------------------------------------------------------------------------------ read-only */

static void a_reader_sees_a_table_as_it_was_until_it_refreshes(void **state)
{
    (void)state;
    char **names;
    size_t n;
    create("t");
    create("u");
    assert_murr(write_rows(world.db, "t", 0, 1, 1, error));
    struct murr *db = open_read_only(); /* beside the one that writes */
    assert_rows(db, "t", 0, 1, 1);
    assert_murr(write_rows(world.db, "t", 0, 2, 2, error));
    assert_murr(write_rows(world.db, "u", 0, 1, 3, error));
    assert_rows(db, "t", 0, 1, 1);
    assert_absent(db, "t", 1);
    assert_rows(db, "u", 0, 1, 3); /* its first use is now */
    assert_murr(murr_drop(world.db, "u", error));
    assert_rows(db, "u", 0, 1, 3);
    murr_refresh(db);
    assert_rows(db, "t", 0, 2, 2);
    assert_int_equal(count(db, "t"), 2);
    assert_murr_fails(write_rows(db, "t", 0, 1, 0, error), MURR_INVALID, "read-only");
    assert_murr_fails(murr_drop(db, "t", error), MURR_INVALID, "read-only");
    struct arrow_found f;
    assert_murr_fails(read_rows(db, "u", 0, 1, &f, error), MURR_NOT_FOUND, "'u'");
    char path[128]; /* which is there, but is no name */
    snprintf(path, sizeof(path), "../%s/t", strrchr(world.dir, '/') + 1);
    assert_murr_fails(read_rows(db, path, 0, 1, &f, error), MURR_NOT_FOUND, path);
    snprintf(path, sizeof(path), "%s/of_somebody_else", world.dir);
    assert_int_equal(mkdir(path, 0755), 0);
    assert_murr(murr_list(db, &names, &n, error));
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
    snprintf(path, sizeof(path), "%s/missing", world.dir);
    assert_murr_fails(murr_open(path, &options, &db, error), MURR_NOT_FOUND, path);
    assert_int_equal(access(path, F_OK), -1);
    create("t");
    snprintf(path, sizeof(path), "%s/t/manifest.json", world.dir);
    FILE *manifest = fopen(path, "w");
    assert_non_null(manifest);
    fputs("{", manifest);
    fclose(manifest);
    db = open_read_only();
    assert_murr_fails(read_rows(db, "t", 0, 1, &f, error), MURR_CORRUPT, "manifest");
    murr_close(db);
}

/* -------------------------------------------------------------------------------------- results */

static void results_outlive_the_db(void **state)
{
    (void)state;
    struct arrow_found f;
    create("t");
    assert_murr(write_rows(world.db, "t", 0, 100, 0.5f, error));
    assert_murr(read_rows(world.db, "t", 0, 100, &f, error));
    assert_murr(murr_drop(world.db, "t", error));
    murr_close(world.db);
    world.db = NULL;
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

/* ------------------------------------------------------------------------------------- threads */

enum { N_WRITERS = 4, N_READERS = 3, N_ROUNDS = 15, ROWS_EACH = 20 };

static _Atomic unsigned n_wrong;
static _Atomic bool writers_ended;

/* Rows of its own; a write that returned is read, and nobody sees half of one. */
static void *writer_main(void *arg)
{
    int first = (int)(intptr_t)arg * 100;
    char message[MURR_ERROR_BYTES];
    for (int round = 0; round < N_ROUNDS; round++) {
        struct arrow_found f;
        if (write_rows(world.db, "t", first, ROWS_EACH, (float)round * 100, message) ||
            read_rows(world.db, "t", first, ROWS_EACH, &f, message)) {
            n_wrong++;
            continue;
        }
        for (int i = 0; i < ROWS_EACH; i++)
            n_wrong += arrow_score_at(&f, 0, i) != (float)(round * 100 + i);
        arrow_found_done(&f);
    }
    return NULL;
}

static void *reader_main(void *arg)
{
    struct murr *db = arg;
    char message[MURR_ERROR_BYTES];
    while (!writers_ended)
        for (int w = 0; w < N_WRITERS; w++) {
            struct arrow_found f;
            murr_refresh(db);
            if (read_rows(db, "t", w * 100, ROWS_EACH, &f, message)) {
                n_wrong++;
                continue;
            }
            for (int i = 1; i < ROWS_EACH; i++) /* all of one round, or not there yet */
                n_wrong += !arrow_is_null(f.array.children[0], 0) &&
                           arrow_score_at(&f, 0, i) != arrow_score_at(&f, 0, 0) + (float)i;
            arrow_found_done(&f);
        }
    return NULL;
}

static void threads_share_a_db(void **state)
{
    (void)state;
    pthread_t writers[N_WRITERS], readers[N_READERS];
    struct murr *read_only = open_read_only();
    create("t");
    n_wrong = 0;
    writers_ended = false;
    for (int i = 0; i < N_READERS; i++) /* one of the one that writes, the others share one */
        assert_int_equal(pthread_create(&readers[i], NULL, reader_main, i ? read_only : world.db),
                         0);
    for (int i = 0; i < N_WRITERS; i++)
        assert_int_equal(pthread_create(&writers[i], NULL, writer_main, (void *)(intptr_t)i), 0);
    for (int i = 0; i < N_WRITERS; i++)
        pthread_join(writers[i], NULL);
    writers_ended = true;
    for (int i = 0; i < N_READERS; i++)
        pthread_join(readers[i], NULL);
    murr_close(read_only);
    assert_int_equal(n_wrong, 0);
    assert_int_equal(count(world.db, "t"), N_WRITERS * ROWS_EACH);
}

static bool blocks_sigterm(const char *task)
{
    char path[300], line[256];
    unsigned long long blocked = 0;
    snprintf(path, sizeof(path), "/proc/self/task/%s/status", task);
    FILE *status = fopen(path, "r");
    assert_non_null(status);
    while (fgets(line, sizeof(line), status))
        if (sscanf(line, "SigBlk: %llx", &blocked) == 1)
            break;
    fclose(status);
    return blocked >> (SIGTERM - 1) & 1;
}

/* A program that waits for SIGTERM must get it, not one of our threads: all here but the first. */
static void our_threads_block_signals(void **state)
{
    (void)state;
    char own[32];
    unsigned n_ours = 0;
    snprintf(own, sizeof(own), "%d", getpid());
    assert_false(blocks_sigterm(own)); /* it was given back */
    DIR *tasks = opendir("/proc/self/task");
    assert_non_null(tasks);
    for (struct dirent *task = readdir(tasks); task; task = readdir(tasks))
        if (task->d_name[0] != '.' && strcmp(task->d_name, own) != 0) {
            assert_true(blocks_sigterm(task->d_name));
            n_ours++;
        }
    closedir(tasks);
    assert_true(n_ours >= 3); /* writers and merger */
}

static void the_version_is_said(void **state)
{
    (void)state;
    assert_true(strlen(murr_version()) > 0);
}

#define test(name) cmocka_unit_test_setup_teardown(name, begin, end)

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
        test(one_writes_at_a_time),
        test(a_child_does_not_keep_what_its_parent_closed),
        test(a_full_quota_is_said),
        test(a_reader_sees_a_table_as_it_was_until_it_refreshes),
        test(read_only_makes_and_mends_nothing),
        test(results_outlive_the_db),
        test(threads_share_a_db),
        test(our_threads_block_signals),
        test(the_version_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
