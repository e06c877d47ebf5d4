/*
 * The types of Arrow in one table: what each is called, which parameters it has, where they are in
 * its FlatBuffer, and how many buffers a column of it has. ipc_type.h reads and writes types by
 * this table, c_format.h as format strings; array_decide.h says which of them Murr reads, and as
 * what.
 */
#ifndef MURR_FORMAT_ARROW_ARROW_TYPE_H
#define MURR_FORMAT_ARROW_ARROW_TYPE_H

#include "model/type.h"

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

/* A type as a schema says it; nothing of it is checked. Numbers have one type, so that the table
 * can name any of them. */
struct arrow_spec {
    enum arrow_kind kind;     /* 0: none that is known */
    int64_t bits;             /* int, float, decimal, time, date (32 days, 64 milliseconds) */
    int64_t is_signed;        /* int */
    int64_t unit;             /* time, timestamp, duration: enum time_unit */
    int64_t precision, scale; /* decimal */
    int64_t size;             /* fixed binary, fixed list */
    int64_t mode;             /* union: 0 sparse, 1 dense */
    struct view zone;         /* timestamp; empty: without one */
};

/* A parameter of a kind: where it is in a spec, and how a FlatBuffer says it. */
struct arrow_param {
    uint8_t bytes;    /* of the field; 0: there are no more parameters */
    uint8_t member;   /* its offset in struct arrow_spec */
    int16_t fallback; /* the field's value where it is absent */
    /* where the field is an enum that stands for other numbers: those; else zeros */
    int16_t values[3];
};

enum { ARROW_PARAMS_MAX = 3 };

struct arrow_kind_facts {
    const char *name; /* for messages */
    /* of a column in a stream, without those of its children; a dense union has one more */
    uint8_t n_buffers;
    bool has_blocks;                             /* and as many more as the batch says */
    struct arrow_param params[ARROW_PARAMS_MAX]; /* in the order of the FlatBuffer's fields */
};

/* Of any kind below KIND_COUNT, 0 included. */
const struct arrow_kind_facts *arrow_kind_facts(enum arrow_kind kind);

static inline bool arrow_param_is_zone(const struct arrow_param *p)
{
    return p->member == offsetof(struct arrow_spec, zone);
}

/* A parameter that is a number. */
static inline int64_t *arrow_spec_number(struct arrow_spec *s, const struct arrow_param *p)
{
    return (int64_t *)(void *)((char *)s + p->member);
}

/* How Murr writes a type. The zone is that of `t`. */
struct arrow_spec arrow_spec_of(const struct type *t);

#endif
