/*
 * The .seg file, format version 2 (docs/segment-format.md has the details). Little-endian.
 *
 *     offset          size  meaning
 *     0               4     "MURR"
 *     4               4     version, 2
 *     64              ...   payloads, each 64-byte aligned, zeros between
 *     end-12-48n      48n   footer entries: char name[16], u32 kind, u32 ordinal, u64 offset,
 *                           u64 size, u64 checksum (XXH3-64 of the payload)
 *     end-12          8     footer checksum: XXH3-64 of the entries
 *     end-4           4     footer size: bytes from the first entry to the end of the file
 *
 * Payloads
 *     META     1   hash seed, part, schema, layout                       one
 *     BLOCKS   2   a table of 64-byte block descriptors                  one
 *     PILOTS   3   the pilots of all blocks                              one
 *     EXTRAS   4   {u64 hash, u64 slot} of keys beside the index         one
 *     STATS    5   rows, key and value bytes, nulls by column            one
 *     DATA     6   rows and heap of one block, `ordinal` says which      one a block
 *     PAGES    7   a checksum of every 4 KiB page up to the end of DATA  one
 *     ORIGIN   8   what the rows come from: struct seg_origin            one
 *
 * DATA payloads begin and end on pages of 4 KiB, filled up with zeros, so that each page belongs to
 * one block and can be checked alone, when it is first read. Segments without PAGES and ORIGIN,
 * whose DATA is aligned to 64 bytes, were written before these existed; they still open.
 *
 * A segment is written once and never changed.
 */
#ifndef MURR_SEGMENT_FORMAT_H
#define MURR_SEGMENT_FORMAT_H

#include <stdint.h>

#define SEG_MAGIC "MURR"

enum {
    SEG_VERSION = 2,
    SEG_HEAD_BYTES = 8,
    SEG_ALIGN = 64,
    SEG_PAGE_BYTES = 4096,
    SEG_FOOTER_TAIL_BYTES = 12, /* checksum and size */
    SEG_MAX_BLOCKS = 1 << 20,   /* of a generation */
    SEG_MAX_FIELDS = 1 << 16,
};

enum seg_kind {
    SEG_META = 1,
    SEG_BLOCKS = 2,
    SEG_PILOTS = 3,
    SEG_EXTRAS = 4,
    SEG_STATS = 5,
    SEG_DATA = 6,
    SEG_PAGES = 7,
    SEG_ORIGIN = 8,
};

/* Of a column, in META. */
enum seg_column_flags { SEG_NULLABLE = 1, SEG_LOSSY = 2 };

struct seg_entry {
    char name[16]; /* for people; NUL padded */
    uint32_t kind;
    uint32_t ordinal;
    uint64_t offset;
    uint64_t size;
    uint64_t checksum;
};
_Static_assert(sizeof(struct seg_entry) == 48, "as in the file");

/* One of the BLOCKS payload. Offsets: data in the file, heap in the data, pilots and extras in
 * their payloads (extras counted in entries). */
struct seg_block_desc {
    uint64_t data_offset;
    uint64_t data_bytes;
    uint64_t heap_offset;
    uint64_t pilot_offset;
    uint64_t extra_offset;
    uint64_t seed;
    uint32_t n_rows;
    uint32_t n_index_slots;
    uint32_t n_buckets;
    uint32_t n_extras;
};
_Static_assert(sizeof(struct seg_block_desc) == 64, "as in the file");

/* What the rows of a segment come from. Zeros where that is not known. */
struct seg_origin {
    uint64_t fingerprint; /* of the publication; 0: rows of writes */
    int64_t oldest;       /* stamps of the rows of writes (segment/stack.h), least and greatest */
    int64_t newest;
};
_Static_assert(sizeof(struct seg_origin) == 24, "as in the file");

#endif
