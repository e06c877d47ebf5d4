/*
 * A column as Arrow delivers it, from an IPC stream or through the C data interface: what its
 * schema says, and the borrowed buffers of the latest batch. Arrays form a tree, since lists and
 * dictionaries contain arrays.
 *
 * Whoever fills in an array has checked that each buffer is long enough for its rows. The content
 * of the buffers (offsets, views, indexes, run ends, characters) is not trusted and is checked when
 * it is read, so columns that nobody reads cost nothing.
 */
#ifndef MURR_FORMAT_ARROW_ARRAY_H
#define MURR_FORMAT_ARROW_ARRAY_H

#include "base/arena.h"
#include "base/err.h"
#include "model/vector.h"

/* How the values lie in the buffers. */
enum arrow_layout {
    ARRAY_SKIPPED,    /* an unsupported type: has no buffers here */
    ARRAY_NULLS,      /* no buffers: every row is null */
    ARRAY_PLAIN,      /* data: values as vectors have them */
    ARRAY_BITS,       /* data: a bit a row */
    ARRAY_DAYS,       /* data: int64 milliseconds, whole days */
    ARRAY_NARROW,     /* data: decimals of 4 or 8 bytes */
    ARRAY_BYTES,      /* offsets into data */
    ARRAY_VIEWS,      /* data: 16 bytes a row, the value or its place in `blocks` */
    ARRAY_LIST,       /* offsets into the child */
    ARRAY_LIST_VIEW,  /* offsets into the child, and sizes */
    ARRAY_FIXED_LIST, /* list_size elements of the child a row */
    ARRAY_DICTIONARY, /* data: an index a row */
    ARRAY_RUNS,       /* children: ends of the runs, their values */
};

struct arrow_dictionary;

struct arrow_array {
    /* Of the schema. */
    struct view name;
    const char *type_text; /* as model/type.h writes it, or a word for what is not supported */
    struct type type;      /* that vectors have, where supported and not is_null */
    enum arrow_layout layout;
    bool supported;
    bool is_null;         /* Arrow's null: fills a vector of any type with nulls */
    bool is_wide;         /* offsets and sizes are of 8 bytes, not 4 */
    bool index_is_signed; /* of a dictionary */
    bool ignored;         /* has no batch: nobody will read it */
    uint8_t width;        /* bytes: of an index of a dictionary, of a narrow decimal */
    uint32_t list_size;   /* of a fixed list, whose type may have any length */
    uint8_t n_buffers;    /* its own in a stream, even if it is skipped; without `blocks` */
    bool has_blocks;      /* views: a stream says how many */
    bool is_union;        /* in old streams it has one buffer more */
    struct arrow_array *children;
    size_t n_children;
    struct arrow_dictionary *dictionary;

    /* Of the batch; pointers are to the bytes of row 0, `offset` rows before the first. */
    size_t n_rows;
    size_t offset;
    const uint8_t *validity;   /* bitmap; NULL: no row is null */
    const uint8_t *offsets;    /* of n_rows + 1 rows, of list views of n_rows; unaligned */
    const uint8_t *sizes;      /* of list views */
    struct view data;          /* never NULL once there are rows */
    const struct view *blocks; /* of views */
    size_t n_blocks;

    size_t read_bytes; /* most that one read may copy into its arena */
};

/* Values that rows refer to by number; in a stream they may come in several pieces. */
struct arrow_piece {
    struct arrow_array *values;
    size_t end; /* number of values up to here, of all pieces before too */
};

struct arrow_dictionary {
    struct arrow_piece *pieces;
    size_t n_pieces;
};

/* Number i of offsets or sizes of 4 or 8 bytes. A negative one becomes a number that is too large
 * for any check. */
static inline uint64_t arrow_offset(const uint8_t *numbers, bool is_wide, size_t i)
{
    uint64_t wide;
    uint32_t narrow;
    if (is_wide) {
        memcpy(&wide, numbers + 8 * i, 8);
        return wide;
    }
    memcpy(&narrow, numbers + 4 * i, 4);
    return narrow;
}

/*
 * Read rows at .. at + n, which exist, into `out`: of the type of the array (of any type where the
 * array is null), with room for them.
 *
 * Lends     bytes of utf8 and binary stay where the batch has them, and several rows may share
 *           them; lists and their elements are in `arena`.
 * Threads   any number may read one array.
 * Fails     E_INVALID naming column, row and value where the buffers lie; E_LIMIT where the values
 *           need more than read_bytes in the arena: lists may overlap and dictionary entries may
 *           repeat, so a few bytes can stand for many. `out` is then anything.
 */
must_use enum code arrow_array_read(const struct arrow_array *a, size_t at, size_t n,
                                    struct vector *out, struct arena *arena, struct err *err);

#endif
