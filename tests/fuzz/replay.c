/* Runs a fuzz target over saved inputs, as an ordinary test: argv names files or folders of
 * them. */
#include "base/file.h"
#include "base/mem.h"

#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int run_file(const char *path)
{
    AUTO(buf) struct buf bytes = {0};
    struct err err;
    if (file_read(path, 64u << 20, &bytes, &err)) {
        printf("[  FAILED  ] %s: %s\n", path, err.msg);
        return 1;
    }
    /* A copy of the exact size, so that AddressSanitizer sees one byte too many. */
    AUTO(ptr) uint8_t *exact = mem_alloc(bytes.len);
    if (bytes.len)
        memcpy(exact, bytes.ptr, bytes.len);
    LLVMFuzzerTestOneInput(exact, bytes.len);
    return 0;
}

int main(int argc, char **argv)
{
    int n_failed = 0;
    size_t n_inputs = 0;
    for (int i = 1; i < argc; i++) {
        AUTO(dir_names) struct dir_names names = {0};
        struct err err;
        if (dir_list(argv[i], &names, &err)) {
            printf("[  FAILED  ] %s\n", err.msg);
            return 1;
        }
        for (size_t k = 0; k < names.n; k++) {
            char path[PATH_CAP];
            if (path_format(path, &err, "%s/%s", argv[i], names.names[k]))
                return 1;
            n_failed += run_file(path);
            n_inputs++;
        }
    }
    if (n_failed == 0)
        printf("[       OK ] replay of %zu saved inputs\n", n_inputs);
    return n_failed != 0;
}
