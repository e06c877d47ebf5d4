#include "corpus.h"

#include "test.h"

#include <stdio.h>
#include <unistd.h>

enum { CORPUS_FILE_MAX = 64 << 20 };

static const char *corpus_dir(void)
{
    const char *env = getenv("MURR_CORPUS");
    return env ? env : "../shared/corpus";
}

static enum code read_file(const char *file, struct buf *out, struct err *err)
{
    char path[PATH_CAP];
    TRY(path_format(path, err, "%s/%s", corpus_dir(), file));
    return file_read(path, CORPUS_FILE_MAX, out, err);
}

void corpus_path(const char *file, char out[static PATH_CAP])
{
    snprintf(out, PATH_CAP, "%s/%s", corpus_dir(), file);
    if (access(out, R_OK) != 0) {
        print_message("skipped: there is no %s\n", out);
        skip();
    }
}

void corpus_read(const char *file, struct buf *out)
{
    struct err err;
    if (read_file(file, out, &err))
        fail_msg("%s", err.msg);
}

void corpus_check(const char *kind, corpus_fn check)
{
    enum { FILE_NAME = 0, KIND = 1, EXPECTED = 6, N_COLUMNS = 7 };
    AUTO(buf) struct buf manifest = {0};
    size_t n = 0, n_wrong = 0;
    if (read_file("manifest.tsv", &manifest, NULL)) {
        print_message("skipped: no corpus in %s\n", corpus_dir());
        skip();
    }
    char *lines = (char *)(uintptr_t)buf_cstr(&manifest);
    for (char *line; (line = strsep(&lines, "\n"));) {
        char *columns[N_COLUMNS] = {0};
        for (size_t i = 0; i < N_COLUMNS && line; i++)
            columns[i] = strsep(&line, "\t");
        if (!columns[EXPECTED] || strcmp(columns[KIND], kind) != 0)
            continue;
        n_wrong += !check(columns[FILE_NAME], columns[EXPECTED]);
        n++;
    }
    print_message("%zu files of the corpus\n", n);
    assert_true(n > 0);
    assert_int_equal(n_wrong, 0);
}
