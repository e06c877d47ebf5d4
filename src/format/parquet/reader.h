/*
 * Our own Parquet reader: bytes in, values out, no I/O.
 *
 *   1. pq_footer_locate   where the footer lies, from the last bytes of a file
 *   2. pq_file_parse      the footer: row groups, columns, what can be read
 *   3. pq_chunk_range     which bytes hold one column of one row group
 *   4. pq_chunk_start     decode those bytes, a vector at a time, with pq_chunk_read
 *
 * Errors name the column; the caller adds the file and the row group. Bytes are hostile until
 * proven otherwise: no declared size is allocated before it was checked against a limit.
 */
#ifndef MURR_FORMAT_PARQUET_READER_H
#define MURR_FORMAT_PARQUET_READER_H

#include "base/err.h"
#include "format/parquet/budget.h"
#include "model/vector.h"

struct pq_limits {
    size_t page_bytes; /* of one page, decompressed; of the strings that one pq_chunk_read joins */
    size_t held_bytes; /* of all pages whose strings one pq_chunk_read hands out */
    size_t footer_bytes; /* of the footer as it lies in the file */
    size_t n_columns;    /* schema elements: leaves and groups */
    bool verify_crc;     /* check a page's CRC-32 where the writer left one */
    /* shared by all files of a load, and living as long as their decoders; NULL: none */
    struct pq_budget *budget;
};

/* 256 MiB a page, 1 GiB held, 64 MiB of footer, 100,000 columns, CRCs verified. */
struct pq_limits pq_limits_default(void);

/* ------------------------------------------------------------------------------ the footer */

enum {
    PQ_TAIL_MIN = 8,
    PQ_TAIL_GOOD = 65536
}; /* bytes of tail to fetch: at least, and in one go */

/*
 * Where the footer of a file of `file_bytes` lies, from its last bytes.
 *
 * Fails E_CORRUPT too short, no magic, a length that does not fit; E_UNSUPPORTED encrypted footer;
 *       E_LIMIT a footer above limits->footer_bytes.
 */
must_use enum code pq_footer_locate(struct view tail, uint64_t file_bytes,
                                    const struct pq_limits *limits, uint64_t *out_offset,
                                    uint32_t *out_len, struct err *err);

enum pq_physical {
    PQ_BOOLEAN = 0,
    PQ_INT32 = 1,
    PQ_INT64 = 2,
    PQ_INT96 = 3,
    PQ_FLOAT = 4,
    PQ_DOUBLE = 5,
    PQ_BYTE_ARRAY = 6,
    PQ_FIXED = 7, /* FIXED_LEN_BYTE_ARRAY */
};

/* Where the values of a column lie: what encodings, and turning values into a type, need to
 * know. */
struct pq_leaf {
    enum pq_physical physical;
    uint32_t fixed_width; /* FIXED: bytes of a value */
    struct type type;     /* of one value; of a list, of one element */
};

/* Writers number fields from 0 or 1 on, and those of Iceberg tables always have numbers. */
enum { PQ_NO_FIELD_ID = -1 };

/* A top-level field of the schema. */
struct pq_column {
    const char *name; /* NUL-terminated as well; may hold any bytes */
    size_t name_len;  /* without the NUL */
    bool supported;   /* pq_chunk_start will take it; what follows is only said then */
    bool nested;      /* it is unsupported because it is nested */
    /* annotated as having nothing but nulls, whatever its type; of a list, its elements */
    bool is_null;
    int32_t field_id; /* that the writer gave it, or PQ_NO_FIELD_ID */
    char why_not[96]; /* the reason, for messages, why it is not supported */
    struct type type; /* what pq_chunk_read gives */
    bool nullable;    /* its values may be null */
    struct pq_leaf leaf;
    size_t leaf_idx;  /* of its first leaf among a row group's column chunks, and how many; */
    size_t n_leaves;  /* also said of what is not supported */
    uint8_t max_def;  /* definition level of a value; 0: none are written */
    uint8_t list_def; /* list: of an empty one; below it is null */
};

/* A parsed footer. Never changes, so any number of threads may use it. */
struct pq_file;

/*
 * Parse the Thrift footer, the bytes pq_footer_locate named. The file owns all it needs; `footer`
 * may go. Duplicate column names and columns of types that are not supported are no failure here.
 *
 * Fails E_CORRUPT; E_LIMIT; E_UNSUPPORTED encrypted with a plaintext footer.
 */
must_use enum code pq_file_parse(struct view footer, uint64_t file_bytes,
                                 const struct pq_limits *limits, struct pq_file **out_file,
                                 struct err *err);
void pq_file_free(struct pq_file *f);

uint64_t pq_file_n_rows(const struct pq_file *f);

/* Bytes that a column decodes to at the least, by the footer: rows times the width of a value.
 * Fails E_LIMIT when that is more than the budget allows. */
must_use enum code pq_file_announced(const struct pq_file *f, size_t column, uint64_t *out_bytes,
                                     struct err *err);
size_t pq_file_n_row_groups(const struct pq_file *f);
uint64_t pq_file_group_rows(const struct pq_file *f, size_t row_group);
/* Whether a column holds INT96 timestamps, alone or in lists. */
bool pq_column_is_int96(const struct pq_column *col);

/* Whether a column has nothing but nulls, or lists of nothing else, as its annotation or statistics
 * say; there is at least a row. */
bool pq_file_says_null(const struct pq_file *f, size_t column);

/* What kind of table the file is a part of, so that its rows alone are not the rows; NULL: of
 * none. */
const char *pq_file_foreign(const struct pq_file *f);

size_t pq_file_n_columns(const struct pq_file *f);
const struct pq_column *pq_file_column(const struct pq_file *f, size_t column);

/* Fails E_NOTFOUND; E_INVALID where several columns have the name. Unsupported ones are found. */
must_use enum code pq_file_find(const struct pq_file *f, struct view name, size_t *out_column,
                                struct err *err);

/*
 * The bytes of a column in a row group, inside the file; possibly 0 of them for a group without
 * rows.
 *
 * Fails E_UNSUPPORTED the column is, or its bytes lie in another file or are encrypted; E_CORRUPT.
 */
must_use enum code pq_chunk_range(const struct pq_file *f, size_t row_group, size_t column,
                                  uint64_t *out_offset, uint64_t *out_len, struct err *err);

/*
 * The same for one of the leaves of a column that is not supported, to pass its bytes to
 * pq_leaf_check, which looks whether they are pages: how one who reads all of a file finds damage
 * where he cannot read.
 *
 * Fails as pq_chunk_range; E_CORRUPT.
 */
must_use enum code pq_leaf_range(const struct pq_file *f, size_t row_group, size_t leaf_idx,
                                 uint64_t *out_offset, uint64_t *out_len, struct err *err);
must_use enum code pq_leaf_check(const struct pq_file *f, size_t row_group, size_t leaf_idx,
                                 struct view bytes, struct err *err);

/* ----------------------------------------------------------------------- values of a column */

/*
 * A decoder of column chunks, one after another. It keeps its buffers and codec contexts between
 * chunks, so a worker has one for each column it reads side by side.
 *
 * Threads   one at a time.
 */
struct pq_chunk;

struct pq_chunk *pq_chunk_new(void); /* never NULL */
void pq_chunk_free(struct pq_chunk *c);

/*
 * Begin with the first row of a column in a row group. `bytes` are what pq_chunk_range named. A
 * chunk that was being read is forgotten.
 *
 * Borrows   f and bytes, until the next start or reset.
 * Fails     E_UNSUPPORTED the column or its codec; E_CORRUPT.
 */
must_use enum code pq_chunk_start(struct pq_chunk *c, const struct pq_file *f, size_t row_group,
                                  size_t column, struct view bytes, struct err *err);

/*
 * Decode the next rows into `out`, whose type is the column's: out->cap of them, or all that are
 * left. out->n is 0 at the end. Null rows hold zeros. A column of INT96 can also be read as
 * timestamps of any other unit, cut off to it; nanoseconds reach only from 1677 to 2262.
 *
 * Views in `out` stay valid until the next read, start, reset or free of this decoder.
 *
 * Fails E_CORRUPT, also for a chunk of more or fewer values than the row group has rows, text that
 *       is not UTF-8, and a number outside its declared width; E_INVALID for an INT96 that the unit
 *       cannot say; E_LIMIT; E_UNSUPPORTED an encoding; E_NOMEM. The decoder is then reset.
 */
must_use enum code pq_chunk_read(struct pq_chunk *c, struct vector *out, struct err *err);

/* Stop borrowing; keep buffers for the next start. */
void pq_chunk_reset(struct pq_chunk *c);

#endif
