/*
 * What Arrow writers leave in the metadata of other formats: their schema as a base64 text of an IPC
 * message. Only what a Parquet schema cannot say is taken out. Bytes are hostile until proven otherwise;
 * what cannot be understood is as if it were not there.
 */
#ifndef MURR_FORMAT_ARROW_SCHEMA_HINT_H
#define MURR_FORMAT_ARROW_SCHEMA_HINT_H

#include "base/arena.h"
#include "model/type.h"

enum arrow_hint_kind {
    ARROW_OTHER,
    ARROW_TIMESTAMP,
    ARROW_DURATION,
    ARROW_DECIMAL256,
    ARROW_LIST, /* of any length */
    ARROW_FIXED_LIST,
};

struct arrow_hint {
    enum arrow_hint_kind kind;
    enum time_unit unit;      /* timestamp, duration */
    char zone[TYPE_ZONE_CAP]; /* timestamp; "" where there is none or it is no name */
    int32_t list_size;        /* fixed list */
};

/* A top-level field. */
struct arrow_field_hint {
    struct view name; /* in the arena */
    struct arrow_hint own;
    struct arrow_hint element; /* of a list */
};

/* The fields, in the arena; returns how many, 0 where the text is no such schema. */
size_t arrow_schema_hints(struct view base64, struct arena *arena,
                          struct arrow_field_hint **out_hints);

#endif
