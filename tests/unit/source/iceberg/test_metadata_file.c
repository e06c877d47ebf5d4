#include "source/iceberg/metadata_file.h"

#include "base/buf.h"
#include "base/mem.h"
#include "remote/store/local_store.h"

#include "sample_rows.h"
#include "test.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* A local store that counts what it is asked for. */
struct counting {
    struct object_store base;
    struct object_store *inner;
    struct object_store_ops ops;
    unsigned n_lists, n_others, n_listed;
};

static struct counting store;
static char *dir;

static enum code count_list(struct object_store *s, const char *folder, const char *from,
                            const struct remote_op *op, struct object_list *out, struct err *err)
{
    (void)s;
    store.n_lists++;
    enum code rc = store.inner->ops->list(store.inner, folder, from, op, out, err);
    store.n_listed += (unsigned)out->n_objects;
    return rc;
}

static enum code count_stat(struct object_store *s, const char *name, const struct remote_op *op,
                            struct object_info *out, struct err *err)
{
    (void)s;
    store.n_others++;
    return store.inner->ops->stat(store.inner, name, op, out, err);
}

static enum code count_open(struct object_store *s, const struct object_info *info,
                            struct object **out, struct err *err)
{
    (void)s;
    store.n_others++;
    return store.inner->ops->open(store.inner, info, out, err);
}

static int open_dir(void **state)
{
    (void)state;
    dir = temp_dir_new();
    char path[200];
    snprintf(path, sizeof(path), "%s/t", dir);
    mkdir(path, 0700);
    snprintf(path, sizeof(path), "%s/t/metadata", dir);
    mkdir(path, 0700);
    store = (struct counting){.inner = local_store_new(dir)};
    store.ops = *store.inner->ops;
    store.ops.list = count_list;
    store.ops.stat = count_stat;
    store.ops.open = count_open;
    store.base = *store.inner;
    store.base.ops = &store.ops;
    return 0;
}

static int close_dir(void **state)
{
    (void)state;
    object_store_close(store.inner);
    temp_dir_done(&dir);
    return 0;
}

static void put(const char *name, const char *text)
{
    char path[300];
    snprintf(path, sizeof(path), "%s/t/metadata/%s", dir, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void gone(const char *name)
{
    char path[300];
    snprintf(path, sizeof(path), "%s/t/metadata/%s", dir, name);
    assert_int_equal(unlink(path), 0);
}

static enum code find(const char *version, struct metadata_file *out, bool *out_same,
                      struct err *err)
{
    struct remote_op op = {0};
    store.n_lists = store.n_others = store.n_listed = 0;
    return metadata_file_find(&store.base, "t/metadata/", version, &op, out, out_same, err);
}

/* Find from nothing. */
static void assert_found(const char *name)
{
    struct err err;
    bool same;
    AUTO(metadata_file) struct metadata_file f = {0};
    assert_ok(find(NULL, &f, &same, &err));
    assert_string_equal(f.info.name + strlen("t/metadata/"), name);
    assert_false(same);
}

static void assert_refused(enum code code, const char *text)
{
    struct err err;
    bool same;
    AUTO(metadata_file) struct metadata_file f = {0};
    assert_fails(find(NULL, &f, &same, &err), code, text);
}

static void the_greatest_number_counts_without_a_hint(void **state)
{
    (void)state;
    assert_refused(E_NOTFOUND, "there is no metadata file in");
    put("snap-1-0-a.avro", "");
    put("99999-a-m0.avro", "");
    put("vx.metadata.json", "");
    put("version.metadata.json", "");
    put("9.metadata.json", "");
    assert_refused(E_NOTFOUND, "there is no metadata file in");
    put("v2.metadata.json", "");
    assert_found("v2.metadata.json");
    put("v10.metadata.json", "");
    assert_found("v10.metadata.json");
    put("v9.gz.metadata.json", "");
    put("v11.metadata.json.gz", "");
    assert_found("v11.metadata.json.gz");
    put("00012-a-b.metadata.json", "");
    assert_found("00012-a-b.metadata.json");
    put("100000-a.gz.metadata.json", "");
    assert_found("100000-a.gz.metadata.json");
    put("v100001.metadata.json.zstd", "");
    assert_found("v100001.metadata.json.zstd");
}

static void two_files_of_one_number_are_refused_by_name(void **state)
{
    (void)state;
    put("00003-aaa.metadata.json", "");
    put("00003-bbb.metadata.json", "");
    assert_refused(E_INVALID, "00003-aaa.metadata.json and 00003-bbb.metadata.json in");
    put("00004-ccc.metadata.json", "");
    assert_found("00004-ccc.metadata.json");
    put("v4.metadata.json", "");
    assert_refused(E_INVALID, "00004-ccc.metadata.json and v4.metadata.json in");
    put("version-hint.text", "4");
    assert_found("v4.metadata.json");
    put("v4.gz.metadata.json", "");
    assert_refused(E_INVALID, "v4.gz.metadata.json and v4.metadata.json in");
}

static void a_hint_is_a_start_and_may_be_wrong(void **state)
{
    (void)state;
    put("v1.metadata.json", "");
    put("v2.metadata.json", "");
    put("00009-x.metadata.json", "");
    const char *hints[] = {"2", "1", "7\n", " 2 \n", "v1", "v2.metadata.json"};
    for (size_t i = 0; i < 6; i++) {
        put("version-hint.text", hints[i]);
        assert_found("v2.metadata.json");
    }
    const char *useless[] = {"", "  \n", "what", "../v1", "00001-gone", "99999999999999999999"};
    for (size_t i = 0; i < 6; i++) {
        put("version-hint.text", useless[i]);
        assert_found("00009-x.metadata.json");
    }
    put("00004-y.metadata.json", "");
    put("version-hint.text", "00004-y");
    assert_found("00004-y.metadata.json");
    put("version-hint.text", "00004-y.metadata.json\n");
    assert_found("00004-y.metadata.json");
    gone("version-hint.text");
    put("version-hint.txt", "2");
    assert_found("v2.metadata.json");
}

/* One poll after another, as a source does. */
struct polls {
    char *version;
};

static void assert_same(const struct polls *p)
{
    struct err err;
    bool same;
    AUTO(metadata_file) struct metadata_file f = {0};
    assert_ok(find(p->version, &f, &same, &err));
    assert_true(same);
    assert_null(f.version);
    assert_int_equal(store.n_lists, 1);
    assert_int_equal(store.n_others, 0);
}

static void assert_new(struct polls *p, const char *name)
{
    struct err err;
    bool same;
    AUTO(metadata_file) struct metadata_file f = {0};
    assert_ok(find(p->version, &f, &same, &err));
    assert_false(same);
    assert_string_equal(f.info.name + strlen("t/metadata/"), name);
    free(p->version);
    p->version = f.version;
    f.version = NULL;
    assert_same(p);
}

static void a_poll_of_an_unchanged_table_is_one_listing(void **state)
{
    (void)state;
    struct polls p = {0};
    put("00001-a-m0.avro", "");
    put("00001-a.metadata.json", "");
    put("00002-b.metadata.json", "");
    assert_new(&p, "00002-b.metadata.json");
    assert_int_equal(store.n_listed, 1); /* only names from its number on */
    put("00003-c.metadata.json", "");
    assert_new(&p, "00003-c.metadata.json");
    put("v4.metadata.json", "");
    assert_new(&p, "v4.metadata.json");
    put("version-hint.text", "3");
    put("v3.metadata.json", "");
    assert_new(&p, "v4.metadata.json"); /* by another way */
    assert_int_equal(store.n_listed, 3);
    put("v5.gz.metadata.json", "");
    assert_new(&p, "v5.gz.metadata.json");
    put("version-hint.text", "00002-b");
    assert_new(&p, "00002-b.metadata.json");
    put("v6.metadata.json", "");
    assert_same(&p); /* the hint says so */
    gone("version-hint.text");
    assert_new(&p, "v6.metadata.json");
    put("v6.metadata.json", "another one");
    assert_new(&p, "v6.metadata.json");
    free(p.version);
}

static void a_file_that_is_gone_is_looked_for_anew(void **state)
{
    (void)state;
    struct polls p = {0};
    struct err err;
    bool same;
    put("version-hint.text", "5");
    put("v5.metadata.json", "");
    put("00002-b.metadata.json", "");
    assert_new(&p, "v5.metadata.json");
    gone("v5.metadata.json");
    assert_new(&p, "00002-b.metadata.json");
    gone("00002-b.metadata.json");
    AUTO(metadata_file) struct metadata_file f = {0};
    assert_fails(find(p.version, &f, &same, &err), E_NOTFOUND, "there is no metadata file");
    free(p.version);
    p.version = mem_strdup("nonsense");
    put("v1.metadata.json", "");
    assert_new(&p, "v1.metadata.json");
    free(p.version);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_dir, close_dir)
    const struct CMUnitTest tests[] = {
        TEST(the_greatest_number_counts_without_a_hint),
        TEST(two_files_of_one_number_are_refused_by_name),
        TEST(a_hint_is_a_start_and_may_be_wrong),
        TEST(a_poll_of_an_unchanged_table_is_one_listing),
        TEST(a_file_that_is_gone_is_looked_for_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
