#include "format/parquet/thrift.h"

enum { max_depth = 64 };

/* The first complaint stays. */
static void complain(struct thrift *t, const char *why)
{
    if (!t->why)
        t->why = why;
}

static uint8_t read_u8(struct thrift *t)
{
    uint8_t b = 0;
    if (!t->why && !cur_u8(&t->cur, &b))
        complain(t, "ends in the middle");
    return b;
}

static uint64_t read_uleb(struct thrift *t)
{
    uint64_t v = 0;
    if (!t->why && !cur_uleb(&t->cur, &v))
        complain(t, "has a number that is cut off or too long");
    return v;
}

static int64_t read_zigzag(struct thrift *t)
{
    int64_t v = 0;
    if (!t->why && !cur_zigzag(&t->cur, &v))
        complain(t, "has a number that is cut off or too long");
    return v;
}

/* Ids are written as differences in the high half of the byte; 0 there means that the whole id
 * follows. */
bool thrift_next(struct thrift *t, struct thrift_field *f)
{
    uint8_t head = read_u8(t);
    if (t->why)
        return false;
    f->type = head & 0x0F;
    if (f->type == THRIFT_STOP)
        return false;
    if (head >> 4) {
        f->id += head >> 4;
    } else {
        int64_t id = read_zigzag(t);
        if (id < INT16_MIN || id > INT16_MAX)
            complain(t, "has a field number out of range");
        f->id = (int32_t)id;
    }
    if (f->id > INT16_MAX)
        complain(t, "has a field number out of range");
    return !t->why;
}

/* Type and size of a list or set. */
static uint64_t read_list_head(struct thrift *t, uint8_t *out_type)
{
    uint8_t head = read_u8(t);
    *out_type = head & 0x0F;
    return head >> 4 == 15 ? read_uleb(t) : head >> 4;
}

static void skip_bytes(struct thrift *t, uint64_t len)
{
    if (!t->why && !cur_skip(&t->cur, len))
        complain(t, "ends in the middle");
}

static void skip_value(struct thrift *t, uint8_t type, bool in_list, unsigned depth);

/*
 * A few bytes of a list may announce 2^63 elements, and lists may nest. Two rules bound the work: a
 * list may not have more elements than bytes are left, since every element takes at least one, and
 * nesting ends at max_depth, which also bounds our stack.
 */

static void skip_list(struct thrift *t, unsigned depth)
{
    uint8_t type;
    uint64_t n = read_list_head(t, &type);
    if (n > cur_left(&t->cur)) /* an element takes a byte at least */
        complain(t, "has a list longer than its bytes");
    for (uint64_t i = 0; i < n && !t->why; i++)
        skip_value(t, type, true, depth + 1);
}

static void skip_map(struct thrift *t, unsigned depth)
{
    uint64_t n = read_uleb(t);
    uint8_t types = n ? read_u8(t) : 0;
    if (n > cur_left(&t->cur))
        complain(t, "has a map longer than its bytes");
    for (uint64_t i = 0; i < n && !t->why; i++) {
        skip_value(t, types >> 4, true, depth + 1);
        skip_value(t, types & 0x0F, true, depth + 1);
    }
}

static void skip_value(struct thrift *t, uint8_t type, bool in_list, unsigned depth)
{
    if (depth > max_depth) {
        complain(t, "is nested too deeply");
        return;
    }
    struct thrift_field f = {0};
    switch (type) {
    case THRIFT_TRUE:
    case THRIFT_FALSE:
        skip_bytes(t, in_list); /* as a field, the type is the value */
        break;
    case THRIFT_I8:
        skip_bytes(t, 1);
        break;
    case THRIFT_I16:
    case THRIFT_I32:
    case THRIFT_I64:
        read_uleb(t);
        break;
    case THRIFT_DOUBLE:
        skip_bytes(t, 8);
        break;
    case THRIFT_BINARY:
        skip_bytes(t, read_uleb(t));
        break;
    case THRIFT_LIST:
    case THRIFT_SET:
        skip_list(t, depth);
        break;
    case THRIFT_MAP:
        skip_map(t, depth);
        break;
    case THRIFT_STRUCT:
        while (thrift_next(t, &f))
            skip_value(t, f.type, false, depth + 1);
        break;
    case THRIFT_UUID:
        skip_bytes(t, 16);
        break;
    default:
        complain(t, "has a value of an unknown type");
    }
}

void thrift_skip(struct thrift *t, uint8_t type)
{
    skip_value(t, type, false, 0);
}

int64_t thrift_int(struct thrift *t, struct thrift_field f)
{
    if (f.type == THRIFT_I8)
        return (int8_t)read_u8(t);
    if (f.type == THRIFT_I16 || f.type == THRIFT_I32 || f.type == THRIFT_I64)
        return read_zigzag(t);
    complain(t, "has another type where a number is expected");
    return 0;
}

int32_t thrift_i32(struct thrift *t, struct thrift_field f)
{
    int64_t v = thrift_int(t, f);
    if (v < INT32_MIN || v > INT32_MAX) {
        complain(t, "has a number beyond 32 bits");
        return 0;
    }
    return (int32_t)v;
}

uint64_t thrift_size(struct thrift *t, struct thrift_field f)
{
    int64_t v = thrift_int(t, f);
    if (v < 0) {
        complain(t, "has a negative count or size");
        return 0;
    }
    return (uint64_t)v;
}

bool thrift_bool(struct thrift *t, struct thrift_field f)
{
    if (f.type != THRIFT_TRUE && f.type != THRIFT_FALSE)
        complain(t, "has another type where a boolean is expected");
    return f.type == THRIFT_TRUE;
}

struct view thrift_binary(struct thrift *t, struct thrift_field f)
{
    struct view v = {0};
    if (f.type != THRIFT_BINARY)
        complain(t, "has another type where a string is expected");
    uint64_t len = read_uleb(t);
    if (!t->why && !cur_bytes(&t->cur, len, &v))
        complain(t, "has a string longer than its bytes");
    return v;
}

bool thrift_struct(struct thrift *t, struct thrift_field f)
{
    if (f.type != THRIFT_STRUCT)
        complain(t, "has another type where a struct is expected");
    return !t->why;
}

size_t thrift_structs(struct thrift *t, struct thrift_field f, size_t min_bytes)
{
    if (f.type != THRIFT_LIST) {
        complain(t, "has another type where a list is expected");
        return 0;
    }
    uint8_t type;
    uint64_t n = read_list_head(t, &type);
    if (n && type != THRIFT_STRUCT)
        complain(t, "has a list of something else than structs");
    if (n > cur_left(&t->cur) / min_bytes)
        complain(t, "has a list longer than its bytes");
    return t->why ? 0 : (size_t)n;
}
