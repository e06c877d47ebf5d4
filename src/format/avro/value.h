/* A value of an Avro file, as a tree, and the reader that makes it from bytes. */
#ifndef MURR_FORMAT_AVRO_VALUE_H
#define MURR_FORMAT_AVRO_VALUE_H

#include "base/cursor.h"
#include "format/avro/schema.h"

/*
 * Which member is set follows from type->kind: boolean; integer of AVRO_INT, AVRO_LONG and
 * AVRO_ENUM (the index of the symbol); number of AVRO_FLOAT and AVRO_DOUBLE; bytes of AVRO_BYTES,
 * AVRO_STRING (not checked for UTF-8) and AVRO_FIXED; items of the others: an AVRO_RECORD has one a
 * field, an AVRO_ARRAY its own, an AVRO_MAP key, value, key, value and so on.
 */
struct avro_value {
    const struct avro_type *type; /* never a union: the branch that was written */
    size_t n_items;
    union {
        bool boolean;
        int64_t integer;
        double number;
        struct view bytes;
        const struct avro_value *items;
    };
};

/* The value of a record's field. NULL where the record has no such field; a null that was written
 * is a value of AVRO_NULL. */
const struct avro_value *avro_value_by_id(const struct avro_value *record, int64_t id);
const struct avro_value *avro_value_by_name(const struct avro_value *record, const char *name);

struct avro_value_reader {
    struct cursor cur;
    struct arena *arena; /* items; bytes stay where the cursor's are */
    size_t arena_bytes;  /* E_LIMIT beyond */
    uint64_t n_left;     /* values that may still be read: those of 0 bytes cost time as well */
    int depth;           /* 0 at the beginning */
};

/*
 * Read one value. It lives as long as the arena and the bytes.
 *
 * Fails     E_CORRUPT; E_LIMIT a value that is too large or too deep. The reader is then of no use.
 */
must_use enum code avro_value_read(struct avro_value_reader *r, const struct avro_type *type,
                                   struct avro_value *out, struct err *err);

#endif
