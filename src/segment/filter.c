#include "segment/filter.h"

#include "base/hash.h"
#include "base/mem.h"
#include "segment/find.h"

static const uint64_t lines_max = ((uint64_t)64 << 20) / 64;

void seg_filter_init(struct seg_filter *f, uint64_t n_rows)
{
    uint64_t n = n_rows / SEG_FILTER_LINE_ROWS + 1;
    f->n_lines = n < lines_max ? n : lines_max;
    f->lines = aligned_alloc(64, f->n_lines * 64);
    if (!f->lines)
        abort(); /* at most 64 MiB, as any small allocation */
    memset(f->lines, 0, f->n_lines * 64);
}

void seg_filter_done(struct seg_filter *f)
{
    free(f->lines);
    *f = (struct seg_filter){0};
}

bool seg_filter_fits(const struct seg_filter *f, uint64_t n_rows)
{
    return f->n_lines == lines_max || n_rows <= f->n_lines * SEG_FILTER_LINE_ROWS;
}

/* Only the adding thread writes, so reading and writing back loses nothing. */
static void add_key(struct seg_filter *f, uint8_t bit, uint64_t hash)
{
    uint64_t mixed = seg_filter_mix(hash);
    uint8_t *line = f->lines + (seg_filter_line(f, mixed) - f->lines);
    for (unsigned k = 0; k < SEG_FILTER_PLACES; k++) {
        uint8_t *place = &line[mixed >> 6 * k & 63];
        uint8_t bits = __atomic_load_n(place, __ATOMIC_RELAXED);
        __atomic_store_n(place, bits | bit, __ATOMIC_RELAXED);
    }
}

/* Empty slots hold a key of the block: adding it twice does no harm. */
void seg_filter_add(struct seg_filter *f, unsigned bit, const struct segment *s)
{
    struct key_hasher hasher;
    key_hasher_init(&hasher, s->hash_seed);
    uint32_t stride = s->layout.groups[0].stride;
    for (uint32_t i = 0; i < s->n_blocks; i++) {
        const struct seg_block *b = &s->blocks[i];
        const uint8_t *row = b->rows;
        for (uint64_t slot = 0, n = seg_block_n_slots(b); slot < n; slot++, row += stride)
            add_key(f, (uint8_t)(1u << bit),
                    key_hasher_hash(&hasher, seg_row_key(&s->layout, b, row)));
    }
}
