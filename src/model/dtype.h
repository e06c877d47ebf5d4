/* The kinds of cells: their names in config and API, widths, and which widen into which without
 * loss. A dtype with its parameters (a unit, a precision, an element) is a struct type: see
 * type.h. */
#ifndef MURR_MODEL_DTYPE_H
#define MURR_MODEL_DTYPE_H

#include "base/view.h"

/* The numbers are written into segments; never renumber. */
enum dtype {
    DT_UTF8 = 0,
    DT_BOOL = 1,
    DT_INT8 = 2,
    DT_INT16 = 3,
    DT_INT32 = 4,
    DT_INT64 = 5,
    DT_UINT8 = 6,
    DT_UINT16 = 7,
    DT_UINT32 = 8,
    DT_UINT64 = 9,
    DT_FLOAT32 = 10,
    DT_FLOAT64 = 11,
    DT_BINARY = 12,
    DT_FLOAT16 = 13,
    DT_DATE32 = 14, /* days since 1970-01-01 */
    DT_TIMESTAMP = 15,
    DT_DECIMAL128 = 16,
    DT_LIST = 17,
    DT_FIXED_BINARY = 18,
    DT_TIME32 = 19, /* since midnight */
    DT_TIME64 = 20,
    DT_DECIMAL256 = 21,
    DT_DURATION = 22,
};
enum { DT_COUNT = 23 };

/*
 * A new dtype: switches over enum dtype name every one and have no default, and tables by dtype
 * assert their length, so the compiler lists the files that have to know it.
 */

/* "utf8", "int64", "timestamp", ... */
const char *dtype_name(enum dtype t);
bool dtype_parse(struct view name, enum dtype *out);

/* Bytes of one value in memory: 1 for bool, sizeof for numbers; 0 where the dtype alone does not
 * say: utf8, binary, fixed_binary, list. */
size_t dtype_width(enum dtype t);

bool dtype_is_int(enum dtype t);    /* signed or unsigned */
bool dtype_is_signed(enum dtype t); /* int8 .. int64 */
bool dtype_is_float(enum dtype t);
bool dtype_is_decimal(enum dtype t);
bool dtype_has_unit(enum dtype t); /* counts units of time: times, timestamps, durations */

/* A run of bytes of any length: utf8 and binary. */
static inline bool dtype_is_bytes(enum dtype t)
{
    return t == DT_UTF8 || t == DT_BINARY;
}

/* May be (part of) a key: utf8, integers, dates, times, timestamps, decimals, fixed_binary. */
bool dtype_is_key(enum dtype t);

/* Needs more than its name: a unit, a precision, a width, an element. */
bool dtype_has_parameters(enum dtype t);

/* Whether every value of `from` is exactly a value of `to`, of dtypes without parameters: equal
 * ones, wider integers of the same sign, unsigned into a wider signed, wider floats, utf8 into
 * binary. */
bool dtype_widens(enum dtype from, enum dtype to);

#endif
