/* Pages are right once they were compared, and no damage goes unnoticed, in segments of now and of
 * before. */
#include "test.h"

#include "base/fault.h"
#include "base/mem.h"
#include "sample_rows.h"
#include "segment/pages.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

/* Some segments of a sample, whose pages are checked. */
struct world {
    char *dir;
    struct schema schema;
    struct sample sample;
    struct sample_set set;
    struct seg_pages *pages;
};

static void world_init(struct world *w, bool columnar)
{
    struct random random = {7};
    *w = (struct world){.dir = temp_dir_new()};
    schema_add_plain(&w->schema, view_cstr("id"), DT_UTF8, false);
    schema_add_plain(&w->schema, view_cstr("f"), DT_FLOAT32, true);
    schema_add_plain(&w->schema, view_cstr("s"), DT_UTF8, true);
    schema_add_key(&w->schema, 0);
    sample_init(&w->sample, &w->schema, 3000, 0, &random);
    sample_set_init(&w->set, &w->sample, w->dir, columnar, 2, 3, 5);
    w->pages = seg_pages_new(w->set.segments, w->set.n_segments, &w->set.range);
}

static void world_done(struct world *w)
{
    seg_pages_free(w->pages);
    sample_set_done(&w->set);
    sample_done(&w->sample);
    schema_done(&w->schema);
    temp_dir_done(&w->dir);
}

/* A part of the file changes under its mapping. */
static void change(const struct world *w, size_t part, uint64_t offset)
{
    char path[PATH_CAP];
    struct err err;
    uint8_t byte;
    assert_ok(path_format(path, &err, "%s/%08zu.seg", w->dir, part));
    int fd = open(path, O_RDWR);
    assert_true(fd >= 0);
    assert_int_equal(pread(fd, &byte, 1, (off_t)offset), 1);
    byte ^= 4;
    assert_int_equal(pwrite(fd, &byte, 1, (off_t)offset), 1);
    close(fd);
}

static void all_blocks_of_a_sound_segment_are_right(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, false);
    assert_true(seg_pages_has_unchecked(w.pages));
    for (size_t i = 0; i < w.set.n_segments; i++)
        for (uint32_t k = 0; k < w.set.segments[i]->n_blocks; k++) {
            const struct seg_block_desc *d = &w.set.segments[i]->descs[k];
            assert_true(seg_pages_check(w.pages, w.set.segments[i]->bytes.ptr + d->data_offset,
                                        d->data_bytes));
        }
    assert_false(seg_pages_has_unchecked(w.pages));
    assert_false(w.pages->is_damaged);
    world_done(&w);
}

static void every_changed_byte_of_a_block_is_noticed(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, true);
    const struct segment *s = w.set.segments[1];
    for (uint32_t k = 0; k < s->n_blocks; k++) {
        const struct seg_block_desc *d = &s->descs[k];
        for (uint64_t at = 0; at < d->data_bytes; at += 997) {
            const uint8_t *byte = s->bytes.ptr + d->data_offset + at;
            change(&w, 1, d->data_offset + at);
            assert_false(seg_pages_check(w.pages, byte, 1));
            assert_false(seg_pages_check(w.pages, byte, 1)); /* and again */
            assert_true(w.pages->is_damaged);
            change(&w, 1, d->data_offset + at);
            assert_true(seg_pages_check(w.pages, byte, 1));
            change(&w, 1, d->data_offset + at);
            assert_true(seg_pages_check(w.pages, byte, 1)); /* was checked */
            assert_false(seg_pages_verify(w.pages, byte, 1));
            seg_pages_forget(w.pages, byte, 1);
            assert_false(seg_pages_check(w.pages, byte, 1));
            change(&w, 1, d->data_offset + at);
        }
    }
    world_done(&w);
}

static void segments_without_checksums_of_pages_are_checked_by_block(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, false);
    seg_pages_free(w.pages);
    for (size_t i = 0; i < w.set.n_segments; i++)
        w.set.segments[i]->page_sums = NULL; /* as opening an old one leaves it */
    w.pages = seg_pages_new(w.set.segments, w.set.n_segments, &w.set.range);
    const struct segment *s = w.set.segments[0];
    const struct seg_block_desc *bad = &s->descs[1], *good = &s->descs[2];
    change(&w, 0, bad->data_offset + bad->data_bytes - 1);
    assert_false(seg_pages_check(w.pages, s->bytes.ptr + bad->data_offset, 1));
    assert_true(seg_pages_check(w.pages, s->bytes.ptr + good->data_offset, good->data_bytes));
    world_done(&w);
}

static void bytes_outside_are_not_right(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, false);
    assert_false(seg_pages_check(w.pages, w.set.range.ptr - 1, 1));
    assert_false(seg_pages_check(w.pages, w.set.range.ptr + w.set.range.len + 9999, 1));
    assert_false(seg_pages_check(w.pages, w.set.range.ptr + 8192, SIZE_MAX - 4096));
    world_done(&w);
}

/* What cannot be read is zeros from then on, and told. */
static void a_file_cut_short_is_noticed_and_ends_nothing(void **state)
{
    (void)state;
    struct world w;
    char path[PATH_CAP];
    struct err err;
    world_init(&w, false);
    fault_catch();
    const struct segment *s = w.set.segments[0];
    const struct seg_block_desc desc = s->descs[2]; /* it goes as well */
    assert_true(seg_pages_check(w.pages, s->bytes.ptr + desc.data_offset, desc.data_bytes));
    uint64_t n_faults = fault_count();
    assert_ok(path_format(path, &err, "%s/00000000.seg", w.dir));
    assert_int_equal(truncate(path, 4096), 0);
    assert_int_equal(*(const volatile uint8_t *)(s->bytes.ptr + desc.data_offset), 0);
    assert_true(fault_count() > n_faults);
    assert_true(mapped_file_is_hit(&w.set.range));
    seg_pages_begin(w.pages);
    assert_false(seg_pages_check(w.pages, s->bytes.ptr + desc.data_offset, desc.data_bytes));
    world_done(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_blocks_of_a_sound_segment_are_right),
        cmocka_unit_test(every_changed_byte_of_a_block_is_noticed),
        cmocka_unit_test(segments_without_checksums_of_pages_are_checked_by_block),
        cmocka_unit_test(bytes_outside_are_not_right),
        cmocka_unit_test(a_file_cut_short_is_noticed_and_ends_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
