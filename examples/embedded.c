/*
 * A table in a C program: create it, write rows, read some back, print them.
 *
 *     cc examples/embedded.c $(pkg-config --cflags --libs murr) -o embedded
 *     ./embedded /tmp/features
 *
 * Rows and keys are structs of Arrow's C data interface. Here they are put together by hand from arrays; a program that
 * has Arrow already (nanoarrow, Arrow C++, DuckDB) hands over what it has.
 */
#include <murr.h>

#include <stdio.h>
#include <stdlib.h>

/* Whoever lends arrays that live long enough has nothing to release, but must say so. */
static void release_schema(struct ArrowSchema *s)
{
    s->release = NULL;
}

static void release_array(struct ArrowArray *a)
{
    a->release = NULL;
}

static struct ArrowSchema schema_of(const char *format, const char *name, int64_t flags,
                                    struct ArrowSchema **children, int64_t n_children)
{
    return (struct ArrowSchema){.format = format,
                                .name = name,
                                .flags = flags,
                                .children = children,
                                .n_children = n_children,
                                .release = release_schema};
}

static struct ArrowArray array_of(int64_t length, const void **buffers, int64_t n_buffers,
                                  struct ArrowArray **children, int64_t n_children)
{
    return (struct ArrowArray){.length = length,
                               .buffers = buffers,
                               .n_buffers = n_buffers,
                               .children = children,
                               .n_children = n_children,
                               .release = release_array};
}

static void check(enum murr_result result, const char *error)
{
    if (result == MURR_OK)
        return;
    fprintf(stderr, "%s\n", error);
    exit(1);
}

/* user_id: utf8, score: float32. */
static void write_rows(struct murr *db)
{
    char error[MURR_ERROR_BYTES];
    struct ArrowSchema id = schema_of("u", "user_id", 0, NULL, 0);
    struct ArrowSchema score = schema_of("f", "score", ARROW_FLAG_NULLABLE, NULL, 0);
    struct ArrowSchema schema = schema_of("+s", "", 0, (struct ArrowSchema *[]){&id, &score}, 2);
    enum murr_result made =
        murr_create(db, "users", &schema, (const char *[]){"user_id"}, 1, error);
    if (made != MURR_EXISTS) /* by an earlier run */
        check(made, error);

    const int32_t ends[] = {0, 5, 8, 13};
    const float scores[] = {0.25f, 0.5f, 0.75f};
    struct ArrowArray ids = array_of(3, (const void *[]){NULL, ends, "alicebobcarol"}, 3, NULL, 0);
    struct ArrowArray values = array_of(3, (const void *[]){NULL, scores}, 2, NULL, 0);
    struct ArrowArray rows =
        array_of(3, (const void *[]){NULL}, 1, (struct ArrowArray *[]){&ids, &values}, 2);
    check(murr_write(db, "users", &rows, &schema, error), error); /* on disk from here on */
}

static void read_rows(struct murr *db)
{
    char error[MURR_ERROR_BYTES];
    const char *const names[] = {"carol", "dave", "alice"}, *const columns[] = {"score"};
    const int32_t ends[] = {0, 5, 9, 14};
    struct ArrowSchema schema = schema_of("u", "", 0, NULL, 0), found_schema;
    struct ArrowArray keys =
        array_of(3, (const void *[]){NULL, ends, "caroldavealice"}, 3, NULL, 0);
    struct ArrowArray found;
    check(murr_read(db, "users", &keys, &schema, columns, 1, &found, &found_schema, error), error);

    const struct ArrowArray *score = found.children[0];
    const unsigned char *is_valid = score->buffers[0];
    const float *values = score->buffers[1];
    for (int64_t i = 0; i < found.length; i++) {
        if (is_valid[i / 8] >> (i % 8) & 1)
            printf("%s %g\n", names[i], values[i]);
        else
            printf("%s has no score\n", names[i]);
    }
    found.release(&found);
    found_schema.release(&found_schema);
}

int main(int argc, char **argv)
{
    char error[MURR_ERROR_BYTES];
    struct murr *db;
    if (argc != 2) {
        fprintf(stderr, "usage: %s DATA_DIR\n", argv[0]);
        return 2;
    }
    check(murr_open(argv[1], NULL, &db, error), error);
    write_rows(db);
    read_rows(db);
    murr_close(db);
    return 0;
}
