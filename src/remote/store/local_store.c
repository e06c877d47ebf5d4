#include "remote/store/local_store.h"

#include "base/file.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * A folder of somebody else's, which may change at any moment. Files are never mapped, since a file
 * that is truncated while it is mapped kills the process (docs/decisions/0003). Each read opens the
 * file again and compares it with the listing, so a file that was replaced fails the read with
 * E_CHANGED, and the load starts again.
 */

/* A file is open only while it is read, since a partition may have more files than a process may
 * have descriptors. */
struct local_object {
    struct object base;
    const struct object_info *info; /* borrowed; or `own`, where the version was not known */
    struct object_info own;
};

/* The thread that waits for a read does it: the kernel already reads ahead. */
struct local_read {
    struct object_read base;
    const struct local_object *object;
    const struct remote_op *op;
    size_t n;
    struct byte_range ranges[];
};

static void describe(const struct stat *st, const char *name, struct object_info *out)
{
    char version[96];
    int64_t ns = (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec;
    /* The inode's change time is part of the version, since tar and rsync -t set the modification
     * time to that of an older file. Nothing can set the change time. */
    snprintf(version, sizeof(version), "%lld %llu %lld.%09ld", (long long)ns,
             (unsigned long long)st->st_ino, (long long)st->st_ctim.tv_sec, st->st_ctim.tv_nsec);
    *out = (struct object_info){.name = mem_strdup(name),
                                .size = (uint64_t)st->st_size,
                                .version = mem_strdup(version),
                                .modified_ms = ns / 1000000};
}

/* Listing does not fail for one bad name, which may not be needed. A caller that needs the file
 * reports the error. */
static void add_unreadable(const char *name, int error, struct object_list *out)
{
    struct object_info info = {
        .name = mem_strdup(name), .version = mem_strdup(""), .unreadable = error};
    object_list_add(out, &info);
}

/* Whether the name itself exists: true for a link to nowhere, false for a file that was removed
 * since the folder was read. */
static bool is_there(const char *path)
{
    struct stat st;
    return lstat(path, &st) == 0;
}

/* List one name. One that was removed meanwhile is left out; a link to nowhere or in a loop is
 * listed as unreadable. */
must_use static enum code list_one(const char *root, const char *name, struct object_list *out,
                                   struct err *err)
{
    char path[PATH_CAP];
    struct stat st;
    TRY(path_format(path, err, "%s/%s", root, name));
    if (stat(path, &st) < 0) {
        int error = errno;
        if ((error != ENOENT && error != ENOTDIR) || is_there(path))
            add_unreadable(name, error, out);
        return OK;
    }
    if (S_ISDIR(st.st_mode)) {
        TRY(path_format(path, err, "%s/", name));
        object_list_add_folder(out, path);
    } else if (S_ISREG(st.st_mode)) {
        struct object_info info;
        describe(&st, name, &info);
        object_list_add(out, &info);
    }
    return OK;
}

static enum code local_list(struct object_store *s, const char *folder, const char *from,
                            const struct remote_op *op, struct object_list *out, struct err *err)
{
    char path[PATH_CAP];
    AUTO(dir_names) struct dir_names names = {0};
    TRY(path_format(path, err, "%s%s%s", s->shown, folder[0] ? "/" : "", folder));
    enum code rc = dir_list(path, &names, err);
    if (rc == E_NOTFOUND && folder[0])
        return OK; /* as in a bucket, where a folder without objects does not exist */
    if (rc && errno == ENOTDIR && !folder[0])
        return err_set(err, E_INVALID, "source %s is a file; give the folder that it is in",
                       s->shown);
    if (rc == E_NOTFOUND)
        return err_set(err, rc, "source folder %s does not exist", s->shown);
    TRY(rc);
    for (size_t i = 0; i < names.n; i++) {
        TRY(remote_op_check(op, err));
        TRY(path_format(path, err, "%s%s", folder, names.names[i]));
        if (!from || strcmp(path, from) >= 0)
            TRY(list_one(s->shown, path, out, err));
    }
    return OK;
}

static enum code local_stat(struct object_store *s, const char *name, const struct remote_op *op,
                            struct object_info *out, struct err *err)
{
    char path[PATH_CAP];
    struct stat st;
    TRY(remote_op_check(op, err));
    TRY(path_format(path, err, "%s/%s", s->shown, name));
    if (stat(path, &st) < 0)
        return err_errno(err, errno == ENOENT ? E_NOTFOUND : E_IO, "cannot stat %s", path);
    describe(&st, name, out);
    return OK;
}

/* Whoever does not know the version gets the one that is there now. */
must_use static enum code learn_version(struct local_object *o, struct err *err)
{
    static const struct remote_op no_bound;
    const struct object_info *known = o->info;
    enum code rc = local_stat(o->base.store, known->name, &no_bound, &o->own, err);
    if (rc == E_NOTFOUND)
        return err_set(err, E_CHANGED, "file %s/%s is gone", o->base.store->shown, known->name);
    TRY(rc);
    if (o->own.size != known->size)
        return err_set(err, E_CHANGED, "file %s/%s has %llu bytes instead of %llu",
                       o->base.store->shown, known->name, (unsigned long long)o->own.size,
                       (unsigned long long)known->size);
    o->info = &o->own;
    return OK;
}

static enum code local_open(struct object_store *s, const struct object_info *info,
                            struct object **out, struct err *err)
{
    struct local_object *o = mem_zalloc(sizeof(*o));
    *o = (struct local_object){.base = {s}, .info = info};
    /* Whether a known version is still there shows at the first read. */
    enum code rc = info->version[0] ? OK : learn_version(o, err);
    if (rc) {
        object_info_done(&o->own);
        free(o);
        return rc;
    }
    *out = &o->base;
    return OK;
}

static void local_close_object(struct object *base)
{
    object_info_done(&((struct local_object *)base)->own);
    free(base);
}

/* Whether the open file is the one that was listed. Compared after opening, so it cannot be
 * replaced in between. */
must_use static enum code check_same(int fd, const struct object_info *info, struct err *err)
{
    struct stat st;
    if (fstat(fd, &st) < 0)
        return err_errno(err, E_IO, "cannot stat");
    if ((uint64_t)st.st_size != info->size)
        return err_set(err, E_CHANGED, "has %lld bytes, but had %llu when it was listed",
                       (long long)st.st_size, (unsigned long long)info->size);
    struct object_info now;
    describe(&st, info->name, &now);
    bool same = strcmp(now.version, info->version) == 0;
    object_info_done(&now);
    return same ? OK : err_set(err, E_CHANGED, "was replaced since it was listed");
}

static void fd_done(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

must_use static enum code open_same(const struct local_object *o, int *out_fd, struct err *err)
{
    char path[PATH_CAP];
    TRY(path_format(path, err, "%s/%s", o->base.store->shown, o->info->name));
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return err_errno(err, errno == ENOENT ? E_CHANGED : E_IO, "cannot open %s", path);
    enum code rc = check_same(fd, o->info, err);
    if (rc) {
        close(fd);
        return err_in(err, rc, "file %s", path);
    }
    *out_fd = fd;
    return OK;
}

static struct object_read *local_read_start(struct object *base, const struct byte_range *ranges,
                                            size_t n, const struct remote_op *op)
{
    struct local_read *r = mem_zalloc(sizeof(*r) + n * sizeof(*ranges));
    *r = (struct local_read){{base->store}, (struct local_object *)base, op, n};
    memcpy(r->ranges, ranges, n * sizeof(*ranges));
    return &r->base;
}

must_use static enum code read_ranges(const struct local_read *r, struct err *err)
{
    AUTO(fd) int fd = -1;
    if (r->n == 0)
        return OK;
    TRY(open_same(r->object, &fd, err));
    for (size_t i = 0; i < r->n; i++) {
        const struct byte_range *range = &r->ranges[i];
        TRY(remote_op_check(r->op, err));
        TRY(fd_read_at(fd, range->out, range->len, range->offset, err));
        remote_op_count(r->op, range->len);
    }
    return OK;
}

static enum code local_read_finish(struct object_read *base, struct err *err)
{
    enum code rc = read_ranges((struct local_read *)base, err);
    free(base);
    return rc;
}

static void local_close(struct object_store *s)
{
    free(s->shown);
    free(s->identity);
    free(s);
}

struct object_store *local_store_new(const char *path)
{
    static const struct object_store_ops ops = {
        .kind = "local",
        .list = local_list,
        .stat = local_stat,
        .open = local_open,
        .close_object = local_close_object,
        .read_start = local_read_start,
        .read_finish = local_read_finish,
        .close = local_close,
    };
    struct object_store *s = mem_zalloc(sizeof(*s));
    *s = (struct object_store){.ops = &ops, .shown = mem_strdup(path)};
    AUTO(buf) struct buf identity = {0};
    buf_printf(&identity, "local %s", path);
    s->identity = mem_strdup(buf_cstr(&identity));
    return s;
}
