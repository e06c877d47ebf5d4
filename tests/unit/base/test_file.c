/*
 * Files and directories, on a real file system. What a file system does only now and then (a short
 * read or write, an interrupted call, no O_TMPFILE) is done by the open, pread and pwrite of this
 * file, which stand in for those of libc.
 */
#include "base/file.h"

#include "base/mem.h"
#include "sample_rows.h"
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct {
    bool no_tmpfile;
    bool stutters; /* every other call is interrupted, and one moves a byte only */
    unsigned n_calls;
    int fails_with; /* an errno; 0: it does not */
} system_does;

static char *dir;

int open(const char *path, int flags, ...);
int open(const char *path, int flags, ...)
{
    va_list ap;
    va_start(ap, flags);
    unsigned mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(ap, unsigned) : 0;
    va_end(ap);
    if (system_does.no_tmpfile && (flags & O_TMPFILE) == O_TMPFILE) {
        errno = EOPNOTSUPP;
        return -1;
    }
    return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

/* How many bytes the call may move; -1 with errno set: it fails. */
static ssize_t allowed(size_t len)
{
    if (system_does.fails_with) {
        errno = system_does.fails_with;
        return -1;
    }
    if (!system_does.stutters)
        return (ssize_t)len;
    if (system_does.n_calls++ % 2) {
        errno = EINTR;
        return -1;
    }
    return 1;
}

ssize_t pwrite(int fd, const void *bytes, size_t len, off_t offset)
{
    ssize_t n = allowed(len);
    return n < 0 ? n : (ssize_t)syscall(SYS_pwrite64, fd, bytes, (size_t)n, offset);
}

ssize_t pread(int fd, void *out, size_t len, off_t offset)
{
    ssize_t n = allowed(len);
    return n < 0 ? n : (ssize_t)syscall(SYS_pread64, fd, out, (size_t)n, offset);
}

static int begin(void **state)
{
    (void)state;
    memset(&system_does, 0, sizeof(system_does));
    dir = temp_dir_new();
    return 0;
}

static int end(void **state)
{
    (void)state;
    memset(&system_does, 0, sizeof(system_does));
    temp_dir_done(&dir);
    return 0;
}

/* A path below the test's directory, until the eighth call from now. */
static const char *at(const char *name)
{
    static char paths[8][PATH_CAP];
    static unsigned next;
    struct err err;
    char *path = paths[next++ % 8];
    assert_ok(path_format(path, &err, "%s/%s", dir, name));
    return path;
}

static void put(const char *name, const char *text)
{
    struct err err;
    assert_ok(file_replace(at(name), view_cstr(text), &err));
}

static void assert_text(const char *name, const char *text)
{
    struct err err;
    AUTO(buf) struct buf b = {0};
    assert_ok(file_read(at(name), 1000, &b, &err));
    assert_string_equal(buf_cstr(&b), text);
}

/* The names below the test's directory, each with a blank behind it. */
static void assert_names(const char *wanted)
{
    struct err err;
    struct dir_names names;
    AUTO(buf) struct buf b = {0};
    assert_ok(dir_list(dir, &names, &err));
    for (size_t i = 0; i < names.n; i++)
        buf_printf(&b, "%s ", names.names[i]);
    dir_names_done(&names);
    assert_string_equal(buf_cstr(&b), wanted);
}

static void file_read_appends_the_whole_file(void **state)
{
    (void)state;
    struct err err;
    AUTO(buf) struct buf b = {0};
    put("a", "first");
    put("b", "second");
    put("empty", "");
    assert_ok(file_read(at("a"), 5, &b, &err));
    assert_ok(file_read(at("empty"), 0, &b, &err));
    assert_ok(file_read(at("b"), 1000, &b, &err));
    assert_string_equal(buf_cstr(&b), "firstsecond");
}

static void file_read_refuses_what_is_larger_than_its_limit(void **state)
{
    (void)state;
    struct err err;
    AUTO(buf) struct buf b = {0};
    put("a", "12345");
    assert_fails(file_read(at("a"), 4, &b, &err), E_LIMIT,
                 "/a has 5 bytes, more than the limit of 4");
    assert_int_equal(b.len, 0);
}

static void what_is_no_regular_file_is_refused_without_waiting_for_it(void **state)
{
    (void)state;
    struct err err;
    struct mapped_file map;
    AUTO(buf) struct buf b = {0};
    uint64_t bytes;
    int fd;
    assert_int_equal(mkfifo(at("fifo"), 0600), 0);
    assert_fails(file_read(at("fifo"), 1000, &b, &err), E_INVALID, "/fifo is not a regular file");
    assert_fails(file_open(at("fifo"), &fd, &err), E_INVALID, "/fifo is not a regular file");
    assert_fails(file_size(dir, &bytes, &err), E_INVALID, " is not a regular file");
    assert_fails(mapped_file_open(dir, &map, &err), E_INVALID, " is not a regular file");
}

static void a_file_that_is_missing_is_not_found(void **state)
{
    (void)state;
    struct err err;
    struct mapped_file map;
    struct dir_names names;
    AUTO(buf) struct buf b = {0};
    uint64_t bytes;
    int fd;
    assert_fails(file_read(at("no"), 9, &b, &err), E_NOTFOUND, "/no: No such file or directory");
    assert_fails(file_open(at("no"), &fd, &err), E_NOTFOUND, "/no: No such file or directory");
    assert_fails(file_size(at("no"), &bytes, &err), E_NOTFOUND, "cannot open ");
    assert_fails(mapped_file_open(at("no"), &map, &err), E_NOTFOUND, "cannot open ");
    assert_fails(dir_list(at("no"), &names, &err), E_NOTFOUND, "cannot list ");
    assert_fails(dir_sync(at("no"), &err), E_NOTFOUND, "cannot open directory ");
    assert_fails(file_open_unnamed(at("no"), &fd, &err), E_NOTFOUND, "cannot create a file in ");
}

static void file_size_is_that_of_the_file(void **state)
{
    (void)state;
    struct err err;
    uint64_t bytes;
    put("a", "12345");
    assert_ok(file_size(at("a"), &bytes, &err));
    assert_int_equal(bytes, 5);
}

static void a_mapping_shows_the_file_and_an_empty_file_has_none(void **state)
{
    (void)state;
    struct err err;
    struct mapped_file map, none;
    put("a", "mapped");
    put("empty", "");
    assert_ok(mapped_file_open(at("a"), &map, &err));
    mapped_file_expect_random(&map);
    assert_true(view_eq_cstr(view_of(map.ptr, map.len), "mapped"));
    assert_false(mapped_file_is_hit(&map));
    mapped_file_close(&map);
    assert_null(map.ptr);
    mapped_file_close(&map);
    assert_ok(mapped_file_open(at("empty"), &none, &err));
    assert_null(none.ptr);
    assert_int_equal(none.len, 0);
    assert_false(mapped_file_is_hit(&none));
    mapped_file_expect_random(&none);
    mapped_file_close(&none);
}

static void a_range_holds_several_files_one_behind_the_other(void **state)
{
    (void)state;
    struct err err;
    struct mapped_file range;
    size_t page = (size_t)sysconf(_SC_PAGESIZE), len;
    put("a", "first");
    put("b", "second");
    put("empty", "");
    assert_ok(mapped_range_open(3 * page, &range, &err));
    assert_ok(mapped_range_put(&range, 0, at("a"), page, &len, &err));
    assert_int_equal(len, 5);
    assert_ok(mapped_range_put(&range, page, at("b"), 6, &len, &err));
    assert_int_equal(len, 6);
    assert_ok(mapped_range_put(&range, 2 * page, at("empty"), 0, &len, &err));
    assert_int_equal(len, 0);
    assert_memory_equal(range.ptr, "first", 6);
    assert_memory_equal(range.ptr + page, "second", 7);
    assert_fails(mapped_range_put(&range, 2 * page, at("b"), 5, &len, &err), E_CORRUPT,
                 "/b grew while it was read");
    mapped_file_close(&range);
}

static void bytes_are_written_and_read_at_their_offset_whatever_calls_move(void **state)
{
    (void)state;
    struct err err;
    char got[12] = {0};
    for (int stutters = 0; stutters < 2; stutters++) {
        int fd;
        system_does.stutters = stutters;
        assert_ok(file_open_unnamed(dir, &fd, &err));
        assert_ok(fd_write_at(fd, view_cstr("rows of t"), 3, &err));
        assert_ok(fd_write_at(fd, view_cstr("all"), 0, &err));
        assert_ok(fd_read_at(fd, got, 12, 0, &err));
        assert_memory_equal(got, "allrows of t", 12);
        assert_ok(fd_read_at(fd, got, 4, 8, &err));
        assert_memory_equal(got, "of t", 4);
        close(fd);
    }
    assert_in_range(system_does.n_calls, 50, 60);
}

static void a_file_that_ends_too_early_is_corrupt(void **state)
{
    (void)state;
    struct err err;
    char got[10];
    int fd;
    assert_ok(file_open_unnamed(dir, &fd, &err));
    assert_ok(fd_write_at(fd, view_cstr("short"), 0, &err));
    assert_fails(fd_read_at(fd, got, 8, 2, &err), E_CORRUPT, "ends at offset 5, 5 bytes short");
    assert_fails(fd_read_at(fd, got, 1, 100, &err), E_CORRUPT, "ends at offset 100, 1 bytes short");
    close(fd);
}

static void a_disk_that_fails_is_told_with_what_was_asked_of_it(void **state)
{
    (void)state;
    struct err err;
    char got[5];
    int fd;
    assert_ok(file_open_unnamed(dir, &fd, &err));
    system_does.fails_with = EIO;
    assert_fails(fd_read_at(fd, got, 5, 7, &err), E_IO,
                 "cannot read 5 bytes at offset 7: Input/output error");
    assert_fails(fd_write_at(fd, view_cstr("five!"), 0, &err), E_IO, "cannot write 5 bytes: ");
    close(fd);
}

static void an_unnamed_file_is_private_and_in_no_directory(void **state)
{
    (void)state;
    struct err err;
    struct stat st;
    for (int no_tmpfile = 0; no_tmpfile < 2; no_tmpfile++) {
        char got[4];
        int fd;
        system_does.no_tmpfile = no_tmpfile;
        assert_ok(file_open_unnamed(dir, &fd, &err));
        assert_names("");
        assert_ok(fd_write_at(fd, view_cstr("body"), 0, &err));
        assert_ok(fd_read_at(fd, got, 4, 0, &err));
        assert_memory_equal(got, "body", 4);
        assert_int_equal(fstat(fd, &st), 0);
        assert_int_equal(st.st_nlink, 0);
        assert_int_equal(st.st_mode & 0777, 0600);
        assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
        close(fd);
    }
}

static void dropping_a_file_from_the_cache_leaves_its_bytes(void **state)
{
    (void)state;
    put("a", "kept");
    file_drop_cache(at("a"));
    file_drop_cache(at("missing"));
    assert_text("a", "kept");
}

static void file_replace_leaves_no_other_name(void **state)
{
    (void)state;
    put("a", "old and longer");
    put("a", "new");
    assert_text("a", "new");
    assert_names("a ");
}

/* As after a full disk, or a crash between its steps. */
static void a_replacement_that_fails_leaves_what_was_there(void **state)
{
    (void)state;
    struct err err;
    put("a", "old");
    system_does.fails_with = ENOSPC;
    assert_fails(file_replace(at("a"), view_cstr("new"), &err), E_NOSPACE,
                 "/a.tmp: cannot write 3 bytes");
    assert_fails(file_replace_both(at("a"), at("b"), view_cstr("new"), &err), E_NOSPACE,
                 "No space left");
    system_does.fails_with = 0;
    assert_text("a", "old");
    put("a", "newer"); /* over what was left behind */
    assert_text("a", "newer");
    assert_names("a ");
}

static void file_replace_both_writes_the_same_to_two_names(void **state)
{
    (void)state;
    struct err err;
    put("b", "old");
    assert_ok(file_replace_both(at("a"), at("b"), view_cstr("new"), &err));
    assert_text("a", "new");
    assert_text("b", "new");
    assert_names("a b ");
}

/* The second cannot be written: the first must not have got its name either. */
static void file_replace_both_names_neither_before_both_are_written(void **state)
{
    (void)state;
    struct err err;
    put("a", "old");
    assert_int_not_equal(file_replace_both(at("a"), at("missing/b"), view_cstr("new"), &err), OK);
    assert_text("a", "old");
}

static void dir_make_makes_all_of_a_path_and_takes_what_is_there(void **state)
{
    (void)state;
    struct err err;
    assert_ok(dir_make(at("x/y/z"), &err));
    assert_ok(dir_make(at("x/y/z"), &err));
    assert_ok(dir_make(at("x/y/other/"), &err));
    put("x/y/z/file", "in it");
    assert_int_not_equal(dir_make(at("x/y/z/file/deeper"), &err), OK);
    assert_non_null(strstr(err.msg, "x/y/z/file/deeper"));
}

static void dir_list_sorts_bytewise_and_leaves_out_the_dots(void **state)
{
    (void)state;
    struct err err;
    struct dir_names names;
    assert_names("");
    for (const char *const *name = (const char *const[]){"b", "a10", "a9", "B", ".hidden", NULL};
         *name; name++)
        put(*name, "");
    assert_names(".hidden B a10 a9 b ");
    for (int i = 0; i < 40; i++) { /* more than it makes room for at first */
        char name[16];
        snprintf(name, sizeof(name), "n%02d", i);
        put(name, "");
    }
    assert_ok(dir_list(dir, &names, &err));
    assert_int_equal(names.n, 45);
    assert_string_equal(names.names[44], "n39");
    dir_names_done(&names);
    dir_names_done(&names);
    assert_int_equal(names.n, 0);
}

static void tree_remove_takes_everything_below_and_follows_no_link(void **state)
{
    (void)state;
    struct err err;
    assert_ok(dir_make(at("kept"), &err));
    put("kept/file", "kept");
    assert_ok(dir_make(at("gone/deep/deeper"), &err));
    put("gone/file", "");
    put("gone/deep/deeper/.hidden", "");
    assert_int_equal(symlink(at("kept"), at("gone/deep/to_a_directory")), 0);
    assert_int_equal(symlink("/nowhere", at("gone/to_nothing")), 0);
    assert_ok(tree_remove(at("gone"), &err));
    assert_names("kept ");
    assert_text("kept/file", "kept");
    assert_int_equal(symlink(at("kept"), at("link")), 0);
    assert_ok(tree_remove(at("link"), &err));
    assert_ok(tree_remove(at("kept/file"), &err));
    assert_ok(tree_remove(at("missing"), &err));
    assert_names("kept ");
}

static void a_path_that_does_not_fit_is_refused(void **state)
{
    (void)state;
    struct err err;
    char path[PATH_CAP];
    assert_ok(path_format(path, &err, "%0*d", PATH_CAP - 1, 7));
    assert_int_equal(strlen(path), PATH_CAP - 1);
    assert_fails(path_format(path, &err, "%0*d", PATH_CAP, 7), E_LIMIT,
                 "path of 4096 bytes is longer than 4095");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(file_read_appends_the_whole_file),
        TEST(file_read_refuses_what_is_larger_than_its_limit),
        TEST(what_is_no_regular_file_is_refused_without_waiting_for_it),
        TEST(a_file_that_is_missing_is_not_found),
        TEST(file_size_is_that_of_the_file),
        TEST(a_mapping_shows_the_file_and_an_empty_file_has_none),
        TEST(a_range_holds_several_files_one_behind_the_other),
        TEST(bytes_are_written_and_read_at_their_offset_whatever_calls_move),
        TEST(a_file_that_ends_too_early_is_corrupt),
        TEST(a_disk_that_fails_is_told_with_what_was_asked_of_it),
        TEST(an_unnamed_file_is_private_and_in_no_directory),
        TEST(dropping_a_file_from_the_cache_leaves_its_bytes),
        TEST(file_replace_leaves_no_other_name),
        TEST(a_replacement_that_fails_leaves_what_was_there),
        TEST(file_replace_both_writes_the_same_to_two_names),
        TEST(file_replace_both_names_neither_before_both_are_written),
        TEST(dir_make_makes_all_of_a_path_and_takes_what_is_there),
        TEST(dir_list_sorts_bytewise_and_leaves_out_the_dots),
        TEST(tree_remove_takes_everything_below_and_follows_no_link),
        TEST(a_path_that_does_not_fit_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
