/*
 * A field of the configuration: name, type, place in its struct, default, bounds. Reading,
 * printing, overriding and suggesting all walk lists of them (config/sections.c, config/table.c,
 * config/source.c).
 */
#ifndef MURR_CONFIG_FIELD_H
#define MURR_CONFIG_FIELD_H

#include "base/buf.h"
#include "config/tree.h"

enum field_type {
    FIELD_STRING,   /* char *, owned */
    FIELD_UINT,     /* unsigned */
    FIELD_COUNT,    /* uint64_t */
    FIELD_BYTES,    /* uint64_t, with units */
    FIELD_DURATION, /* int64_t milliseconds */
    FIELD_ENUM,     /* an enum whose values count from 0 in the order of `words` */
    FIELD_BOOL,     /* bool */
    FIELD_TYPE,     /* struct type */
    FIELD_SECRET,   /* as FIELD_STRING; never shown */
    FIELD_NAMES,    /* char *, owned: a list, kept as "a,b" */
    FIELD_PERCENT,  /* unsigned, 0 to 100; written "50%" */
    FIELD_TIME, /* int64_t, wall clock in milliseconds; "": 0, which means that it is not given */
    FIELD_MAP,  /* a map of fields, into a struct that lies at the offset (map.c) */
};

struct field_list;

struct config_field {
    const char *name;
    enum field_type type;
    size_t offset;                  /* in the struct of the section */
    const char *fallback;           /* as it would be written; NULL: the field must be given */
    uint64_t min, max;              /* of numbers, bytes and milliseconds; max 0: no bound */
    const char *const *words;       /* FIELD_ENUM: names, NULL-terminated */
    const struct field_list *below; /* FIELD_MAP */
    /* FIELD_MAP: whether it is printed, by the struct that holds the map; NULL: always. */
    bool (*applies)(const void *base);
};

/* The fields of one map. */
struct field_list {
    const struct config_field *fields;
    size_t n;
};
#define FIELD_LIST(array)                         \
    {                                             \
        array, sizeof(array) / sizeof((array)[0]) \
    }

/*
 * Store the value of `n`, or the default where `n` is NULL, in `base` (the struct of the section).
 * `path` is the whole path of the field and `owner` where its parent was written, for messages.
 */
must_use enum code field_read(const struct config_field *f, const struct node *n, void *base,
                              const char *owner, const char *path, struct err *err);

/* Free what the field owns. */
void field_done(const struct config_field *f, void *base);

/* Append the value as YAML. */
void field_print(const struct config_field *f, const void *base, struct buf *out);

/* Append a string as a YAML scalar, quoted where a plain one would be read as something else. */
void yaml_put_string(struct buf *out, const char *s);

#endif
