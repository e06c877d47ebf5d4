/*
 * The values of one data page, nulls left out, in the physical type of the column. What a value of
 * a physical type is in memory:
 *
 *   BOOLEAN      uint8_t 0/1        INT32, FLOAT   4 bytes     INT96   12 bytes
 *   BYTE_ARRAY   struct view        INT64, DOUBLE  8 bytes     FIXED   as many as the schema says
 *
 * Turning these into a dtype is not done here: see convert.h.
 */
#ifndef MURR_FORMAT_PARQUET_VALUES_H
#define MURR_FORMAT_PARQUET_VALUES_H

#include "base/arena.h"
#include "base/buf.h"
#include "format/parquet/delta.h"
#include "format/parquet/dict.h"
#include "format/parquet/hybrid.h"
#include "format/parquet/reader.h"

enum pq_encoding {
    PQ_PLAIN = 0,
    PQ_PLAIN_DICTIONARY = 2,
    PQ_RLE = 3,
    PQ_BIT_PACKED = 4,
    PQ_DELTA_BINARY_PACKED = 5,
    PQ_DELTA_LENGTH_BYTE_ARRAY = 6,
    PQ_DELTA_BYTE_ARRAY = 7,
    PQ_RLE_DICTIONARY = 8,
    PQ_BYTE_STREAM_SPLIT = 9,
};

/*
 * Strings that had to be assembled, because DELTA_BYTE_ARRAY stores only the part in which a string
 * differs from the previous one. Zeroed memory with max_bytes set is a valid, empty one.
 */
struct pq_joined {
    struct arena arena;       /* of the strings handed out since the last turn */
    struct view last;         /* the string before the next one */
    struct buf keep;          /* carries it over a turn */
    size_t max_bytes;         /* of the arena */
    struct pq_budget *budget; /* which the arena is charged to, so far with `charged` bytes */
    size_t charged;
};

void pq_joined_done(struct pq_joined *j);
/* Forget the strings handed out so far, but not the one that the next builds upon. */
void pq_joined_turn(struct pq_joined *j);

struct pq_values;
typedef enum code (*pq_values_fn)(struct pq_values *v, void *out, size_t n, struct err *err);

struct pq_values {
    pq_values_fn read;
    size_t width;      /* bytes of a value in memory */
    bool lends;        /* views that are handed out point into the page */
    bool check_utf8;   /* it is text, and the page has bytes beyond ASCII */
    struct cursor cur; /* PLAIN values; the bytes of delta-coded strings */
    size_t idx;        /* values read: booleans, BYTE_STREAM_SPLIT */
    struct view bytes; /* of those */
    struct pq_hybrid hybrid;
    struct pq_delta delta;  /* integers, or lengths */
    struct pq_delta prefix; /* lengths shared with the string before */
    const struct pq_dict *dict;
    struct pq_joined *joined;
};

/* Bytes of a value in memory. */
size_t pq_values_width(const struct pq_leaf *leaf);

/*
 * Begin with the values of a data page. Borrows `bytes` and what it points to.
 * Fails E_UNSUPPORTED naming encoding and type; E_CORRUPT.
 */
must_use enum code pq_values_init(struct pq_values *v, const struct pq_leaf *leaf, int32_t encoding,
                                  struct view bytes, const struct pq_dict *dict,
                                  struct pq_joined *joined, struct err *err);

/* The next `n` values. Fails E_CORRUPT, also when the page has fewer; E_LIMIT. */
must_use static inline enum code pq_values_read(struct pq_values *v, void *out, size_t n,
                                                struct err *err)
{
    return v->read(v, out, n, err);
}

#endif
