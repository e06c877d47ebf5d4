#include "library_world.h"

#include "sample_rows.h"

struct library_world library;
char library_error[MURR_ERROR_BYTES];

int library_begin(void **state)
{
    (void)state;
    library.dir = temp_dir_new();
    return murr_open(library.dir, NULL, &library.db, library_error);
}

int library_end(void **state)
{
    (void)state;
    murr_close(library.db);
    temp_dir_done(&library.dir);
    return 0;
}

void library_create(const char *table)
{
    struct arrow_rows b;
    arrow_rows_init(&b, 0, 0, 0);
    assert_murr(
        murr_create(library.db, table, &b.schema, (const char *const[]){"id"}, 1, library_error));
}

enum murr_result library_write(struct murr *db, const char *table, int first, int n, float score,
                               char *message)
{
    struct arrow_rows b;
    arrow_rows_init(&b, first, n, score);
    enum murr_result rc = murr_write(db, table, &b.array, &b.schema, message);
    assert_ptr_equal(b.array.release, arrow_keep_array); /* borrowed, whatever happens */
    assert_ptr_equal(b.schema.release, arrow_keep_schema);
    return rc;
}

enum murr_result library_read(struct murr *db, const char *table, int first, int n,
                              struct arrow_found *out, char *message)
{
    struct arrow_rows b;
    arrow_rows_init(&b, first, n, 0);
    enum murr_result rc = murr_read(db, table, &b.columns[0], &b.fields[0], NULL, 0, &out->array,
                                    &out->schema, message);
    assert_ptr_equal(b.columns[0].release, arrow_keep_array);
    return rc;
}

void assert_rows(struct murr *db, const char *table, int first, int n, float score)
{
    struct arrow_found f;
    assert_murr(library_read(db, table, first, n, &f, library_error));
    assert_int_equal(f.array.length, n);
    for (int i = 0; i < n; i++) {
        assert_false(arrow_is_null(f.array.children[0], i));
        assert_true(arrow_score_at(&f, 0, i) == score + (float)i);
        assert_int_equal(((const int64_t *)f.array.children[1]->buffers[1])[i], first + i);
    }
    arrow_found_done(&f);
}

void assert_absent(struct murr *db, const char *table, int id)
{
    struct arrow_found f;
    assert_murr(library_read(db, table, id, 1, &f, library_error));
    assert_true(arrow_is_null(f.array.children[0], 0) && arrow_is_null(f.array.children[1], 0));
    arrow_found_done(&f);
}

uint64_t library_count(struct murr *db, const char *table)
{
    uint64_t n;
    assert_murr(murr_count(db, table, &n, library_error));
    return n;
}

struct murr *library_open_read_only(void)
{
    const struct murr_options options = {.size = sizeof(options), .flags = MURR_READ_ONLY};
    struct murr *db;
    assert_murr(murr_open(library.dir, &options, &db, library_error));
    return db;
}

void library_reopen(const struct murr_options *options)
{
    murr_close(library.db);
    library.db = NULL;
    assert_murr(murr_open(library.dir, options, &library.db, library_error));
}
