#include "base/file.h"

#include "base/fault.h"
#include "base/mem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static void fd_done(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

must_use static enum code open_read(const char *path, int *out_fd, struct stat *out_stat,
                                    struct err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO must not block us */
    if (fd < 0)
        return err_errno(err, code_of_errno(), "cannot open %s", path);
    if (fstat(fd, out_stat) < 0) {
        close(fd);
        return err_errno(err, E_IO, "cannot stat %s", path);
    }
    if (!S_ISREG(out_stat->st_mode)) {
        close(fd);
        return err_set(err, E_INVALID, "%s is not a regular file", path);
    }
    *out_fd = fd;
    return OK;
}

static struct mapped_file watched(const void *ptr, size_t len)
{
    struct mapped_file map = {ptr, len, mem_zalloc(sizeof(*map.hit))};
    fault_watch_add(ptr, len, map.hit);
    return map;
}

enum code mapped_file_open(const char *path, struct mapped_file *out_map, struct err *err)
{
    AUTO(fd) int fd = -1;
    struct stat st;
    TRY(open_read(path, &fd, &st, err));
    if (st.st_size == 0) {
        *out_map = (struct mapped_file){0};
        return OK;
    }
    void *ptr = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
    if (ptr == MAP_FAILED)
        return err_errno(err, E_NOMEM, "cannot map %lld bytes of %s", (long long)st.st_size, path);
    *out_map = watched(ptr, (size_t)st.st_size);
    return OK;
}

bool mapped_file_is_hit(const struct mapped_file *map)
{
    return map->hit && atomic_load_explicit(map->hit, memory_order_acquire);
}

enum code mapped_range_open(size_t len, struct mapped_file *out_range, struct err *err)
{
    void *ptr = mmap(NULL, len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (ptr == MAP_FAILED)
        return err_errno(err, E_NOMEM, "cannot reserve %zu bytes of addresses", len);
    *out_range = watched(ptr, len);
    return OK;
}

enum code mapped_range_put(const struct mapped_file *range, size_t at, const char *path,
                           size_t room, size_t *out_len, struct err *err)
{
    AUTO(fd) int fd = -1;
    struct stat st;
    TRY(open_read(path, &fd, &st, err));
    size_t len = (size_t)st.st_size;
    if (len > room)
        return err_set(err, E_CORRUPT, "%s grew while it was read", path);
    void *to = (void *)(uintptr_t)(range->ptr + at);
    if (len && mmap(to, len, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED)
        return err_errno(err, E_NOMEM, "cannot map %zu bytes of %s", len, path);
    *out_len = len;
    return OK;
}

void mapped_file_expect_random(const struct mapped_file *map)
{
    if (map->ptr)
        madvise((void *)(uintptr_t)map->ptr, map->len, MADV_RANDOM);
}

void mapped_file_close(struct mapped_file *map)
{
    if (map->ptr) {
        fault_watch_remove(map->ptr);
        munmap((void *)map->ptr, map->len);
        free(map->hit);
    }
    *map = (struct mapped_file){0};
}

enum code file_read(const char *path, size_t max_bytes, struct buf *out, struct err *err)
{
    AUTO(fd) int fd = -1;
    struct stat st;
    TRY(open_read(path, &fd, &st, err));
    if ((uint64_t)st.st_size > max_bytes)
        return err_set(err, E_LIMIT, "%s has %lld bytes, more than the limit of %zu", path,
                       (long long)st.st_size, max_bytes);
    size_t len = (size_t)st.st_size;
    uint8_t *to = buf_reserve(out, len);
    enum code rc = fd_read_at(fd, to, len, 0, err);
    if (rc)
        return err_in(err, rc, "%s", path);
    out->len += len;
    return OK;
}

enum code file_open(const char *path, int *out_fd, struct err *err)
{
    struct stat st;
    return open_read(path, out_fd, &st, err);
}

enum code file_open_unnamed(const char *dir, int *out_fd, struct err *err)
{
    char path[PATH_CAP];
    int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0) { /* file systems without it fail with different codes */
        TRY(path_format(path, err, "%s/.unnamed-XXXXXX", dir));
        fd = mkostemp(path, O_CLOEXEC);
        if (fd < 0)
            return err_errno(err, code_of_errno(), "cannot create a file in %s", dir);
        unlink(path);
    }
    *out_fd = fd;
    return OK;
}

enum code file_size(const char *path, uint64_t *out_bytes, struct err *err)
{
    AUTO(fd) int fd = -1;
    struct stat st;
    TRY(open_read(path, &fd, &st, err));
    *out_bytes = (uint64_t)st.st_size;
    return OK;
}

void file_drop_cache(const char *path)
{
    AUTO(fd) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd >= 0)
        posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
}

enum code fd_write_at(int fd, struct view bytes, uint64_t offset, struct err *err)
{
    while (bytes.len) {
        ssize_t n = pwrite(fd, bytes.ptr, bytes.len, (off_t)offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_errno(err, code_of_errno(), "cannot write %zu bytes", bytes.len);
        bytes = view_of(bytes.ptr + n, bytes.len - (size_t)n);
        offset += (uint64_t)n;
    }
    return OK;
}

enum code fd_read_at(int fd, void *out, size_t len, uint64_t offset, struct err *err)
{
    uint8_t *to = out;
    while (len) {
        ssize_t n = pread(fd, to, len, (off_t)offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_errno(err, E_IO, "cannot read %zu bytes at offset %llu", len,
                             (unsigned long long)offset);
        if (n == 0)
            return err_set(err, E_CORRUPT, "ends at offset %llu, %zu bytes short",
                           (unsigned long long)offset, len);
        to += n;
        len -= (size_t)n;
        offset += (uint64_t)n;
    }
    return OK;
}

must_use static enum code sync_parent(const char *path, struct err *err)
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        return dir_sync(".", err);
    AUTO(ptr) char *dir = mem_strndup(path, slash == path ? 1 : (size_t)(slash - path));
    return dir_sync(dir, err);
}

/*
 * Why a replaced file is whole after a crash: the new content is on disk (fsync) before the rename
 * makes it visible, and rename is atomic. The fsync of the directory makes the rename itself
 * durable; without it, a crash could bring the old file back after the caller was told that the new
 * one is stored.
 */

/* "<path>.tmp", on disk. */
must_use static enum code write_tmp(const char *path, struct view bytes, char tmp[static PATH_CAP],
                                    struct err *err)
{
    TRY(path_format(tmp, err, "%s.tmp", path));
    AUTO(fd) int fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0)
        return err_errno(err, code_of_errno(), "cannot create %s", tmp);
    enum code rc = fd_write_at(fd, bytes, 0, err);
    if (rc)
        return err_in(err, rc, "%s", tmp);
    if (fsync(fd) < 0)
        return err_errno(err, code_of_errno(), "cannot fsync %s", tmp);
    return OK;
}

must_use static enum code name_tmp(const char *tmp, const char *path, struct err *err)
{
    if (rename(tmp, path) < 0)
        return err_errno(err, code_of_errno(), "cannot rename %s to %s", tmp, path);
    return OK;
}

enum code file_replace(const char *path, struct view bytes, struct err *err)
{
    char tmp[PATH_CAP];
    TRY(write_tmp(path, bytes, tmp, err));
    TRY(name_tmp(tmp, path, err));
    return sync_parent(path, err);
}

enum code file_replace_both(const char *first, const char *second, struct view bytes,
                            struct err *err)
{
    char first_tmp[PATH_CAP], second_tmp[PATH_CAP];
    TRY(write_tmp(first, bytes, first_tmp, err));
    TRY(write_tmp(second, bytes, second_tmp, err));
    TRY(name_tmp(first_tmp, first, err));
    TRY(name_tmp(second_tmp, second, err));
    return sync_parent(second, err);
}

enum code dir_sync(const char *path, struct err *err)
{
    AUTO(fd) int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return err_errno(err, code_of_errno(), "cannot open directory %s", path);
    if (fsync(fd) < 0 && errno != EINVAL) /* some file systems cannot sync a directory */
        return err_errno(err, code_of_errno(), "cannot fsync directory %s", path);
    return OK;
}

/* Each prefix of the path in turn. A directory that another process makes meanwhile is as good as
 * ours. */
enum code dir_make(const char *path, struct err *err)
{
    AUTO(ptr) char *p = mem_strdup(path);
    for (char *slash = p + 1;; slash++) {
        if (*slash != '/' && *slash != '\0')
            continue;
        char kept = *slash;
        *slash = '\0';
        if (mkdir(p, 0755) < 0 && errno != EEXIST)
            return err_errno(err, code_of_errno(), "cannot create directory %s", p);
        if (kept == '\0')
            return OK;
        *slash = kept;
    }
}

/* Relative to open directories, and never through a symbolic link: so a link planted below `path`
 * cannot lead us outside. */
must_use static enum code remove_in(int dir_fd, const char *name, struct err *err)
{
    if (unlinkat(dir_fd, name, 0) == 0 || errno == ENOENT)
        return OK;
    if (errno != EISDIR && errno != EPERM)
        return err_errno(err, E_IO, "cannot remove %s", name);
    int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (!dir) {
        if (fd >= 0)
            close(fd);
        return err_errno(err, E_IO, "cannot open directory %s", name);
    }
    enum code rc = OK;
    for (struct dirent *e; rc == OK && (e = readdir(dir));)
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            rc = remove_in(dirfd(dir), e->d_name, err);
    closedir(dir);
    if (rc == OK && unlinkat(dir_fd, name, AT_REMOVEDIR) < 0)
        rc = err_errno(err, E_IO, "cannot remove directory %s", name);
    return rc;
}

enum code tree_remove(const char *path, struct err *err)
{
    return remove_in(AT_FDCWD, path, err);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

enum code dir_list(const char *path, struct dir_names *out_names, struct err *err)
{
    DIR *dir = opendir(path);
    if (!dir)
        return err_errno(err, code_of_errno(), "cannot list %s", path);
    struct dir_names names = {0};
    size_t cap = 0;
    for (struct dirent *e; (errno = 0, e = readdir(dir));) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        if (names.n == cap) {
            cap = cap ? cap * 2 : 16;
            names.names = mem_realloc(names.names, cap * sizeof(*names.names));
        }
        names.names[names.n++] = mem_strdup(e->d_name);
    }
    int failed = errno;
    closedir(dir);
    if (failed) {
        errno = failed;
        dir_names_done(&names);
        return err_errno(err, E_IO, "cannot list %s", path);
    }
    if (names.n)
        qsort(names.names, names.n, sizeof(*names.names), by_name);
    *out_names = names;
    return OK;
}

void dir_names_done(struct dir_names *names)
{
    for (size_t i = 0; i < names->n; i++)
        free(names->names[i]);
    free(names->names);
    *names = (struct dir_names){0};
}

enum code path_format(char out[static PATH_CAP], struct err *err, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(out, PATH_CAP, fmt, ap);
    va_end(ap);
    if (n < 0 || n >= PATH_CAP)
        return err_set(err, E_LIMIT, "path of %d bytes is longer than %d: %.60s...", n,
                       PATH_CAP - 1, out);
    return OK;
}
