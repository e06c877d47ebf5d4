#include "engine/fetched.h"

#include "base/file.h"
#include "base/mem.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

/* Chunks begin at multiples of this. */
static uint64_t padded(uint64_t len)
{
    return (len + 15) & ~(uint64_t)15;
}

enum code chunk_ranges(const struct fetch_place *place, struct chunk_range *ranges,
                       uint64_t *out_total, struct err *err)
{
    uint64_t total = 0;
    for (size_t i = 0; i < place->n_columns; i++) {
        TRY(pq_chunk_range(place->file->pq, place->row_group, place->columns[i], &ranges[i].offset,
                           &ranges[i].len, err));
        total += padded(ranges[i].len);
    }
    *out_total = total;
    return OK;
}

must_use static enum code copy_to_file(const struct fetched *f, const struct source_file *file,
                                       int fd, struct err *err)
{
    AUTO(buf) struct buf piece = {0};
    const size_t piece_bytes = 1u << 20;
    buf_reserve(&piece, piece_bytes);
    uint64_t at = 0;
    for (size_t i = 0; i < f->n_ranges; i++) {
        const struct chunk_range *range = &f->ranges[i];
        for (uint64_t done = 0; done < range->len;) {
            uint64_t left = range->len - done;
            size_t len = left < piece_bytes ? (size_t)left : piece_bytes;
            TRY(source_file_read(file, range->offset + done, len, piece.ptr, err));
            TRY(fd_write_at(fd, view_of(piece.ptr, len), at + done, err));
            done += len;
        }
        at += padded(range->len);
    }
    return OK;
}

static void fd_done(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

must_use static enum code read_to_file(struct fetched *f, const struct source_file *file,
                                       uint64_t total, const char *temp_dir, struct err *err)
{
    AUTO(fd) int fd = open(temp_dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0)
        return err_errno(err, E_IO, "cannot create a temporary file in %s", temp_dir);
    if (ftruncate(fd, (off_t)total) < 0)
        return err_errno(err, E_IO, "cannot make room for %llu bytes in %s",
                         (unsigned long long)total, temp_dir);
    TRY(copy_to_file(f, file, fd, err));
    void *ptr = mmap(NULL, total, PROT_READ, MAP_SHARED, fd, 0);
    if (ptr == MAP_FAILED)
        return err_errno(err, E_NOMEM, "cannot map %llu bytes", (unsigned long long)total);
    f->bytes = ptr;
    f->is_mapped = true;
    return OK;
}

must_use static enum code read_to_memory(struct fetched *f, const struct source_file *file,
                                         uint64_t total, struct err *err)
{
    buf_reset(&f->memory);
    uint8_t *to = buf_reserve(&f->memory, total);
    f->bytes = to;
    for (size_t i = 0; i < f->n_ranges; i++) {
        TRY(source_file_read(file, f->ranges[i].offset, f->ranges[i].len, to, err));
        to += padded(f->ranges[i].len);
    }
    return OK;
}

enum code fetched_read(struct fetched *f, const struct fetch_place *place, uint64_t memory_bytes,
                       const char *temp_dir, struct err *err)
{
    fetched_reset(f);
    f->ranges = mem_realloc(f->ranges, place->n_columns * sizeof(*f->ranges));
    f->n_ranges = place->n_columns;
    TRY(chunk_ranges(place, f->ranges, &f->len, err));
    if (f->len <= memory_bytes)
        return read_to_memory(f, place->file, f->len, err);
    return read_to_file(f, place->file, f->len, temp_dir, err);
}

enum code fetched_start(const struct fetched *f, const struct fetch_place *place,
                        struct pq_chunk *const *chunks, struct err *err)
{
    const uint8_t *at = f->bytes;
    for (size_t i = 0; i < f->n_ranges; i++) {
        TRY(pq_chunk_start(chunks[i], place->file->pq, place->row_group, place->columns[i],
                           view_of(at, f->ranges[i].len), err));
        at += padded(f->ranges[i].len);
    }
    return OK;
}

void fetched_reset(struct fetched *f)
{
    if (f->is_mapped)
        munmap((void *)f->bytes, f->len);
    f->bytes = NULL;
    f->len = 0;
    f->is_mapped = false;
}

void fetched_done(struct fetched *f)
{
    fetched_reset(f);
    free(f->ranges);
    buf_done(&f->memory);
    *f = (struct fetched){0};
}
