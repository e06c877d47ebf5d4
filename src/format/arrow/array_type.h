/*
 * Which types of Arrow are read, and as what. Schemas say types in two ways, as FlatBuffers and as the format
 * strings of the C data interface; both are brought into one form first.
 */
#ifndef MURR_FORMAT_ARROW_ARRAY_TYPE_H
#define MURR_FORMAT_ARROW_ARRAY_TYPE_H

#include "format/arrow/array.h"

enum {
    ARROW_FIELDS_MAX = 1 << 14, /* of a schema, with those inside others */
    ARROW_DEPTH_MAX = 64,       /* of fields inside others */
};

/* The numbers are those of the union Type in Arrow's format/Schema.fbs. */
enum arrow_kind {
    KIND_NULL = 1,
    KIND_INT = 2,
    KIND_FLOAT = 3,
    KIND_BINARY = 4,
    KIND_UTF8 = 5,
    KIND_BOOL = 6,
    KIND_DECIMAL = 7,
    KIND_DATE = 8,
    KIND_TIME = 9,
    KIND_TIMESTAMP = 10,
    KIND_INTERVAL = 11,
    KIND_LIST = 12,
    KIND_STRUCT = 13,
    KIND_UNION = 14,
    KIND_FIXED_BINARY = 15,
    KIND_FIXED_LIST = 16,
    KIND_MAP = 17,
    KIND_DURATION = 18,
    KIND_LARGE_BINARY = 19,
    KIND_LARGE_UTF8 = 20,
    KIND_LARGE_LIST = 21,
    KIND_RUNS = 22,
    KIND_BINARY_VIEW = 23,
    KIND_UTF8_VIEW = 24,
    KIND_LIST_VIEW = 25,
    KIND_LARGE_LIST_VIEW = 26,
};
enum { KIND_COUNT = 27 };

/* A type as a schema says it; nothing of it is checked. */
struct arrow_spec {
    enum arrow_kind kind;
    int64_t bits;             /* int, float, decimal, time, date (32 days, 64 milliseconds) */
    bool is_signed;           /* int */
    uint64_t unit;            /* time, timestamp, duration: enum time_unit */
    int64_t precision, scale; /* decimal */
    int64_t size;             /* fixed binary, fixed list */
    struct view zone;         /* timestamp */
};

/*
 * Decide about `a`, whose children are decided already: type, type_text (static or in `arena`), layout. What
 * is not supported gets ARRAY_SKIPPED and a text that says what it is.
 *
 * Days in milliseconds are read as date32, decimals of 32 and 64 bits as decimal128, fixed lists of text or
 * of none as lists of any length. Lists of lists, structs, maps, unions and intervals are not supported.
 */
void arrow_array_decide(struct arrow_array *a, const struct arrow_spec *spec, struct arena *arena);

/* `a` holds numbers, of integers as in `index`, of values of `values`. */
void arrow_array_decide_dictionary(struct arrow_array *a, const struct arrow_spec *index,
                                   const struct arrow_array *values, struct arena *arena);

/* Whether two columns may share the values of one dictionary. */
bool arrow_array_same_type(const struct arrow_array *a, const struct arrow_array *b);

#endif
