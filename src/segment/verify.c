#include "segment/verify.h"

#include "base/hash.h"
#include "base/mem.h"
#include "model/key.h"
#include "segment/find.h"
#include "segment/slots.h"

must_use static enum code check_zeros(const struct segment *s, uint64_t from, uint64_t to,
                                      struct err *err)
{
    for (uint64_t i = from; i < to; i++)
        if (s->bytes.ptr[i])
            return err_set(err, E_CORRUPT, "padding byte at offset %llu is not zero",
                           (unsigned long long)i);
    return OK;
}

static int by_offset(const void *a, const void *b)
{
    uint64_t x = (*(const struct seg_entry *const *)a)->offset;
    uint64_t y = (*(const struct seg_entry *const *)b)->offset;
    return (x > y) - (x < y);
}

/* In the order of the file, so that the gaps between payloads are seen too: every byte is either in
 * a payload with a checksum, or must be zero. */
enum code seg_verify_checksums(const struct segment *s, struct err *err)
{
    AUTO(ptr) const struct seg_entry **order = mem_alloc((s->n_entries + 1) * sizeof(*order));
    for (size_t i = 0; i < s->n_entries; i++)
        order[i] = &s->entries[i];
    qsort(order, s->n_entries, sizeof(*order), by_offset);
    uint64_t at = SEG_HEAD_BYTES;
    for (size_t i = 0; i < s->n_entries; i++) {
        const struct seg_entry *e = order[i];
        if (e->offset < at && e->size > 0)
            return err_set(err, E_CORRUPT, "payload %.16s at offset %llu overlaps another", e->name,
                           (unsigned long long)e->offset);
        TRY(check_zeros(s, at, e->offset, err));
        if (hash_checksum(view_of(s->bytes.ptr + e->offset, e->size)) != e->checksum)
            return err_set(err, E_CORRUPT,
                           "checksum mismatch in payload %.16s (%llu bytes at %llu)", e->name,
                           (unsigned long long)e->size, (unsigned long long)e->offset);
        at = e->offset + e->size > at ? e->offset + e->size : at;
    }
    return check_zeros(s, at, (uint64_t)((const uint8_t *)s->entries - s->bytes.ptr), err);
}

must_use static enum code check_strings(const struct segment *s, uint32_t block_idx, uint64_t slot,
                                        struct err *err)
{
    const struct seg_block *b = &s->blocks[block_idx];
    for (size_t i = 0; i < s->schema.n_fields; i++) {
        const struct seg_cell *cell = &s->layout.cells[i];
        if (!type_is_variable(&s->schema.fields[i].type) || cell->in_key)
            continue;
        const uint8_t *at = seg_group_rows(s, block_idx, cell->group) +
                            slot * s->layout.groups[cell->group].stride + cell->offset;
        uint32_t len;
        uint64_t heap_at = 0;
        memcpy(&len, at, sizeof(len));
        if (len <= SEG_VIEW_INLINE)
            continue;
        memcpy(&heap_at, at + 8, sizeof(heap_at));
        if (heap_at > b->heap_bytes || len > b->heap_bytes - heap_at ||
            memcmp(b->heap + heap_at, at + 4, 4) != 0)
            return err_set(err, E_CORRUPT, "slot %llu: value of column '%s' is not in the heap",
                           (unsigned long long)slot, s->schema.fields[i].name);
    }
    return OK;
}

/* Looking up the key of every slot proves two things at once: a row is found where it is, and an
 * empty slot, which holds the key of another row, leads to that row and is not counted. */
must_use static enum code check_block(const struct segment *s, uint32_t block_idx, struct err *err)
{
    const struct seg_block *b = &s->blocks[block_idx];
    uint64_t n_blocks = (uint64_t)s->n_parts * s->n_blocks;
    uint64_t global_idx = (uint64_t)s->part * s->n_blocks + block_idx, n_rows = 0;
    for (uint64_t slot = 0; slot < seg_block_n_slots(b); slot++) {
        const uint8_t *row = b->rows + slot * s->layout.groups[0].stride;
        struct view key = seg_row_key(&s->layout, b, row);
        uint64_t hash = hash_key(key, s->hash_seed);
        if (block_of_hash(hash, n_blocks) != global_idx)
            return err_set(err, E_CORRUPT, "slot %llu holds a key of another block",
                           (unsigned long long)slot);
        n_rows += seg_owns_slot(b, hash, n_blocks, slot);
        TRY(check_strings(s, block_idx, slot, err));
    }
    if (n_rows != b->n_rows)
        return err_set(err, E_CORRUPT, "%llu keys are found, there should be %u",
                       (unsigned long long)n_rows, b->n_rows);
    return OK;
}

enum code seg_verify_rows(const struct segment *s, struct err *err)
{
    for (uint32_t i = 0; i < s->n_blocks; i++) {
        enum code rc = check_block(s, i, err);
        if (rc)
            return err_in(err, rc, "block %u", i);
    }
    return OK;
}
