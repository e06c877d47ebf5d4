/*
 * The segments of one generation, as searches and gathering see them. Their blocks form one flat
 * array, in order of the hash, so that a table of many parts costs no more to look up in than one
 * of a single part.
 */
#ifndef MURR_SEGMENT_SET_H
#define MURR_SEGMENT_SET_H

#include "base/hash.h"
#include "segment/pages.h"
#include "segment/read_ahead.h"
#include "segment/reader.h"

/* Borrows the segments. */
struct seg_set {
    const struct schema *schema;
    const struct seg_layout *layout;
    struct key_hasher hasher;
    uint64_t n_blocks;          /* at least 1 */
    struct seg_block *blocks;   /* of all parts, in order of the hash */
    bool has_seeds;             /* of an index, somewhere */
    bool has_empty_blocks;      /* without rows */
    const uint8_t **group_rows; /* [block * n_groups + group] */
    uint32_t blocks_of_part;
    struct seg_pages *pages; /* NULL: all bytes were checked before; the set's */
    /* Of a set whose pages are checked: copies of the index, which cannot change with the file, and
     * are never read from the disk. Else NULL. */
    uint8_t *pilots;
    struct seg_extra *extras;
    struct read_ahead *ahead; /* NULL unless the table is larger than memory; the set's */
    uint8_t *absent_row;      /* zeros, as long as the longest row: what an absent key points to */
};

/* Segments of all parts, in part order. Fails E_CORRUPT when they are not of one generation. */
must_use enum code seg_set_init(struct seg_set *set, struct segment *const *segments,
                                size_t n_segments, struct err *err);
void seg_set_done(struct seg_set *set);

/*
 * From now on, check rows and heaps when they are first read. The index is copied to memory. The
 * segments lie in this range (segment/pages.h). After a read, whoever mapped it must ask whether
 * some page could not be read (mapped_file_is_hit).
 */
void seg_set_check_pages(struct seg_set *set, struct segment *const *segments,
                         const struct mapped_file *range);

/*
 * Read rows ahead, for a table larger than memory. `take_fds` are the files of the segments, in
 * part order, and the set's to close. Its pages are checked (seg_set_check_pages).
 */
void seg_set_read_ahead(struct seg_set *set, struct segment *const *segments, const int *take_fds);

/* The canonical key stored at a row of group 0; empty when a damaged cell points outside the
 * heap. */
struct view seg_row_key(const struct seg_layout *layout, const struct seg_block *block,
                        const uint8_t *row);

#endif
