/* The types of cells: their names in config and API, widths, and which widen into which without loss. */
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
};
enum { DT_COUNT = 12 };

/* "utf8", "int64", ... */
const char *dtype_name(enum dtype t);
bool dtype_parse(struct view name, enum dtype *out);

/* Bytes of one value in memory: 1 for bool, sizeof for numbers, 0 for utf8 (variable). */
size_t dtype_width(enum dtype t);

bool dtype_is_int(enum dtype t);    /* signed or unsigned */
bool dtype_is_signed(enum dtype t); /* int8 .. int64 */

/* May be (part of) a key: utf8 and the integers. */
bool dtype_is_key(enum dtype t);

/* Whether every value of `from` is exactly a value of `to`: equal types, wider integers of the same
 * sign, unsigned into a wider signed, float32 into float64. */
bool dtype_widens(enum dtype from, enum dtype to);

#endif
