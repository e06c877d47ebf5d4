/* Metadata files of others (tests/lib/corpus.h), and whole tables of theirs: the metadata, lists
 * and manifests of each are parsed. */
#include "base/file.h"
#include "corpus.h"
#include "format/avro/file.h"
#include "format/iceberg/manifest.h"
#include "format/iceberg/metadata.h"
#include "test.h"

#include <ftw.h>
#include <stdio.h>

enum { METADATA_MAX = 64 << 20, FILE_MAX = 64 << 20 };

static bool check_metadata(const char *file, const char *expected)
{
    AUTO(buf) struct buf bytes = {0};
    struct ice_metadata *m = NULL;
    struct err err = {""};
    corpus_read(file, &bytes);
    enum code rc = ice_metadata_parse(buf_view(&bytes), METADATA_MAX, &m, &err);
    ice_metadata_free(m);
    bool right = (strcmp(expected, "read") == 0) == (rc == OK);
    if (!right)
        print_error("%s: expected %s, is %s: %s\n", file, expected, code_name(rc), err.msg);
    return right;
}

static void every_metadata_file_reads_as_its_manifest_says(void **state)
{
    (void)state;
    corpus_check("iceberg-metadata", check_metadata);
}

static size_t n_metadata, n_lists, n_manifests, n_entries, n_wrong;

static enum code count_entry(void *arg, const struct ice_entry *e, struct err *err)
{
    (void)arg;
    n_entries++;
    return e->path[0] ? OK : err_set(err, E_CORRUPT, "an empty path");
}

/* A manifest that a list names, if it is there; it may have expired. */
static enum code parse_manifest(const char *list, const struct ice_manifest *m, struct err *err)
{
    AUTO(arena) struct arena arena = {0};
    AUTO(buf) struct buf bytes = {0};
    char path[PATH_CAP];
    const char *slash = strrchr(list, '/'), *name = strrchr(m->path, '/');
    TRY(path_format(path, err, "%.*s%s", (int)(slash - list), list, name ? name : m->path));
    enum code rc = file_read(path, FILE_MAX, &bytes, err);
    if (rc)
        return rc == E_NOTFOUND ? OK : rc;
    n_manifests++;
    rc = ice_manifest_parse(buf_view(&bytes), m, &arena, count_entry, NULL, err);
    return rc ? err_in(err, rc, "%s", m->path) : OK;
}

static enum code parse_list(const char *path, struct view bytes, struct err *err)
{
    AUTO(arena) struct arena arena = {0};
    struct ice_manifest *m;
    size_t n;
    n_lists++;
    TRY(ice_manifest_list_parse(bytes, 10000, &arena, &m, &n, err));
    for (size_t i = 0; i < n; i++)
        TRY(parse_manifest(path, &m[i], err));
    return OK;
}

/* Manifests are parsed with their lists, which say what they inherit. */
static enum code parse_avro(const char *path, struct view bytes, struct err *err)
{
    struct avro_limits limits = avro_limits_default();
    struct avro_file *f;
    TRY(avro_open(bytes, &limits, &f, err));
    bool is_list = avro_field_by_id(avro_record_type(f), 500);
    avro_close(f);
    return is_list ? parse_list(path, bytes, err) : OK;
}

/* A file that holds nothing but properties, which no hint names. */
static bool is_broken(const char *path)
{
    return strstr(path, "big_query_error/metadata/v0.metadata.json") != NULL;
}

static enum code parse_json(struct view bytes, struct err *err)
{
    struct ice_metadata *m;
    n_metadata++;
    TRY(ice_metadata_parse(bytes, METADATA_MAX, &m, err));
    ice_metadata_free(m);
    return OK;
}

static int visit(const char *path, const struct stat *st, int type, struct FTW *where)
{
    (void)st;
    (void)where;
    AUTO(buf) struct buf bytes = {0};
    struct err err;
    const char *name = strrchr(path, '/');
    bool is_json = strstr(name, ".json"), is_avro = strstr(name, ".avro");
    if (type != FTW_F || name[1] == '.' || !strstr(path, "/metadata/") || !(is_json || is_avro))
        return 0;
    assert_ok(file_read(path, FILE_MAX, &bytes, &err));
    if (is_broken(path))
        return 0;
    if (is_json ? parse_json(buf_view(&bytes), &err) : parse_avro(path, buf_view(&bytes), &err)) {
        print_error("%s: %s\n", path, err.msg);
        n_wrong++;
    }
    return 0;
}

static void check_tables(const char *folder)
{
    n_metadata = n_lists = n_manifests = n_entries = n_wrong = 0;
    assert_int_equal(nftw(folder, visit, 20, FTW_PHYS), 0);
    print_message("%s: %zu metadata files, %zu lists, %zu manifests, %zu entries\n", folder,
                  n_metadata, n_lists, n_manifests, n_entries);
    assert_true(n_metadata > 0 && n_lists > 0 && n_manifests > 0 && n_entries > 0);
    assert_int_equal(n_wrong, 0);
}

static void every_table_is_parsed(void **state)
{
    (void)state;
    char folder[PATH_CAP];
    corpus_path("iceberg", folder);
    check_tables(folder);
}

static void every_table_of_2026_is_parsed(void **state)
{
    (void)state;
    char archive[PATH_CAP], folder[] = "/tmp/murr-test-XXXXXX", command[3 * PATH_CAP];
    corpus_path("iceberg-2026/tables.tar.gz", archive);
    assert_non_null(mkdtemp(folder));
    snprintf(command, sizeof(command), "tar xzf '%s' -C %s", archive, folder);
    assert_int_equal(system(command), 0);
    check_tables(folder);
    snprintf(command, sizeof(command), "rm -rf %s", folder);
    assert_int_equal(system(command), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_metadata_file_reads_as_its_manifest_says),
        cmocka_unit_test(every_table_is_parsed),
        cmocka_unit_test(every_table_of_2026_is_parsed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
