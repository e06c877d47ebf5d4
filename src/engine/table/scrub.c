#include "engine/table/scrub.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/table/commit.h"
#include "engine/table/damage.h"
#include "engine/table/restore.h"
#include "segment/verify.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

/*
 * One run goes over the layers, then the base, of one snapshot. A run of a terabyte takes over two
 * hours at bytes_per_second.
 *
 * (1) A file is read with pread, and not through its mapping: a bad sector is then an error and not
 *     a SIGBUS. Where the mapping is not compared (2), the page cache is told to drop what was
 *     read, unless it was cached before.
 * (2) The mapping is compared as well, as it may hold other bytes than the file: the file may have
 *     been replaced, or a page that could not be read was replaced by zeros (base/fault.h). The
 *     page cache has the bytes already, so this is cheap. With STORAGE_DISK it would bring in a
 *     table larger than memory, so there reads check their pages themselves.
 * (3) A file is written again from memory only while its segment is served, with the commit lock
 *     held. Otherwise a file that a merge has just removed would come back.
 * (4) A segment that was replaced during the run may be gone. Its errors do not count.
 */

static const uint64_t bytes_per_second = (uint64_t)128 << 20;
enum { CHUNK_PAGES = 256, CHUNK_BYTES = CHUNK_PAGES * SEG_PAGE_BYTES };
static const uint64_t look_every_ns = 1000000000, retry_every_ns = 5000000000;

/* One run over a table. */
struct scrub {
    struct table *table;
    struct snapshot *snapshot;
    uint64_t start_ns;
    uint64_t n_bytes;
    uint8_t *chunk; /* CHUNK_BYTES */
};

static void fd_done(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

/* Count the bytes, and sleep until the rate allows more. */
must_use static enum code pace(struct scrub *s, uint64_t n_bytes, struct err *err)
{
    s->n_bytes += n_bytes;
    pthread_mutex_lock(&s->table->lock);
    s->table->scrub.status.n_bytes += n_bytes;
    pthread_mutex_unlock(&s->table->lock);
    uint64_t due_ns = s->start_ns + s->n_bytes * 1000 / (bytes_per_second / 1000000);
    while (!atomic_load(&s->table->merge_progress.cancelled) && clock_mono_ns() < due_ns)
        usleep(1000);
    return atomic_load(&s->table->merge_progress.cancelled) ? err_set(err, E_CANCELLED, "stopped")
                                                            : OK;
}

/* -------------------------------------------------------------------------------------- pages */

/* Whether this part of the mapping is in the page cache, where it then stays (1). */
static bool is_cached(const uint8_t *at, size_t len)
{
    uint8_t resident[CHUNK_PAGES];
    bool all = mincore((void *)(uintptr_t)at, len, resident) == 0;
    for (size_t i = 0; all && i < len / SEG_PAGE_BYTES; i++)
        all = resident[i] & 1;
    return all;
}

/* Read the pages `first` to `first` + n - 1 of the file and compare them. Page 0 is the header,
 * which seg_open checks. */
must_use static enum code check_chunk(struct scrub *s, int fd, const struct segment *seg,
                                      uint64_t first, size_t n, struct err *err)
{
    TRY(fd_read_at(fd, s->chunk, n * SEG_PAGE_BYTES, first * SEG_PAGE_BYTES, err));
    for (size_t i = 0; i < n; i++)
        if (first + i > 0 &&
            hash_page(s->chunk + i * SEG_PAGE_BYTES, SEG_PAGE_BYTES) != seg->page_sums[first + i])
            return err_set(err, E_CORRUPT, "checksum mismatch in the page at offset %llu",
                           (unsigned long long)(first + i) * SEG_PAGE_BYTES);
    return OK;
}

/* (2) */
must_use static enum code check_mapping(struct seg_pages *pages, const struct segment *seg,
                                        uint64_t first, size_t n, struct err *err)
{
    uint64_t from = first ? first : 1; /* page 0 is the header */
    if (first + n <= from || seg_pages_verify(pages, seg->bytes.ptr + from * SEG_PAGE_BYTES,
                                              (first + n - from) * SEG_PAGE_BYTES))
        return OK;
    return err_set(err, E_CORRUPT, "checksum mismatch in the mapped pages from offset %llu",
                   (unsigned long long)from * SEG_PAGE_BYTES);
}

/* Compare all pages of a segment's file. `pages` is NULL if the segment is a copy in memory. */
must_use static enum code check_pages(struct scrub *s, const char *path, const struct segment *seg,
                                      struct seg_pages *pages, struct err *err)
{
    AUTO(fd) int fd = -1;
    TRY(file_open(path, &fd, err));
    for (uint64_t at = 0; at < seg->n_page_sums; at += CHUNK_PAGES) {
        size_t n = seg->n_page_sums - at < CHUNK_PAGES ? seg->n_page_sums - at : CHUNK_PAGES;
        const uint8_t *mapped = seg->bytes.ptr + at * SEG_PAGE_BYTES;
        bool keeps = pages && is_cached(mapped, n * SEG_PAGE_BYTES);
        TRY(check_chunk(s, fd, seg, at, n, err));
        if (pages && snapshot_base(s->snapshot)->storage != STORAGE_DISK)
            TRY(check_mapping(pages, seg, at, n, err));
        else if (!keeps)
            posix_fadvise(fd, (off_t)(at * SEG_PAGE_BYTES), CHUNK_BYTES, POSIX_FADV_DONTNEED);
        TRY(pace(s, n * SEG_PAGE_BYTES, err));
    }
    return OK;
}

/* A segment of an earlier release has no checksums of pages; its blocks are compared through the
 * mapping. */
must_use static enum code check_blocks(struct scrub *s, const struct segment *seg,
                                       struct seg_pages *pages, struct err *err)
{
    for (uint32_t i = 0; i < seg->n_blocks; i++) {
        const struct seg_block_desc *d = &seg->descs[i];
        if (!seg_pages_verify(pages, seg->bytes.ptr + d->data_offset, d->data_bytes))
            return err_set(err, E_CORRUPT, "checksum mismatch in block %u", i);
        TRY(pace(s, d->data_bytes, err));
    }
    return OK;
}

/* ----------------------------------------------------------------------------------- segments */

/* Open the file again, which checks its header, index and tables, and see that it is the segment
 * that is served. */
must_use static enum code check_tables(const char *path, struct segment *served, struct err *err)
{
    struct segment *again;
    TRY(seg_open(path, &again, err));
    bool same = seg_roots(&again, 1) == seg_roots(&served, 1);
    seg_close(again);
    return same ? OK : err_set(err, E_CORRUPT, "segment %s is not the one that is served", path);
}

must_use static enum code check_mapped(struct scrub *s, const char *path, struct segment *seg,
                                       struct seg_pages *pages, struct err *err)
{
    enum code rc = check_tables(path, seg, err);
    if (rc == E_CORRUPT) /* not for other failures, such as no free file descriptor */
        seg_pages_lose(pages);
    if (rc)
        return rc;
    rc = seg->page_sums ? check_pages(s, path, seg, pages, err) : check_blocks(s, seg, pages, err);
    if (rc == E_CORRUPT)
        seg_pages_doubt(pages); /* reads check every page again, so only reads of bad pages fail */
    return rc ? err_in(err, rc, "segment %s", path) : OK;
}

/* Whether a segment is served now. If the caller holds the commit lock, that cannot change. */
static bool is_served(struct table *t, const struct segment *seg)
{
    bool found = false;
    pthread_mutex_lock(&t->lock);
    const struct base_generation *b = t->live ? snapshot_base(t->live) : NULL;
    const struct overlay *o = t->live ? snapshot_overlay(t->live) : NULL;
    for (size_t i = 0; b && i < b->n_segments; i++)
        found |= b->segments[i] == seg;
    for (size_t i = 0; o && i < o->n; i++)
        found |= o->layers[i]->segment == seg;
    pthread_mutex_unlock(&t->lock);
    return found;
}

/* Write a damaged file again from the copy in memory, which is whole (3). */
must_use static enum code write_again(struct table *t, const char *path, const struct segment *seg,
                                      const struct err *why, struct err *err)
{
    enum code rc = OK;
    pthread_mutex_lock(&t->commit);
    bool serves = is_served(t, seg);
    if (serves)
        rc = file_replace(path, seg->bytes, err);
    pthread_mutex_unlock(&t->commit);
    if (serves && !rc)
        log_warn("a damaged segment was written again from memory", log_str("table", t->spec->name),
                 log_str("path", path), log_str("error", why->msg));
    return rc;
}

must_use static enum code check_copied(struct scrub *s, const char *path, struct segment *seg,
                                       struct err *err)
{
    struct err why;
    enum code rc = seg_verify_checksums(seg, err);
    if (rc)
        return err_in(err, rc, "the copy of segment %s in memory", path);
    TRY(pace(s, seg->bytes.len, err));
    rc = check_tables(path, seg, &why);
    if (!rc && seg->page_sums)
        rc = check_pages(s, path, seg, NULL, &why);
    return rc == OK || rc == E_CANCELLED ? rc : write_again(s->table, path, seg, &why, err);
}

/* Fails E_CHANGED if the segment was replaced meanwhile (4). */
must_use static enum code check_segment(struct scrub *s, const char *path, struct segment *seg,
                                        struct seg_pages *pages, struct err *err)
{
    enum code rc = pages ? check_mapped(s, path, seg, pages, err) : check_copied(s, path, seg, err);
    bool is_replaced = rc && rc != E_CANCELLED && !is_served(s->table, seg);
    return is_replaced ? err_set(err, E_CHANGED, "segment %s is no longer served", path) : rc;
}

must_use static enum code check_base(struct scrub *s, struct err *err)
{
    struct base_generation *b = snapshot_base(s->snapshot);
    char dir[PATH_CAP], path[PATH_CAP];
    TRY(generation_path(s->table->dir, b->info.number, dir, err));
    for (uint32_t part = 0; part < b->n_segments; part++) {
        TRY(segment_path(dir, part, path, err));
        TRY(check_segment(s, path, b->segments[part], b->set.pages, err));
    }
    return OK;
}

must_use static enum code check_layers(struct scrub *s, struct err *err)
{
    const struct overlay *o = snapshot_overlay(s->snapshot);
    for (size_t i = 0; i < o->n; i++) {
        char path[PATH_CAP];
        TRY(layer_path(s->table->dir, o->layers[i]->number, path, err));
        enum code rc = check_segment(s, path, o->layers[i]->segment, o->layers[i]->set.pages, err);
        if (rc && rc != E_CHANGED) /* (4); what it was merged into was checked when it was opened */
            return rc;
    }
    return OK;
}

/* --------------------------------------------------------------------------------------- runs */

static void note_damage(struct table *t, uint64_t bad_base, const struct err *err)
{
    pthread_mutex_lock(&t->lock);
    t->scrub.bad_base = bad_base;
    pthread_mutex_unlock(&t->lock);
    damage_look(t);
    if (damage_kind_of(t) < DAMAGE_ROWS)
        damage_note(t, DAMAGE_ROWS, INT64_MIN, err->msg);
}

/* Set the time of the next run: soon, if something could not be read for a reason that may pass. */
static void note_end(struct table *t, enum code rc)
{
    bool is_passing = rc == E_NOTFOUND || rc == E_IO || rc == E_INVALID || rc == E_NOSPACE;
    uint64_t wait_ns = (uint64_t)t->spec->scrub_ms * 1000000u;
    pthread_mutex_lock(&t->lock);
    if (!rc) {
        t->scrub.status.n_runs++;
        t->scrub.status.ended_at_ms = clock_wall_ms();
        t->scrub.bad_base = 0;
    }
    if (is_passing && wait_ns > retry_every_ns)
        wait_ns = retry_every_ns;
    t->scrub.next_ns = clock_mono_ns() + wait_ns;
    pthread_mutex_unlock(&t->lock);
    if (!rc)
        damage_heal(t);
}

static void run(struct table *t, struct snapshot *s)
{
    struct scrub scrub = {
        .table = t, .snapshot = s, .start_ns = clock_mono_ns(), .chunk = mem_alloc(CHUNK_BYTES)};
    struct err err = {0};
    table_mend_small_files(t, s);
    enum code rc = check_layers(&scrub, &err);
    uint64_t bad_base = rc ? 0 : snapshot_base(s)->info.number;
    if (!rc)
        rc = check_base(&scrub, &err);
    if (rc && rc != E_CANCELLED && rc != E_CHANGED)
        note_damage(t, bad_base, &err);
    note_end(t, rc);
    free(scrub.chunk);
}

/* When the next run is due; at once for a mapped base that was not scrubbed yet. The table's lock
 * is held. */
static uint64_t due_ns(const struct table *t)
{
    const struct seg_pages *pages = t->live ? snapshot_base(t->live)->set.pages : NULL;
    bool settles = t->live && snapshot_base(t->live)->storage != t->spec->storage && t->is_serving;
    if (!t->live || t->spec->scrub_ms == 0)
        return UINT64_MAX;
    if (pages && !settles && t->scrub.base != snapshot_base(t->live)->info.number)
        return 0;
    return t->scrub.next_ns;
}

bool table_hold_to_scrub(struct table *t, uint64_t *out_wake_ns)
{
    uint64_t now = clock_mono_ns(), due;
    damage_look(t);
    pthread_mutex_lock(&t->lock);
    due = t->damage.kind == DAMAGE_REFUSED && !t->live ? t->scrub.retry_ns : due_ns(t);
    bool holds = !t->scrub.is_held && !t->writes.is_dropped &&
                 !atomic_load(&t->merge_progress.cancelled) && due <= now;
    if (holds)
        t->scrub.is_held = true;
    pthread_mutex_unlock(&t->lock);
    if (!holds && due > now && due < *out_wake_ns)
        *out_wake_ns = due;
    if (*out_wake_ns > now + look_every_ns)
        *out_wake_ns = now + look_every_ns;
    return holds;
}

void table_scrub(struct table *t)
{
    pthread_mutex_lock(&t->lock);
    struct snapshot *s = t->live ? snapshot_ref(t->live) : NULL;
    if (s)
        t->scrub.base = snapshot_base(s)->info.number;
    else
        t->scrub.retry_ns = clock_mono_ns() + retry_every_ns;
    pthread_mutex_unlock(&t->lock);
    if (s)
        run(t, s);
    else
        table_restore_again(t);
    snapshot_unref(s);
    pthread_mutex_lock(&t->lock);
    t->scrub.is_held = false;
    pthread_mutex_unlock(&t->lock);
}

void table_end_scrubbing(struct table *t)
{
    bool is_held = true;
    while (is_held) {
        pthread_mutex_lock(&t->lock);
        is_held = t->scrub.is_held;
        pthread_mutex_unlock(&t->lock);
        if (is_held)
            usleep(1000);
    }
}
