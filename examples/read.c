/*
 * Read rows from a data directory that somebody else writes, a running server for example:
 *
 *     cc examples/read.c -Iinclude -Lbuild -lmurr -Wl,-rpath,$PWD/build -o build/read
 *     build/read build/sample/data planes N14228 N24211
 *
 * For tables with a key of one text column. Prints text, int64, float32 and float64; of others only that they are there.
 */
#include <murr.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { KEYS_MAX = 64, KEY_BYTES_MAX = 4096 };

/* What is lent has nothing to release, but must have a function that says so. */
static void release_schema(struct ArrowSchema *s)
{
    s->release = NULL;
}

static void release_array(struct ArrowArray *a)
{
    a->release = NULL;
}

static void print_value(const struct ArrowArray *a, const char *format, int64_t row)
{
    const unsigned char *is_valid = a->buffers[0];
    const void *values = a->n_buffers > 1 ? a->buffers[1] : NULL;
    if (!(is_valid[row / 8] >> (row % 8) & 1)) {
        printf("null");
    } else if (strcmp(format, "u") == 0) {
        const int32_t *ends = values;
        printf("%.*s", (int)(ends[row + 1] - ends[row]), (const char *)a->buffers[2] + ends[row]);
    } else if (strcmp(format, "l") == 0) {
        printf("%" PRId64, ((const int64_t *)values)[row]);
    } else if (strcmp(format, "f") == 0) {
        printf("%g", ((const float *)values)[row]);
    } else if (strcmp(format, "g") == 0) {
        printf("%g", ((const double *)values)[row]);
    } else {
        printf("(%s)", format);
    }
}

static void print_rows(char **keys, const struct ArrowArray *rows, const struct ArrowSchema *schema)
{
    for (int64_t row = 0; row < rows->length; row++) {
        printf("%s", keys[row]);
        for (int64_t i = 0; i < rows->n_children; i++) {
            printf("\t%s ", schema->children[i]->name);
            print_value(rows->children[i], schema->children[i]->format, row);
        }
        printf("\n");
    }
}

static enum murr_result read_and_print(struct murr *db, const char *table, char **keys, int n,
                                       char *error)
{
    int32_t ends[KEYS_MAX + 1] = {0};
    char bytes[KEY_BYTES_MAX] = "";
    for (int i = 0; i < n; i++) {
        size_t len = strlen(keys[i]), room = sizeof(bytes) - (size_t)ends[i];
        if (len > room) {
            snprintf(error, MURR_ERROR_BYTES, "the keys are longer than this example takes");
            return MURR_INVALID;
        }
        memcpy(bytes + ends[i], keys[i], len);
        ends[i + 1] = ends[i] + (int32_t)len;
    }
    const void *buffers[] = {NULL, ends, bytes};
    struct ArrowSchema schema = {.format = "u", .release = release_schema}, found_schema;
    struct ArrowArray array = {
        .length = n, .n_buffers = 3, .buffers = buffers, .release = release_array};
    struct ArrowArray found;
    enum murr_result rc =
        murr_read(db, table, &array, &schema, NULL, 0, &found, &found_schema, error);
    if (rc)
        return rc;
    print_rows(keys, &found, &found_schema);
    found.release(&found);
    found_schema.release(&found_schema);
    return MURR_OK;
}

int main(int argc, char **argv)
{
    const struct murr_options options = {.size = sizeof(options), .flags = MURR_READ_ONLY};
    char error[MURR_ERROR_BYTES];
    struct murr *db;
    if (argc < 4 || argc > 3 + KEYS_MAX) {
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
