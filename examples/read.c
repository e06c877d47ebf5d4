/*
 * Read rows of a loaded table from a C program:
 *
 *     cc examples/read.c -Iinclude -Lbuild -lmurr -Wl,-rpath,build -o build/read
 *     build/read build/sample/data planes N14228 N24211 > rows.arrow
 *
 * The rows go to stdout as an Arrow IPC stream.
 */
#include <murr.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
    char error[MURR_ERROR_BYTES];
    struct murr *db;
    struct murr_rows *rows;
    struct murr_key keys[64];
    size_t n_keys = 0, len;
    if (argc < 4 || argc > 3 + 64) {
        fprintf(stderr, "usage: %s DATA_DIR TABLE KEY...\n", argv[0]);
        return 2;
    }
    for (int i = 3; i < argc; i++)
        keys[n_keys++] = (struct murr_key){argv[i], strlen(argv[i])};
    if (murr_open(argv[1], argv[2], &db, error)) {
        fprintf(stderr, "%s\n", error);
        return 1;
    }
    if (murr_read(db, keys, n_keys, NULL, 0, &rows, error)) {
        fprintf(stderr, "%s\n", error);
        murr_close(db);
        return 1;
    }
    const uint8_t *stream = murr_rows_arrow(rows, &len);
    fwrite(stream, 1, len, stdout);
    fprintf(stderr, "%zu keys, %zu of them absent, generation %llu of %llu rows\n", n_keys,
            murr_rows_n_absent(rows), (unsigned long long)murr_generation(db),
            (unsigned long long)murr_n_rows(db));
    murr_rows_free(rows);
    murr_close(db);
    return 0;
}
