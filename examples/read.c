/*
 * Read rows from a data directory that somebody else writes, a running server for example:
 *
 *     cc examples/read.c -Iinclude -Lbuild -lmurr -Wl,-rpath,$PWD/build -o build/read
 *     build/read build/sample/data planes N14228 N24211
 *
 * Prints the columns that are text or int64; a table with a key of one text column.
 */
#include <murr.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N_KEYS_MAX = 64, KEY_BYTES_MAX = 4096 };

static void release_nothing_of_schema(struct ArrowSchema *s)
{
    s->release = NULL;
}

static void release_nothing_of_array(struct ArrowArray *a)
{
    a->release = NULL;
}

static void print_value(const struct ArrowArray *a, const char *format, int64_t row)
{
    const unsigned char *is_valid = a->buffers[0];
    if (!(is_valid[row / 8] >> (row % 8) & 1)) {
        printf("\tnull");
    } else if (strcmp(format, "u") == 0) {
        const int32_t *ends = a->buffers[1];
        printf("\t%.*s", (int)(ends[row + 1] - ends[row]), (const char *)a->buffers[2] + ends[row]);
    } else if (strcmp(format, "l") == 0) {
        printf("\t%" PRId64, ((const int64_t *)a->buffers[1])[row]);
    }
}

static enum murr_result read_and_print(struct murr *db, const char *table, char **keys, int n,
                                       char *error)
{
    int32_t ends[N_KEYS_MAX + 1] = {0};
    char bytes[KEY_BYTES_MAX] = "";
    for (int i = 0; i < n; i++)
        ends[i + 1] = ends[i] + snprintf(bytes + ends[i], sizeof(bytes) - (size_t)ends[i], "%.60s",
                                         keys[i]);
    struct ArrowSchema schema = {.format = "u", .release = release_nothing_of_schema}, columns;
    struct ArrowArray rows, array = {.length = n,
                                     .n_buffers = 3,
                                     .buffers = (const void *[]){NULL, ends, bytes},
                                     .release = release_nothing_of_array};
    enum murr_result rc = murr_read(db, table, &array, &schema, NULL, 0, &rows, &columns, error);
    if (rc)
        return rc;
    for (int64_t row = 0; row < rows.length; row++) {
        printf("%s", keys[row]);
        for (int64_t i = 0; i < rows.n_children; i++)
            print_value(rows.children[i], columns.children[i]->format, row);
        printf("\n");
    }
    rows.release(&rows);
    columns.release(&columns);
    return MURR_OK;
}

int main(int argc, char **argv)
{
    const struct murr_options options = {.size = sizeof(options), .flags = MURR_READ_ONLY};
    char error[MURR_ERROR_BYTES];
    struct murr *db;
    if (argc < 4 || argc > 3 + N_KEYS_MAX) {
        fprintf(stderr, "usage: %s DATA_DIR TABLE KEY...\n", argv[0]);
        return 2;
    }
    enum murr_result rc = murr_open(argv[1], &options, &db, error);
    if (!rc) {
        rc = read_and_print(db, argv[2], argv + 3, argc - 3, error);
        murr_close(db);
    }
    if (rc)
        fprintf(stderr, "%s\n", error);
    return rc ? 1 : 0;
}
