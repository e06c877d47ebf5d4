/*
 * The type of a column: a dtype and its parameters. Passed by pointer, copied freely; it owns
 * nothing. Its text, as in configuration, schemas and messages:
 *
 *     utf8 bool int8 ... float64 binary float16 date32
 *     timestamp[us]  timestamp[us, tz=Europe/Berlin]     unit s, ms, us, ns; no tz: local time
 *     time32[ms]  time64[us]  duration[ns]
 *     decimal128(12, 2)  decimal256(60, 0)               precision, scale
 *     fixed_binary[16]                                   bytes of every value
 *     list<float32>  list<float32>[768]                  any length; one length, kept in the row
 *
 * A bare "timestamp" is timestamp[us].
 */
#ifndef MURR_MODEL_TYPE_H
#define MURR_MODEL_TYPE_H

#include "base/err.h"
#include "model/dtype.h"

enum time_unit { UNIT_S, UNIT_MS, UNIT_US, UNIT_NS };

enum {
    TYPE_ZONE_CAP = 40,       /* of a time zone's name, with its NUL */
    TYPE_TEXT_CAP = 128,      /* room for any type's text */
    TYPE_FIXED_MAX = 1 << 16, /* bytes of a fixed_binary, elements of a list of one length */
    TYPE_WIDTH_MAX = 1 << 20, /* bytes of a value of any type where all have the same */
    DECIMAL128_PRECISION = 38,
    DECIMAL256_PRECISION = 76,
};

struct type {
    enum dtype dtype;
    enum dtype element;   /* list: of its elements, whose other parameters are those below */
    uint32_t list_size;   /* list: elements of every value; 0: any number */
    uint32_t fixed_width; /* fixed_binary: bytes of every value */
    enum time_unit unit;  /* timestamp, time, duration */
    uint8_t precision;    /* decimal */
    int8_t scale;
    char zone[TYPE_ZONE_CAP]; /* timestamp: "" means without a zone */
};

/* Of a dtype without parameters. */
static inline struct type type_of(enum dtype t)
{
    return (struct type){.dtype = t};
}

/* Fails E_INVALID with what is wrong; unknown names get a suggestion. */
must_use enum code type_parse(struct view text, struct type *out, struct err *err);

/* Returns `out`. type_parse reads it back to an equal type. */
const char *type_text(const struct type *t, char out[static TYPE_TEXT_CAP]);

bool type_eq(const struct type *a, const struct type *b);

/* Of a list. */
struct type type_element(const struct type *list);

/* Bytes of one value where all have the same: of a list of one length, those of its elements. 0:
 * values differ in length. */
size_t type_width(const struct type *t);

/* Values differ in length: utf8, binary, lists of any length. */
static inline bool type_is_variable(const struct type *t)
{
    return dtype_is_bytes(t->dtype) || (t->dtype == DT_LIST && t->list_size == 0);
}

/* Copy the name of a time zone; "" is one. False: it is too long, or has other characters than
 * names have (ASCII letters and digits, "/+-:_"), which a type's text could not say. */
bool type_zone(struct view name, char out[static TYPE_ZONE_CAP]);

/* Whether there is a type of lists of `size` such elements each. */
bool type_list_fits(const struct type *element, int64_t size);

/* Whether every value of `from` is exactly a value of `to`; values in finer units may still be out
 * of range, which vector_convert says. */
bool type_widens(const struct type *from, const struct type *to);

/*
 * Whether `from` can be read as `to` on request: what widens; numbers, decimals and times as any
 * others of their kind, integers as decimals, int64 as timestamps and durations, binary as utf8,
 * lists as lists of one length, where each value that `to` cannot hold exactly is refused; and
 * floats as narrower floats, rounded.
 */
bool type_converts(const struct type *from, const struct type *to);

/*
 * A type into which both convert without rounding, for unifying files. It is the narrowest type
 * that holds all values of both; for int64 or uint64 with another type it holds all but the largest
 * values. False: there is no such type.
 */
bool type_unify(const struct type *a, const struct type *b, struct type *out);

/* Whether a float becomes a narrower one, also in lists: values may be rounded. */
bool type_rounds(const struct type *from, const struct type *to);

/* Units a second: 1, 1000, 1000000, 1000000000. */
static inline int64_t unit_per_second(enum time_unit u)
{
    static const int64_t per_second[] = {1, 1000, 1000000, 1000000000};
    return per_second[u];
}

#endif
