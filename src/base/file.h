/* Files and directories: whole-file reads, mappings, durable writes. Paths are NUL-terminated. */
#ifndef MURR_BASE_FILE_H
#define MURR_BASE_FILE_H

#include "base/buf.h"
#include "base/err.h"

#include <stdatomic.h>
#include <stdbool.h>

/* A read-only mapping. Zeroed means: nothing mapped. */
struct mapped_file {
    const uint8_t *ptr; /* NULL when the file is empty */
    size_t len;
    _Atomic bool *hit; /* some page could not be read (base/fault.h); NULL when the file is empty */
};

/* Whether some page of a mapping could not be read. */
bool mapped_file_is_hit(const struct mapped_file *map);

/* Reserve a range of addresses for several files in a row. Closing the range unmaps the files
 * too. */
must_use enum code mapped_range_open(size_t len, struct mapped_file *out_range, struct err *err);
/* Map a file at a page of such a range. Fails as mapped_file_open, and E_CORRUPT where it is longer
 * than `room`. */
must_use enum code mapped_range_put(const struct mapped_file *range, size_t at, const char *path,
                                    size_t room, size_t *out_len, struct err *err);

/* Fails E_NOTFOUND, E_IO, or E_NOMEM where the mapping is refused. */
must_use enum code mapped_file_open(const char *path, struct mapped_file *out_map, struct err *err);
/* Tell the kernel that reads will be random: it then loads single pages, without their
 * neighbours. */
void mapped_file_expect_random(const struct mapped_file *map);
void mapped_file_close(struct mapped_file *map);

/* Append the whole file to `out`. Fails E_LIMIT when it is larger than `max_bytes`. */
must_use enum code file_read(const char *path, size_t max_bytes, struct buf *out, struct err *err);

/* Open a regular file to read; the caller closes the descriptor. */
must_use enum code file_open(const char *path, int *out_fd, struct err *err);

/* A file without a name, to read and write: it is gone once it is closed, even by a crash. Where
 * the file system has no O_TMPFILE (NFS, many of FUSE, old overlayfs), the file gets a name that is
 * removed at once. */
must_use enum code file_open_unnamed(const char *dir, int *out_fd, struct err *err);

/* Fails E_NOTFOUND, E_IO. */
must_use enum code file_size(const char *path, uint64_t *out_bytes, struct err *err);

/* Drop a file from the page cache. Only for files that nobody maps or reads at the moment: the
 * kernel makes such readers wait. */
void file_drop_cache(const char *path);

/* Write all of the bytes at `offset` of an open file, despite short writes and signals. */
must_use enum code fd_write_at(int fd, struct view bytes, uint64_t offset, struct err *err);

/* Exactly `len` bytes from `offset`; a file that ends earlier is E_CORRUPT. */
must_use enum code fd_read_at(int fd, void *out, size_t len, uint64_t offset, struct err *err);

/* Write `path` so that after a crash it has the old content or the new, never a mixture: temporary
 * name, fsync, rename, fsync of the directory. */
must_use enum code file_replace(const char *path, struct view bytes, struct err *err);

/* Write two files of one directory with the same content. Both are on disk before either is
 * renamed, and `first` is renamed before `second`. */
must_use enum code file_replace_both(const char *first, const char *second, struct view bytes,
                                     struct err *err);

/* Make the names in a directory durable. */
must_use enum code dir_sync(const char *path, struct err *err);

/* mkdir -p. An existing directory is fine. */
must_use enum code dir_make(const char *path, struct err *err);

/* rm -rf of a directory or file; a missing one is fine. Symbolic links are removed, not
 * followed. */
must_use enum code tree_remove(const char *path, struct err *err);

/* The names in a directory, without "." and "..", sorted bytewise. Free with dir_names_done. */
struct dir_names {
    char **names;
    size_t n;
};
must_use enum code dir_list(const char *path, struct dir_names *out_names, struct err *err);
void dir_names_done(struct dir_names *names);

/* snprintf into a fixed path; a path that does not fit is E_LIMIT. */
#define PATH_CAP 4096
printf_like(3, 4) must_use enum code
    path_format(char out[static PATH_CAP], struct err *err, const char *fmt, ...);

#endif
