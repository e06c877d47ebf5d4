/*
 * Reading a segment: the bytes are checked once when it is opened (head, footer, tables, every
 * offset and size against its bounds), so that lookups can follow them without asking again. Wrong
 * bytes give E_CORRUPT, never a crash. Only rows and heaps are not checked here: segment/pages.h
 * checks them when they are read, segment/verify.h all at once.
 */
#ifndef MURR_SEGMENT_READER_H
#define MURR_SEGMENT_READER_H

#include "base/file.h"
#include "segment/block.h"
#include "segment/format.h"

/* What a lookup needs of one block: one cache line. Pointers into the mapping. */
struct seg_block {
    const uint8_t *pilots;
    const uint8_t *rows; /* group 0 */
    uint64_t seed;
    uint32_t n_buckets; /* 0: the block has no rows */
    uint32_t n_index_slots;
    const struct seg_extra *extras;
    const uint8_t *heap;
    uint64_t heap_bytes;
    uint32_t n_extras;
    uint32_t n_rows;
};

struct segment {
    struct view bytes;      /* of the whole file */
    struct mapped_file map; /* empty when the bytes are somebody else's */
    struct schema schema;
    struct seg_layout layout;
    uint64_t hash_seed;
    uint32_t part, n_parts;
    uint32_t n_blocks; /* of this part */
    struct seg_block *blocks;
    const struct seg_block_desc *descs; /* in the file, by block */
    const struct seg_entry *entries;    /* in the file */
    size_t n_entries;
    uint64_t n_rows, n_slots;
    uint64_t key_bytes, value_bytes;
    const uint8_t *n_nulls;    /* u64 LE by field, in the file */
    const uint32_t *page_sums; /* in the file, by its pages up to the end of the data; NULL: none */
    uint64_t n_page_sums;
    struct seg_origin origin;
};

/* Map and check a file. Errors begin with the path. */
must_use enum code seg_open(const char *path, struct segment **out_segment, struct err *err);
/* Check bytes that the caller keeps until close. They must be 8-byte aligned. */
must_use enum code seg_open_bytes(struct view bytes, struct segment **out_segment, struct err *err);
void seg_close(struct segment *s);

/* The first entry of a kind, NULL when there is none. */
const struct seg_entry *seg_entry_find(const struct segment *s, enum seg_kind kind);

/* What names the content of these segments together: a checksum of the checksums of their footers,
 * which have those of all payloads. Never 0. */
uint64_t seg_roots(struct segment *const *segments, size_t n);

/* Start of a group's rows in a block. */
const uint8_t *seg_group_rows(const struct segment *s, uint32_t block_idx, uint32_t group);

static inline uint64_t seg_block_n_slots(const struct seg_block *b)
{
    return (uint64_t)b->n_index_slots + b->n_extras;
}

/* Bytes of the index: pilots, extras and block table. */
uint64_t seg_index_bytes(const struct segment *s);

#endif
