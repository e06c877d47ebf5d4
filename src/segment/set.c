#include "segment/set.h"

#include "base/mem.h"

void seg_set_done(struct seg_set *set)
{
    free(set->blocks);
    free(set->group_rows);
    free(set->absent_row);
    free(set->pilots);
    free(set->extras);
    read_ahead_free(set->ahead);
    seg_pages_free(set->pages);
    *set = (struct seg_set){0};
}

must_use static enum code check_part(struct segment *const *segments, size_t n, size_t i,
                                     struct err *err)
{
    const struct segment *s = segments[i], *first = segments[0];
    if (s->part != i || s->n_parts != n)
        return err_set(err, E_CORRUPT, "segment %zu of %zu says that it is part %u of %u", i, n,
                       s->part, s->n_parts);
    if (s->hash_seed != first->hash_seed || s->n_blocks != first->n_blocks ||
        !schema_eq(&s->schema, &first->schema))
        return err_set(err, E_CORRUPT, "segments 0 and %zu are not of one generation", i);
    AUTO(buf) struct buf a = {0};
    AUTO(buf) struct buf b = {0};
    seg_layout_put(&s->layout, &a);
    seg_layout_put(&first->layout, &b);
    if (!view_eq(buf_view(&a), buf_view(&b)))
        return err_set(err, E_CORRUPT, "segments 0 and %zu have different layouts", i);
    return OK;
}

/* A block without rows: every key leads to a pilot of zero and to the absent row, so that the
 * passes of a search need no special case. */
static void make_empty(struct seg_set *set, struct seg_block *block)
{
    set->has_empty_blocks = true;
    block->pilots = set->absent_row;
    block->rows = set->absent_row;
}

enum code seg_set_init(struct seg_set *set, struct segment *const *segments, size_t n_segments,
                       struct err *err)
{
    if (n_segments == 0)
        return err_set(err, E_INVALID, "no segments");
    for (size_t i = 0; i < n_segments; i++)
        TRY(check_part(segments, n_segments, i, err));
    const struct segment *first = segments[0];
    uint32_t n_groups = first->layout.n_groups, longest = 0;
    for (uint32_t g = 0; g < n_groups; g++)
        if (first->layout.groups[g].stride > longest)
            longest = first->layout.groups[g].stride;
    *set = (struct seg_set){
        .schema = &first->schema,
        .layout = &first->layout,
        .n_blocks = (uint64_t)n_segments * first->n_blocks,
        .blocks_of_part = first->n_blocks,
        .absent_row = mem_zalloc(longest + 64),
    };
    key_hasher_init(&set->hasher, first->hash_seed);
    set->blocks = mem_alloc(set->n_blocks * sizeof(*set->blocks));
    set->group_rows = mem_alloc(set->n_blocks * n_groups * sizeof(*set->group_rows));
    size_t at = 0;
    for (size_t i = 0; i < n_segments; i++)
        for (uint32_t k = 0; k < segments[i]->n_blocks; k++, at++) {
            set->blocks[at] = segments[i]->blocks[k];
            set->has_seeds |= set->blocks[at].seed != 0;
            if (set->blocks[at].n_buckets == 0)
                make_empty(set, &set->blocks[at]);
            for (uint32_t g = 0; g < n_groups; g++)
                set->group_rows[at * n_groups + g] = seg_group_rows(segments[i], k, g);
        }
    return OK;
}

/* Copy the index out of the mapping. It was checked when the segments were opened; the copy stays
 * correct even if the file changes. */
static void copy_index(struct seg_set *set)
{
    uint64_t n_pilots = 0, n_extras = 0;
    for (uint64_t i = 0; i < set->n_blocks; i++) {
        n_pilots += set->blocks[i].n_buckets;
        n_extras += set->blocks[i].n_extras;
    }
    uint8_t *pilots = set->pilots = mem_alloc(n_pilots);
    struct seg_extra *extras = set->extras = mem_alloc(n_extras * sizeof(*extras));
    for (uint64_t i = 0; i < set->n_blocks; i++) {
        struct seg_block *b = &set->blocks[i];
        if (b->n_buckets == 0)
            continue;
        b->pilots = memcpy(pilots, b->pilots, b->n_buckets);
        pilots += b->n_buckets;
        if (b->n_extras)
            b->extras = memcpy(extras, b->extras, b->n_extras * sizeof(*extras));
        extras += b->n_extras;
    }
}

void seg_set_check_pages(struct seg_set *set, struct segment *const *segments,
                         const struct mapped_file *range)
{
    copy_index(set);
    set->pages = seg_pages_new(segments, set->n_blocks / set->blocks_of_part, range);
}

void seg_set_read_ahead(struct seg_set *set, struct segment *const *segments, const int *take_fds)
{
    size_t n = set->n_blocks / set->blocks_of_part;
    struct view *files = mem_alloc(n * sizeof(*files));
    for (size_t i = 0; i < n; i++)
        files[i] = segments[i]->bytes;
    set->ahead = read_ahead_new(files, take_fds, n, set->pages);
    free(files);
}

struct view seg_row_key(const struct seg_layout *layout, const struct seg_block *block,
                        const uint8_t *row)
{
    if (layout->key_fixed)
        return view_of(row, layout->key_width);
    if (row[0] != SEG_KEY_LONG)
        return view_of(row + 1, row[0] <= layout->key_width ? row[0] : layout->key_width);
    if (layout->key_width < SEG_KEY_LONG_BYTES)
        return view_of(row + 1, 0);
    uint32_t len;
    uint64_t at;
    memcpy(&len, row + 1, sizeof(len));
    memcpy(&at, row + 9, sizeof(at));
    if (at > block->heap_bytes || len > block->heap_bytes - at)
        return view_of(row + 1, 0);
    return view_of(block->heap + at, len);
}
