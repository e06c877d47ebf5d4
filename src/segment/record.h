/*
 * A row on its way from a Parquet page to its slot. Rows arrive in the order of the files and leave
 * in the order of key hashes; in between they are records: self-contained bytes that can wait in
 * memory or in a spill file, in any order.
 *
 *     offset  size
 *     0       8     hash of the key
 *     8       8     ordinal: position of the row in the partition; of equal keys the largest wins
 *     16      4     size of the record, a multiple of 8
 *     20      4     length of the key
 *     24      n     null bits, one a field, 1 = null
 *     24+n    ...   cells in schema order, without key columns: the value, or of variable length
 *                   {u32 length, u32 offset from the record's start}; zero where null
 *     ...     ...   canonical key, bytes of the values of variable length
 *
 * Records are written by us and read by us in one process; they are not checked.
 */
#ifndef MURR_SEGMENT_RECORD_H
#define MURR_SEGMENT_RECORD_H

#include "base/view.h"
#include "model/schema.h"
#include "model/vector.h"

struct record {
    uint64_t hash;
    uint64_t ordinal;
    uint32_t size;
    uint32_t key_len;
    uint8_t body[];
};

struct record_ref {
    uint32_t len;
    uint32_t offset;
};

/* Zeroed memory is valid for _done. Borrows the schema. */
struct record_format {
    const struct schema *schema;
    uint32_t *cell_offset; /* by field, from the record's start; unused for key fields */
    uint32_t key_offset;   /* from the record's start */
    /* The field by which the newer of two rows with one key is known; RECORD_BY_ORDER: by their
     * ordinals alone. Set after _init. */
    size_t newest_by;
    size_t stamp; /* the field of the stamp, which says whether a row is a delete; or none */
};

#define RECORD_BY_ORDER SIZE_MAX
#define RECORD_NO_STAMP SIZE_MAX

/* A record is at most this long: sizes and offsets are 32 bits. */
#define RECORD_MAX_BYTES (1u << 30)

/* Fails E_LIMIT when the cells alone are longer than that. */
must_use enum code record_format_init(struct record_format *f, const struct schema *schema,
                                      struct err *err);
void record_format_done(struct record_format *f);

/*
 * Bytes of the records of n rows. `vectors` has one a field (NULL for key fields), `keys` one a
 * row. Fails E_LIMIT past RECORD_MAX_BYTES, naming the row.
 */
must_use enum code record_sizes(const struct record_format *f, const struct vector *const *vectors,
                                const struct view *keys, size_t n, uint32_t *out_sizes,
                                struct err *err);

/* Write n records, each into its own memory of the size said above; hash, ordinal and size are
 * set. */
void record_write(const struct record_format *f, const struct vector *const *vectors,
                  const struct view *keys, size_t n, struct record *const *records);

/* Whether `newer`, which has the larger ordinal, is older than `older` by newest_by: its value is
 * less, or null. Deletes go by their ordinals. */
bool record_is_older(const struct record_format *f, const struct record *newer,
                     const struct record *older);

/* Whether its stamp says that its key is deleted. */
bool record_deletes(const struct record_format *f, const struct record *r);

/* The value of a field that is no key: bytes as in a vector. The field must not be null. */
struct view record_value(const struct record_format *f, const struct record *r, size_t field_idx);

static inline struct view record_key(const struct record_format *f, const struct record *r)
{
    return view_of((const uint8_t *)r + f->key_offset, r->key_len);
}

static inline bool record_is_null(const struct record *r, size_t field_idx)
{
    return r->body[field_idx / 8] >> (field_idx % 8) & 1;
}

/* The cell of a field that is no key: its value, or a struct record_ref. */
static inline const uint8_t *record_cell(const struct record_format *f, const struct record *r,
                                         size_t field_idx)
{
    return (const uint8_t *)r + f->cell_offset[field_idx];
}

static inline struct view record_bytes(const struct record_format *f, const struct record *r,
                                       size_t field_idx)
{
    struct record_ref cell;
    memcpy(&cell, record_cell(f, r, field_idx), sizeof(cell));
    return view_of((const uint8_t *)r + cell.offset, cell.len);
}

#endif
