#include "segment/filter.h"

#include "base/hash.h"
#include "base/mem.h"
#include "segment/find.h"

static const uint64_t lines_max = ((uint64_t)64 << 20) / 64;
static const uint64_t lines_scarce = ((uint64_t)1 << 20) / 64;

static uint8_t *alloc_scarce(uint64_t n_lines)
{
    uint8_t *lines = aligned_alloc(64, n_lines * 64);
    if (!lines)
        abort(); /* as any small allocation */
    return memset(lines, 0, n_lines * 64);
}

void seg_filter_init(struct seg_filter *f, uint64_t n_rows)
{
    uint64_t n = n_rows / SEG_FILTER_LINE_ROWS + 1;
    *f = (struct seg_filter){.n_lines = n < lines_max ? n : lines_max};
    if (huge_memory_init(&f->memory, f->n_lines * 64, NULL)) {
        f->n_lines = n < lines_scarce ? n : lines_scarce;
        f->scarce = alloc_scarce(f->n_lines);
    }
    f->lines = f->scarce ? f->scarce : f->memory.ptr;
}

void seg_filter_done(struct seg_filter *f)
{
    huge_memory_done(&f->memory);
    free(f->scarce);
    *f = (struct seg_filter){0};
}

bool seg_filter_fits(const struct seg_filter *f, uint64_t n_rows)
{
    return f->n_lines == lines_max || n_rows <= f->n_lines * SEG_FILTER_LINE_ROWS;
}

/* Keys whose lines are being prefetched. */
enum { AHEAD = 16 };

/* Only one thread adds at a time, so a plain read, change and write loses no update. */
static void add_key(struct seg_filter *f, uint8_t bit, uint64_t mixed)
{
    uint8_t *line = f->lines + 64 * index_reduce(mixed, f->n_lines);
    for (unsigned k = 0; k < SEG_FILTER_PLACES; k++) {
        uint8_t *place = &line[mixed >> 6 * k & 63];
        uint8_t bits = __atomic_load_n(place, __ATOMIC_RELAXED);
        __atomic_store_n(place, bits | bit, __ATOMIC_RELAXED);
    }
}

/* Empty slots hold a copy of another key; adding a key twice is harmless. */
static void add_block(struct seg_filter *f, uint8_t bit, const struct segment *s,
                      const struct key_hasher *hasher, const struct seg_block *b)
{
    uint64_t ring[AHEAD], n = seg_block_n_slots(b);
    const uint8_t *row = b->rows;
    for (uint64_t slot = 0; slot < n + AHEAD; slot++) {
        if (slot >= AHEAD && slot - AHEAD < n)
            add_key(f, bit, ring[slot % AHEAD]);
        if (slot >= n)
            continue;
        uint64_t mixed = seg_filter_mix(key_hasher_hash(hasher, seg_row_key(&s->layout, b, row)));
        ring[slot % AHEAD] = mixed;
        __builtin_prefetch(seg_filter_line(f, mixed), 1);
        row += s->layout.groups[0].stride;
    }
}

void seg_filter_add(struct seg_filter *f, unsigned bit, const struct segment *s)
{
    struct key_hasher hasher;
    key_hasher_init(&hasher, s->hash_seed);
    for (uint32_t i = 0; i < s->n_blocks; i++)
        add_block(f, (uint8_t)(1u << bit), s, &hasher, &s->blocks[i]);
}
