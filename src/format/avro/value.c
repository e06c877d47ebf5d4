#include "format/avro/value.h"

#include <inttypes.h>

/*
 * A count in the bytes is not believed. Items take memory from the arena, and all values of a file
 * count against n_left, so that 2^40 nulls, which are encoded in no bytes at all, end in an error
 * before they cost memory or time.
 */

static const struct avro_type key_type = {.kind = AVRO_STRING, .takes_bytes = true};

static const struct avro_value *value_of(const struct avro_value *record,
                                         const struct avro_field *field)
{
    return field ? &record->items[field - record->type->fields] : NULL;
}

const struct avro_value *avro_value_by_id(const struct avro_value *record, int64_t id)
{
    return value_of(record, avro_field_by_id(record->type, id));
}

const struct avro_value *avro_value_by_name(const struct avro_value *record, const char *name)
{
    return value_of(record, avro_field_by_name(record->type, name));
}

must_use static enum code ends_early(const struct avro_type *type, struct err *err)
{
    return err_set(err, E_CORRUPT, "ends in the middle of a %s", avro_kind_name(type->kind));
}

must_use static enum code too_many(struct err *err)
{
    return err_set(err, E_LIMIT, "has more values than a file may have");
}

/* Room for n values, which is not zeroed. */
must_use static enum code new_values(struct avro_value_reader *r, uint64_t n,
                                     struct avro_value **out, struct err *err)
{
    size_t left = r->arena->total < r->arena_bytes ? r->arena_bytes - r->arena->total : 0;
    if (n > left / sizeof(**out))
        return err_set(err, E_LIMIT, "a record of more than %zu bytes in memory", r->arena_bytes);
    *out = arena_alloc(r->arena, n * sizeof(**out));
    return OK;
}

must_use static enum code read_integer(struct avro_value_reader *r, const struct avro_type *type,
                                       int64_t *out, struct err *err)
{
    if (!cur_zigzag(&r->cur, out))
        return err_set(err, E_CORRUPT, "has %s that is cut off or too long",
                       type->kind == AVRO_INT ? "an int" : "a number");
    if (type->kind == AVRO_INT && (*out < INT32_MIN || *out > INT32_MAX))
        return err_set(err, E_CORRUPT, "has an int of %" PRId64, *out);
    return OK;
}

must_use static enum code read_boolean(struct avro_value_reader *r, struct avro_value *out,
                                       struct err *err)
{
    uint8_t b;
    if (!cur_u8(&r->cur, &b))
        return ends_early(out->type, err);
    if (b > 1)
        return err_set(err, E_CORRUPT, "has a boolean of %d", b);
    out->boolean = b;
    return OK;
}

must_use static enum code read_float(struct avro_value_reader *r, struct avro_value *out,
                                     struct err *err)
{
    uint32_t bits;
    float f;
    if (!cur_u32le(&r->cur, &bits))
        return ends_early(out->type, err);
    memcpy(&f, &bits, sizeof(f));
    out->number = (double)f;
    return OK;
}

must_use static enum code read_double(struct avro_value_reader *r, struct avro_value *out,
                                      struct err *err)
{
    uint64_t bits;
    if (!cur_u64le(&r->cur, &bits))
        return ends_early(out->type, err);
    memcpy(&out->number, &bits, sizeof(out->number));
    return OK;
}

must_use static enum code read_bytes(struct avro_value_reader *r, struct avro_value *out,
                                     struct err *err)
{
    int64_t len;
    TRY(read_integer(r, out->type, &len, err));
    if (len < 0 || !cur_bytes(&r->cur, (uint64_t)len, &out->bytes))
        return err_set(err, E_CORRUPT, "has a %s of %" PRId64 " bytes where %zu are left",
                       avro_kind_name(out->type->kind), len, cur_left(&r->cur));
    return OK;
}

must_use static enum code read_enum(struct avro_value_reader *r, struct avro_value *out,
                                    struct err *err)
{
    TRY(read_integer(r, out->type, &out->integer, err));
    if (out->integer < 0 || (uint64_t)out->integer >= out->type->n)
        return err_set(err, E_CORRUPT, "has symbol %" PRId64 " of an enum of %zu", out->integer,
                       out->type->n);
    return OK;
}

must_use static enum code read_record(struct avro_value_reader *r, struct avro_value *out,
                                      struct err *err)
{
    const struct avro_type *type = out->type;
    struct avro_value *items;
    TRY(new_values(r, type->n, &items, err));
    for (size_t i = 0; i < type->n; i++)
        TRY(avro_value_read(r, type->fields[i].type, &items[i], err));
    out->n_items = type->n;
    out->items = items;
    return OK;
}

static const char *items_name(const struct avro_type *type)
{
    return type->kind == AVRO_MAP ? "a map" : "an array";
}

/* The number of items of a block of an array or a map, 0 at the end; if it is written as negative,
 * its size follows, and *out_end says where it must end. */
must_use static enum code read_block_head(struct avro_value_reader *r, const struct avro_type *type,
                                          uint64_t *out_n, const uint8_t **out_end, struct err *err)
{
    int64_t n, bytes = 0;
    *out_end = NULL;
    TRY(read_integer(r, type, &n, err));
    if (n < 0) {
        TRY(read_integer(r, type, &bytes, err));
        if (bytes < 0 || (uint64_t)bytes > cur_left(&r->cur))
            return err_set(err, E_CORRUPT,
                           "has %s with a block of %" PRId64 " bytes where %zu are left",
                           items_name(type), bytes, cur_left(&r->cur));
        *out_end = r->cur.pos + bytes;
    }
    *out_n = n < 0 ? -(uint64_t)n : (uint64_t)n;
    bool takes_bytes = type->kind == AVRO_MAP || type->of[0]->takes_bytes;
    if (takes_bytes && *out_n > cur_left(&r->cur))
        return err_set(err, E_CORRUPT, "has %s of %" PRIu64 " items where %zu bytes are left",
                       items_name(type), *out_n, cur_left(&r->cur));
    return *out_n > r->n_left ? too_many(err) : OK;
}

struct items {
    struct avro_value *items;
    size_t n, cap;
};

/* Items come in blocks. Room doubles, so that many small blocks are not copied over and over. */
must_use static enum code make_room(struct avro_value_reader *r, struct items *l, uint64_t n,
                                    struct err *err)
{
    if (n <= l->cap - l->n)
        return OK;
    struct avro_value *larger;
    uint64_t cap = l->n + n < 2 * l->cap ? 2 * l->cap : l->n + n;
    TRY(new_values(r, cap, &larger, err));
    if (l->n)
        memcpy(larger, l->items, l->n * sizeof(l->items[0]));
    l->items = larger;
    l->cap = cap;
    return OK;
}

must_use static enum code read_block(struct avro_value_reader *r, const struct avro_type *type,
                                     struct items *l, uint64_t n, struct err *err)
{
    bool is_map = type->kind == AVRO_MAP;
    TRY(make_room(r, l, is_map ? 2 * n : n, err));
    for (uint64_t i = 0; i < n; i++) {
        if (is_map)
            TRY(avro_value_read(r, &key_type, &l->items[l->n++], err));
        TRY(avro_value_read(r, type->of[0], &l->items[l->n++], err));
    }
    return OK;
}

must_use static enum code read_items(struct avro_value_reader *r, struct avro_value *out,
                                     struct err *err)
{
    struct items l = {0};
    for (;;) {
        uint64_t n;
        const uint8_t *end;
        TRY(read_block_head(r, out->type, &n, &end, err));
        TRY(read_block(r, out->type, &l, n, err));
        if (end && r->cur.pos != end)
            return err_set(err, E_CORRUPT, "has %s with a block that is not as long as it says",
                           items_name(out->type));
        if (n == 0)
            break;
    }
    out->n_items = l.n;
    out->items = l.items;
    return OK;
}

/* A union says which branch follows. */
must_use static enum code read_branch(struct avro_value_reader *r, const struct avro_type **type,
                                      struct err *err)
{
    int64_t branch;
    if ((*type)->kind != AVRO_UNION)
        return OK;
    TRY(read_integer(r, *type, &branch, err));
    if (branch < 0 || (uint64_t)branch >= (*type)->n)
        return err_set(err, E_CORRUPT, "has branch %" PRId64 " of a union of %zu", branch,
                       (*type)->n);
    *type = (*type)->of[branch];
    return OK;
}

must_use static enum code read_nested(struct avro_value_reader *r, struct avro_value *out,
                                      struct err *err)
{
    if (r->depth == AVRO_DEPTH_MAX)
        return err_set(err, E_LIMIT, "nests values deeper than %d", AVRO_DEPTH_MAX);
    r->depth++;
    enum code rc =
        out->type->kind == AVRO_RECORD ? read_record(r, out, err) : read_items(r, out, err);
    r->depth--;
    return rc;
}

enum code avro_value_read(struct avro_value_reader *r, const struct avro_type *type,
                          struct avro_value *out, struct err *err)
{
    if (r->n_left == 0)
        return too_many(err);
    r->n_left--;
    TRY(read_branch(r, &type, err));
    *out = (struct avro_value){.type = type};
    switch (type->kind) {
    case AVRO_NULL:
        return OK;
    case AVRO_BOOLEAN:
        return read_boolean(r, out, err);
    case AVRO_INT:
    case AVRO_LONG:
        return read_integer(r, type, &out->integer, err);
    case AVRO_FLOAT:
        return read_float(r, out, err);
    case AVRO_DOUBLE:
        return read_double(r, out, err);
    case AVRO_BYTES:
    case AVRO_STRING:
        return read_bytes(r, out, err);
    case AVRO_ENUM:
        return read_enum(r, out, err);
    case AVRO_FIXED:
        return cur_bytes(&r->cur, type->fixed_bytes, &out->bytes) ? OK : ends_early(type, err);
    case AVRO_RECORD:
    case AVRO_ARRAY:
    case AVRO_MAP:
        return read_nested(r, out, err);
    case AVRO_UNION:
        break; /* read_branch leaves none */
    }
    return err_set(err, E_CORRUPT, "has a union inside a union");
}
