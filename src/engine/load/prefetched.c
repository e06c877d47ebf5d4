#include "engine/load/prefetched.h"

#include "base/file.h"
#include "base/mem.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

static const uint64_t gap_bytes_max = 1u << 20;
static const uint64_t gap_part = 32; /* gaps may be 1/32 of the wanted bytes of a run */

/* ---------------------------------------------------------------------------------------- plan */

/* A chunk that is wanted, with its place in the file. */
struct wanted {
    uint64_t offset, len;
    size_t column; /* index into the place's columns */
};

static int compare_wanted(const void *a, const void *b)
{
    const struct wanted *x = a, *y = b;
    return (x->offset > y->offset) - (x->offset < y->offset);
}

/* Runs begin at multiples of 16 in memory. */
static uint64_t padded(uint64_t len)
{
    return (len + 15) & ~(uint64_t)15;
}

/* Whether to read the gap before `next` as well. A chunk that overlaps the run, which only a broken
 * file has, gets a run of its own. */
static bool is_worth_joining(const struct byte_range *run, uint64_t n_wanted,
                             const struct wanted *next)
{
    uint64_t end = run->offset + run->len;
    if (next->offset < end)
        return false;
    uint64_t gap = next->offset - end;
    return gap <= gap_bytes_max && (run->len - n_wanted + gap) * gap_part <= n_wanted + next->len;
}

static struct byte_range *add_run(struct prefetched *f, uint64_t offset)
{
    f->run_at[f->n_runs] = padded(f->len);
    f->runs[f->n_runs] = (struct byte_range){.offset = offset};
    return &f->runs[f->n_runs++];
}

/* Make runs of the chunks, which are sorted by offset, and note where each chunk will be in
 * memory. */
static void make_runs(struct prefetched *f, const struct wanted *wanted)
{
    uint64_t n_wanted = 0;
    for (size_t i = 0; i < f->n_chunks; i++) {
        const struct wanted *w = &wanted[i];
        struct byte_range *run = f->n_runs ? &f->runs[f->n_runs - 1] : NULL;
        if (!run || !is_worth_joining(run, n_wanted, w)) {
            run = add_run(f, w->offset);
            n_wanted = 0;
        }
        n_wanted += w->len;
        run->len = w->offset + w->len - run->offset;
        uint64_t run_at = f->run_at[f->n_runs - 1];
        f->chunks[w->column] = (struct chunk_place){run_at + (w->offset - run->offset), w->len};
        f->len = run_at + run->len;
    }
}

enum code prefetched_plan(struct prefetched *f, const struct prefetch_place *place, struct err *err)
{
    prefetched_reset(f);
    size_t n = place->n_columns;
    AUTO(ptr) struct wanted *wanted = mem_alloc((n + 1) * sizeof(*wanted));
    for (size_t i = 0; i < n; i++) {
        wanted[i].column = i;
        TRY(pq_chunk_range(place->file->pq, place->row_group, place->columns[i], &wanted[i].offset,
                           &wanted[i].len, err));
    }
    if (n)
        qsort(wanted, n, sizeof(*wanted), compare_wanted);
    f->chunks = mem_realloc(f->chunks, (n + 1) * sizeof(*f->chunks));
    f->runs = mem_realloc(f->runs, (n + 1) * sizeof(*f->runs));
    f->run_at = mem_realloc(f->run_at, (n + 1) * sizeof(*f->run_at));
    f->n_chunks = n;
    make_runs(f, wanted);
    return OK;
}

/* ------------------------------------------------------------------------------------ to memory */

void prefetched_begin(struct prefetched *f, const struct prefetch_place *place,
                      const struct remote_op *op)
{
    f->bytes = buf_reserve(&f->memory, f->len);
    for (size_t i = 0; i < f->n_runs; i++)
        f->runs[i].out = f->bytes + f->run_at[i];
    f->reading = source_file_read(place->file, f->runs, f->n_runs, op);
}

enum code prefetched_finish(struct prefetched *f, struct err *err)
{
    struct object_read *reading = f->reading;
    f->reading = NULL;
    return object_read_finish(reading, err);
}

/* ------------------------------------------------------------------------------------ to a file */

must_use static enum code copy_run(const struct source_file *file, const struct byte_range *run,
                                   uint64_t at, int fd, uint64_t piece_bytes,
                                   const struct remote_op *op, struct err *err)
{
    AUTO(buf) struct buf piece = {0};
    for (uint64_t done = 0; done < run->len;) {
        uint64_t left = run->len - done, len = left < piece_bytes ? left : piece_bytes;
        struct byte_range range = {run->offset + done, len, buf_reserve(&piece, len), false};
        TRY(object_read_finish(source_file_read(file, &range, 1, op), err));
        TRY(fd_write_at(fd, view_of(piece.ptr, len), at + done, err));
        done += len;
    }
    return OK;
}

static void fd_done(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

must_use static enum code read_to_file(struct prefetched *f, const struct source_file *file,
                                       uint64_t piece_bytes, const char *temp_dir,
                                       const struct remote_op *op, struct err *err)
{
    AUTO(fd) int fd = -1;
    TRY(file_open_unnamed(temp_dir, &fd, err));
    if (ftruncate(fd, (off_t)f->len) < 0)
        return err_errno(err, code_of_errno(), "cannot make room for %llu bytes in %s",
                         (unsigned long long)f->len, temp_dir);
    for (size_t i = 0; i < f->n_runs; i++)
        TRY(copy_run(file, &f->runs[i], f->run_at[i], fd, piece_bytes, op, err));
    void *ptr = mmap(NULL, f->len, PROT_READ, MAP_SHARED, fd, 0);
    if (ptr == MAP_FAILED)
        return err_errno(err, E_NOMEM, "cannot map %llu bytes", (unsigned long long)f->len);
    f->bytes = ptr;
    f->is_mapped = true;
    return OK;
}

enum code prefetched_read(struct prefetched *f, const struct prefetch_place *place,
                          uint64_t memory_bytes, const char *temp_dir, const struct remote_op *op,
                          struct err *err)
{
    TRY(prefetched_plan(f, place, err));
    if (f->len > memory_bytes)
        return read_to_file(f, place->file, memory_bytes, temp_dir, op, err);
    prefetched_begin(f, place, op);
    return prefetched_finish(f, err);
}

void prefetched_chunks(const struct prefetched *f, struct view *out)
{
    for (size_t i = 0; i < f->n_chunks; i++)
        out[i] = view_of(f->bytes + f->chunks[i].at, f->chunks[i].len);
}

void prefetched_reset(struct prefetched *f)
{
    struct err ignored;
    if (f->reading && object_read_finish(f->reading, &ignored))
        f->reading = NULL; /* the bytes are not wanted, so neither is the error */
    if (f->is_mapped)
        munmap(f->bytes, f->len);
    f->bytes = NULL;
    f->reading = NULL;
    f->len = 0;
    f->n_runs = f->n_chunks = 0;
    f->is_mapped = false;
}

void prefetched_done(struct prefetched *f)
{
    prefetched_reset(f);
    free(f->chunks);
    free(f->runs);
    free(f->run_at);
    buf_done(&f->memory);
    *f = (struct prefetched){0};
}
