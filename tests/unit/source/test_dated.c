#include "source/dated.h"

#include "base/file.h"
#include "base/mem.h"
#include "source/dated_priv.h"
#include "remote/store/local_store.h"
#include "source/folder.h"
#include "sample_rows.h"
#include "test.h"

#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static char *root;

static int begin(void **state)
{
    (void)state;
    root = temp_dir_new();
    return 0;
}

static int end(void **state)
{
    (void)state;
    temp_dir_done(&root);
    return 0;
}

static void put(const char *folder, const char *name)
{
    char path[PATH_CAP];
    struct err err;
    assert_int_equal(path_format(path, &err, "%s/%s", root, folder), OK);
    assert_int_equal(dir_make(path, &err), OK);
    assert_int_equal(path_format(path, &err, "%s/%s/%s", root, folder, name), OK);
    assert_int_equal(file_replace(path, view_cstr("x"), &err), OK);
}

static void publish(const char *folder)
{
    put(folder, "part.parquet");
    put(folder, "_SUCCESS");
}

static void take_away(const char *name)
{
    char path[PATH_CAP];
    struct err err;
    assert_int_equal(path_format(path, &err, "%s/%s", root, name), OK);
    assert_int_equal(tree_remove(path, &err), OK);
}

/* What is found is told as "new 2026-11-22", "stay", "gone", or the error. */
static const char *found(enum partition_kind kind, const char *served, char out[static 600])
{
    static const struct remote_op no_bound;
    const struct partition_layout layout = {kind, (char *)"_SUCCESS", (char *)"_latest"};
    const struct source_query query = {.served = served};
    struct source *source = dated_new(local_store_new(root), &layout);
    AUTO(source_answer) struct source_answer r = {0};
    struct err err;
    if (source_find_newest(source, &query, &no_bound, &r, &err))
        snprintf(out, 600, "%s", err.msg);
    else if (r.what == FOUND_NEW)
        snprintf(out, 600, "new %s", r.publication.label);
    else
        snprintf(out, 600, "%s", r.what == FOUND_STAY ? "stay" : "gone");
    source_close(source);
    return out;
}

static void what_serves_is_left_only_when_it_is_gone(void **state)
{
    (void)state;
    char text[600];
    publish("2026-11-21");
    publish("2026-11-22");
    assert_string_equal(found(PARTITIONS_DATED, NULL, text), "new 2026-11-22");
    assert_string_equal(found(PARTITIONS_DATED, "2026-11-22", text), "new 2026-11-22");
    take_away("2026-11-22/_SUCCESS");
    assert_string_equal(found(PARTITIONS_DATED, NULL, text), "new 2026-11-21");
    assert_string_equal(found(PARTITIONS_DATED, "2026-11-22", text), "stay");
    take_away("2026-11-22/part.parquet");
    assert_string_equal(found(PARTITIONS_DATED, "2026-11-22", text), "gone"); /* nothing is in it */
    put("2026-11-22/_temporary", "x");
    assert_string_equal(found(PARTITIONS_DATED, "2026-11-22", text), "stay");
    take_away("2026-11-22");
    assert_string_equal(found(PARTITIONS_DATED, "2026-11-22", text), "gone");
    publish("2026-11-23");
    assert_string_equal(found(PARTITIONS_DATED, "2026-11-22", text), "new 2026-11-23");
}

static void hours_of_a_day_before_are_older(void **state)
{
    (void)state;
    char text[600];
    publish("2026-11-21/23");
    publish("2026-11-22/00");
    put("2026-11-22", "_SUCCESS"); /* of nothing */
    assert_string_equal(found(PARTITIONS_HOURLY, NULL, text), "new 2026-11-22/00");
    take_away("2026-11-22/00/_SUCCESS");
    assert_string_equal(found(PARTITIONS_HOURLY, NULL, text), "new 2026-11-21/23");
    assert_string_equal(found(PARTITIONS_HOURLY, "2026-11-22/00", text), "stay");
    take_away("2026-11-22");
    assert_string_equal(found(PARTITIONS_HOURLY, "2026-11-22/00", text), "gone");
}

static void hive_folders_are_ordered_by_their_date(void **state)
{
    (void)state;
    char text[600];
    publish("zz=2026-11-21");
    publish("aa=2026-11-22");
    publish("aa=x");
    assert_string_equal(found(PARTITIONS_HIVE, NULL, text), "new aa=2026-11-22");
    take_away("aa=2026-11-22");
    assert_string_equal(found(PARTITIONS_HIVE, "aa=2026-11-22", text), "gone");
    assert_string_equal(found(PARTITIONS_HIVE, NULL, text), "new zz=2026-11-21");
}

static void of_two_names_of_a_date_the_one_that_serves_stays(void **state)
{
    (void)state;
    char text[600];
    publish("ds=2026-11-22");
    publish("dt=2026-11-22");
    assert_string_equal(found(PARTITIONS_HIVE, NULL, text), "new dt=2026-11-22");
    take_away("dt=2026-11-22/_SUCCESS");
    assert_string_equal(found(PARTITIONS_HIVE, "dt=2026-11-22", text), "stay");
}

static void put_link(const char *target, const char *name)
{
    char path[PATH_CAP];
    struct err err;
    assert_int_equal(path_format(path, &err, "%s/%s", root, name), OK);
    assert_int_equal(symlink(target, path), 0);
}

/* The rows of a file that cannot be reached are missing, not gone. */
static void a_link_to_nowhere_is_not_left_out(void **state)
{
    (void)state;
    char text[600];
    publish("2026-11-21");
    publish("2026-11-22");
    put_link("nowhere", "2026-11-22/beside.txt");
    assert_string_equal(found(PARTITIONS_DATED, NULL, text), "new 2026-11-22");
    put_link("nowhere", "2026-11-22/part-2.parquet");
    assert_string_equal(found(PARTITIONS_DATED, NULL, text), "new 2026-11-21");
    found(PARTITIONS_DATED, "2026-11-22", text);
    assert_non_null(strstr(text, "part-2.parquet: No such file or directory"));
}

static void a_marker_that_cannot_be_read_marks_nothing(void **state)
{
    (void)state;
    char text[600];
    publish("2026-11-21");
    put("2026-11-22", "part.parquet");
    put_link("nowhere", "2026-11-22/_SUCCESS");
    assert_string_equal(found(PARTITIONS_DATED, NULL, text), "new 2026-11-21");
    take_away("2026-11-22/_SUCCESS");
    put_link("_SUCCESS", "2026-11-22/_SUCCESS"); /* a loop */
    assert_string_equal(found(PARTITIONS_DATED, NULL, text), "new 2026-11-21");
    assert_string_equal(found(PARTITIONS_DATED, "2026-11-22", text), "stay");
}

/* Some writers make a folder of what they are told to write to: "b.parquet/part-0.parquet". */
static void a_folder_named_as_a_file_is_not_left_out(void **state)
{
    (void)state;
    char text[600];
    publish("2026-11-22");
    put("2026-11-22/notes", "x");
    assert_string_equal(found(PARTITIONS_DATED, NULL, text), "new 2026-11-22");
    put("2026-11-22/b.parquet", "part-0.parquet");
    assert_non_null(strstr(found(PARTITIONS_DATED, NULL, text), "b.parquet/ is a folder"));
}

static void point_at(const char *text)
{
    char path[PATH_CAP];
    struct err err;
    assert_int_equal(path_format(path, &err, "%s/_latest", root), OK);
    assert_int_equal(file_replace(path, view_cstr(text), &err), OK);
}

static void a_pointer_names_a_folder_below_it(void **state)
{
    (void)state;
    char text[600], whole[PATH_CAP];
    struct err err;
    publish("v1");
    point_at("v1/\n");
    assert_string_equal(found(PARTITIONS_POINTER, NULL, text), "new v1");
    assert_int_equal(path_format(whole, &err, "%s//v1", root), OK);
    point_at(whole);
    assert_string_equal(found(PARTITIONS_POINTER, NULL, text), "new v1");
    publish("2/v1"); /* which is not the folder "v1" beside the root */
    assert_int_equal(path_format(whole, &err, "%s2/v1", root), OK);
    point_at(whole);
    assert_non_null(strstr(found(PARTITIONS_POINTER, NULL, text), "names no folder below it"));
    point_at("/v1");
    assert_non_null(strstr(found(PARTITIONS_POINTER, NULL, text), "names no folder below it"));
}

/* Its name could neither be shown nor written to table.json. */
static void a_folder_whose_name_is_not_utf8_is_passed_over(void **state)
{
    (void)state;
    char text[600];
    publish("dt=2026-11-21");
    assert_string_equal(found(PARTITIONS_HIVE, NULL, text), "new dt=2026-11-21");
    publish("d\xff=2026-11-22");
    assert_string_equal(found(PARTITIONS_HIVE, NULL, text), "new dt=2026-11-21");
    take_away("dt=2026-11-21");
    assert_non_null(strstr(found(PARTITIONS_HIVE, NULL, text), "d\\xff=2026-11-22 is not UTF-8"));
}

static void a_pointer_that_is_gone_is_told(void **state)
{
    (void)state;
    static const struct remote_op no_bound;
    const struct partition_layout layout = {PARTITIONS_POINTER, (char *)"_SUCCESS",
                                            (char *)"_latest"};
    const struct source_query query = {.served = "v1"};
    struct source *source = dated_new(local_store_new(root), &layout);
    AUTO(source_answer) struct source_answer r = {0};
    struct err err;
    publish("v1");
    assert_ok(source_find_newest(source, &query, &no_bound, &r, &err));
    source_close(source);
    assert_int_equal(r.what, FOUND_STAY);
    assert_non_null(strstr(r.passed.msg, "no longer has a file _latest"));
}

/* As another user, where we are root. */
static void a_date_that_may_not_be_read_does_not_hide_others(void **state)
{
    (void)state;
    char text[600], path[PATH_CAP];
    struct err err;
    publish("2026-11-21/23");
    publish("2026-11-22/00");
    assert_int_equal(path_format(path, &err, "%s/2026-11-22", root), OK);
    assert_int_equal(chmod(root, 0755) | chmod(path, 0), 0);
    bool is_root = geteuid() == 0;
    assert_int_equal(is_root ? seteuid(65534) : 0, 0);
    found(PARTITIONS_HOURLY, NULL, text);
    assert_int_equal(is_root ? seteuid(0) : 0, 0);
    assert_int_equal(chmod(path, 0755), 0);
    assert_string_equal(text, "new 2026-11-21/23");
}

static void names_are_what_they_look_like(void **state)
{
    (void)state;
    static const char *const hours[] = {"00/", "19/", "23/"}, *const others[] = {"24/", "2/",
                                                                                 "0x/"};
    for (size_t i = 0; i < 3; i++) {
        assert_true(dated_is_hour(hours[i]));
        assert_false(dated_is_hour(others[i]));
    }
    assert_int_equal(dated_hive_day("dt=1970-01-02/"), 1);
    assert_int_equal(dated_hive_day("=1970-01-02/"), PUBLICATION_NO_DAY);
    assert_int_equal(dated_hive_day("dt=19700102/"), PUBLICATION_NO_DAY);
    static const char *const climb[] = {"..", "a/..", "a//b", "./a", "a/../b", "", "a/"};
    for (size_t i = 0; i < sizeof(climb) / sizeof(climb[0]); i++)
        assert_true(dated_climbs(view_cstr(climb[i])));
    assert_false(dated_climbs(view_cstr("a/..b/c..")));
}

static void days_are_those_of_the_calendar(void **state)
{
    (void)state;
    for (int day = -200000; day < 200000; day += 37) {
        time_t at = (time_t)day * 86400;
        struct tm tm;
        char text[40];
        gmtime_r(&at, &tm);
        snprintf(text, sizeof(text), "%04d-%02d-%02d", tm.tm_year + 1900, tm.tm_mon + 1,
                 tm.tm_mday);
        assert_int_equal(folder_day(view_cstr(text)), day);
    }
    static const char *const none[] = {"2026-02-29", "2026-13-01", "2026-00-10", "0000-01-01",
                                       "2026-1-01",  "20261122",   "2026-11-2x", ""};
    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
        assert_int_equal(folder_day(view_cstr(none[i])), PUBLICATION_NO_DAY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_serves_is_left_only_when_it_is_gone, begin, end),
        cmocka_unit_test_setup_teardown(hours_of_a_day_before_are_older, begin, end),
        cmocka_unit_test_setup_teardown(hive_folders_are_ordered_by_their_date, begin, end),
        cmocka_unit_test_setup_teardown(of_two_names_of_a_date_the_one_that_serves_stays, begin,
                                        end),
        cmocka_unit_test_setup_teardown(a_link_to_nowhere_is_not_left_out, begin, end),
        cmocka_unit_test_setup_teardown(a_marker_that_cannot_be_read_marks_nothing, begin, end),
        cmocka_unit_test_setup_teardown(a_folder_named_as_a_file_is_not_left_out, begin, end),
        cmocka_unit_test_setup_teardown(a_pointer_names_a_folder_below_it, begin, end),
        cmocka_unit_test_setup_teardown(a_folder_whose_name_is_not_utf8_is_passed_over, begin, end),
        cmocka_unit_test_setup_teardown(a_pointer_that_is_gone_is_told, begin, end),
        cmocka_unit_test_setup_teardown(a_date_that_may_not_be_read_does_not_hide_others, begin,
                                        end),
        cmocka_unit_test(names_are_what_they_look_like),
        cmocka_unit_test(days_are_those_of_the_calendar),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
