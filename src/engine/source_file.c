#include "engine/source_file.h"

#include "base/file.h"
#include "base/mem.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

must_use static enum code read_footer(struct source_file *f, const struct pq_limits *limits,
                                      struct err *err)
{
    /* Most footers lie within the last 64 KiB; a longer one takes a second read. */
    size_t tail_len = f->size < PQ_TAIL_GOOD ? (size_t)f->size : PQ_TAIL_GOOD;
    AUTO(buf) struct buf tail = {0};
    TRY(source_file_read(f, f->size - tail_len, tail_len, buf_reserve(&tail, tail_len), err));
    tail.len = tail_len;
    uint64_t offset;
    uint32_t len;
    TRY(pq_footer_locate(buf_view(&tail), f->size, limits, &offset, &len, err));
    uint64_t tail_offset = f->size - tail_len;
    if (offset >= tail_offset)
        return pq_file_parse(view_of(tail.ptr + (offset - tail_offset), len), f->size, limits,
                             &f->pq, err);
    AUTO(buf) struct buf footer = {0};
    TRY(source_file_read(f, offset, len, buf_reserve(&footer, len), err));
    footer.len = len;
    return pq_file_parse(buf_view(&footer), f->size, limits, &f->pq, err);
}

enum code source_file_open(const struct partition_file *file, const struct pq_limits *limits,
                           struct source_file *out_file, struct err *err)
{
    struct source_file f = {.name = file->name,
                            .fd = open(file->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
    if (f.fd < 0)
        return err_errno(err, E_IO, "cannot open %s", file->path);
    struct stat st;
    enum code rc = OK;
    if (fstat(f.fd, &st) < 0)
        rc = err_errno(err, E_IO, "cannot stat");
    else if ((uint64_t)st.st_size != file->size)
        rc = err_set(err, E_IO, "has %lld bytes, it had %llu when it was listed",
                     (long long)st.st_size, (unsigned long long)file->size);
    f.size = file->size;
    if (!rc)
        rc = read_footer(&f, limits, err);
    if (rc) {
        source_file_close(&f);
        return err_in(err, rc, "file %s", file->path);
    }
    *out_file = f;
    return OK;
}

void source_file_close(struct source_file *f)
{
    pq_file_free(f->pq);
    if (f->fd >= 0)
        close(f->fd);
    *f = (struct source_file){.fd = -1};
}

enum code source_file_read(const struct source_file *f, uint64_t offset, size_t len, uint8_t *out,
                           struct err *err)
{
    return fd_read_at(f->fd, out, len, offset, err);
}
