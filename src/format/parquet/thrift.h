/*
 * Thrift's compact protocol, as much as Parquet's footers and page headers need.
 *
 * The reader is sticky: the first error is kept in `why`; after it there are no more fields, and
 * every value is zero. So a parser of a struct is one loop, checked once at its end:
 *
 *     struct thrift_field f = {0};
 *     while (thrift_next(t, &f))
 *         switch (f.id) {
 *         case FILE_NUM_ROWS: n_rows = thrift_size(t, f); break;
 *         default: thrift_skip(t, f.type);
 *         }
 *     if (t->why) ...
 */
#ifndef MURR_FORMAT_PARQUET_THRIFT_H
#define MURR_FORMAT_PARQUET_THRIFT_H

#include "base/cursor.h"

enum thrift_type {
    THRIFT_STOP = 0,
    THRIFT_TRUE = 1,
    THRIFT_FALSE = 2,
    THRIFT_I8 = 3,
    THRIFT_I16 = 4,
    THRIFT_I32 = 5,
    THRIFT_I64 = 6,
    THRIFT_DOUBLE = 7,
    THRIFT_BINARY = 8,
    THRIFT_LIST = 9,
    THRIFT_SET = 10,
    THRIFT_MAP = 11,
    THRIFT_STRUCT = 12,
    THRIFT_UUID = 13,
};

struct thrift {
    struct cursor cur;
    const char *why; /* static text; NULL while all is well */
};

/* Zeroed before the first field of a struct: ids are written as differences. */
struct thrift_field {
    int32_t id;
    uint8_t type; /* enum thrift_type, as found */
};

static inline struct thrift thrift_of(struct cursor cur)
{
    return (struct thrift){.cur = cur};
}

/* Step to the next field of the struct; false after the last one, or when something is wrong. */
bool thrift_next(struct thrift *t, struct thrift_field *f);

/* Skip a value of `type`, nested up to a limit. The work is bounded by the bytes that are left. */
void thrift_skip(struct thrift *t, uint8_t type);

/* Values of a field. A field of another kind than asked for is wrong; integers of any width fit. */
int64_t thrift_int(struct thrift *t, struct thrift_field f);
int32_t thrift_i32(struct thrift *t, struct thrift_field f);   /* must fit */
uint64_t thrift_size(struct thrift *t, struct thrift_field f); /* must not be negative */
bool thrift_bool(struct thrift *t, struct thrift_field f);
struct view thrift_binary(struct thrift *t, struct thrift_field f);

/* Whether the field is a struct; the caller then reads its fields with a new thrift_field. */
bool thrift_struct(struct thrift *t, struct thrift_field f);

/*
 * The number of elements of a list of structs, each of which must take at least `min_bytes`: more
 * elements than the bytes left can hold are wrong before anyone allocates for them.
 */
size_t thrift_structs(struct thrift *t, struct thrift_field f, size_t min_bytes);

#endif
