/*
 * The one table of fields: name, type, place in the struct, default, bounds. Reading, printing,
 * overriding and suggesting all walk it.
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
};

struct config_field {
    const char *name;
    enum field_type type;
    size_t offset;            /* in the struct of the section */
    const char *fallback;     /* as it would be written; NULL: the field must be given */
    uint64_t min, max;        /* of numbers, bytes and milliseconds; max 0: no bound */
    const char *const *words; /* FIELD_ENUM: names, NULL-terminated */
};

struct config_section {
    const char *name; /* at the top level of the file */
    const struct config_field *fields;
    size_t n_fields;
};

#define N_SECTIONS 4
extern const struct config_section config_sections[N_SECTIONS]; /* offsets into struct config */
#define N_TABLE_FIELDS 8
extern const struct config_field table_fields[N_TABLE_FIELDS]; /* into struct table_spec */
#define N_GUARD_FIELDS 6
extern const struct config_field guard_fields[N_GUARD_FIELDS]; /* into struct guard_spec */
#define N_LOCAL_FIELDS 1
extern const struct config_field local_fields[N_LOCAL_FIELDS]; /* into struct source_spec */
#define N_LAYOUT_FIELDS 3
extern const struct config_field layout_fields[N_LAYOUT_FIELDS]; /* into struct partition_layout */
#define N_COLUMN_FIELDS 2
#define N_S3_FIELDS     21
extern const struct config_field s3_fields[N_S3_FIELDS];         /* into struct s3_config */
extern const struct config_field column_fields[N_COLUMN_FIELDS]; /* into struct column_spec */

/*
 * Store the value of `n`, or the default where `n` is NULL, in `base` (the struct of the section).
 * `path` is the whole path of the field and `owner` where its parent was written, for messages.
 */
must_use enum code field_read(const struct config_field *f, const struct node *n, void *base,
                              const char *owner, const char *path, struct err *err);

/* Append the value as YAML. */
void field_print(const struct config_field *f, const void *base, struct buf *out);

/* Append a string as a YAML scalar, quoted where a plain one would be read as something else. */
void yaml_put_string(struct buf *out, const char *s);

#endif
