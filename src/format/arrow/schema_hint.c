#include "format/arrow/schema_hint.h"

/*
 * Fields of the tables, from Arrow's Message.fbs and Schema.fbs; how tables lie in the bytes is told in
 * flatbuf.h. Every read is checked against the end; a reference that leads nowhere reads as absent.
 */
enum { MESSAGE_HEADER_TYPE = 1, MESSAGE_HEADER = 2, SCHEMA_FIELDS = 1 };
enum { FIELD_NAME = 0, FIELD_TYPE_TYPE = 2, FIELD_TYPE = 3, FIELD_CHILDREN = 5 };
enum { HEADER_SCHEMA = 1 };
enum {
    TYPE_DECIMAL = 7,
    TYPE_TIMESTAMP = 10,
    TYPE_LIST = 12,
    TYPE_FIXED_SIZE_LIST = 16,
    TYPE_DURATION = 18,
    TYPE_LARGE_LIST = 21,
};
enum { max_fields = 100000 };

/* 0xFF: not of the alphabet. */
static uint8_t base64_value(uint8_t c)
{
    if (c >= 'A' && c <= 'Z')
        return (uint8_t)(c - 'A');
    if (c >= 'a' && c <= 'z')
        return (uint8_t)(c - 'a' + 26);
    if (c >= '0' && c <= '9')
        return (uint8_t)(c - '0' + 52);
    return c == '+' ? 62 : c == '/' ? 63 : 0xFF;
}

static bool decode_base64(struct view text, struct arena *arena, struct view *out)
{
    uint8_t *bytes = arena_alloc(arena, text.len / 4 * 3 + 3);
    size_t n = 0;
    uint32_t bits = 0;
    unsigned n_bits = 0;
    for (size_t i = 0; i < text.len && text.ptr[i] != '='; i++) {
        uint8_t value = base64_value(text.ptr[i]);
        if (value == 0xFF)
            return false;
        bits = bits << 6 | value;
        n_bits += 6;
        if (n_bits >= 8) {
            n_bits -= 8;
            bytes[n++] = (uint8_t)(bits >> n_bits);
        }
    }
    *out = view_of(bytes, n);
    return true;
}

/* `size` bytes at `pos` as a number; 0 where they are not there. */
static uint64_t number_at(struct view fb, size_t pos, size_t size)
{
    uint64_t value = 0;
    if (pos <= fb.len && size <= fb.len - pos)
        memcpy(&value, fb.ptr + pos, size);
    return value;
}

/* Where a reference at `pos` leads; 0: nowhere. */
static size_t follow(struct view fb, size_t pos)
{
    uint64_t forward = pos ? number_at(fb, pos, 4) : 0;
    return forward && forward < fb.len - pos ? pos + (size_t)forward : 0;
}

/* Where field i of the table is; 0: absent. */
static size_t field_at(struct view fb, size_t table, size_t i)
{
    int32_t back = (int32_t)number_at(fb, table, 4);
    int64_t vtable = (int64_t)table - back;
    if (table == 0 || vtable < 0 || (uint64_t)vtable >= fb.len)
        return 0;
    uint64_t vtable_bytes = number_at(fb, (size_t)vtable, 2);
    if (4 + 2 * i + 2 > vtable_bytes)
        return 0;
    uint64_t place = number_at(fb, (size_t)vtable + 4 + 2 * i, 2);
    return place && table + place < fb.len ? table + (size_t)place : 0;
}

static struct view string_at(struct view fb, size_t reference)
{
    size_t pos = follow(fb, reference);
    uint64_t len = pos ? number_at(fb, pos, 4) : 0;
    if (len == 0 || len > fb.len - pos - 4)
        return (struct view){0};
    return view_of(fb.ptr + pos + 4, (size_t)len);
}

/* A vector of references; the place of the first and how many. */
static size_t vector_at(struct view fb, size_t reference, size_t *out_n)
{
    size_t pos = follow(fb, reference);
    uint64_t n = pos ? number_at(fb, pos, 4) : 0;
    *out_n = n <= (fb.len - pos) / 4 && n <= max_fields ? (size_t)n : 0;
    return pos + 4;
}

/* Names of zones are printable ASCII; others are left out. */
static void take_zone(struct view name, char zone[static TYPE_ZONE_CAP])
{
    zone[0] = '\0';
    if (name.len >= TYPE_ZONE_CAP)
        return;
    for (size_t i = 0; i < name.len; i++) {
        uint8_t c = name.ptr[i];
        bool is_word = (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
        if (!is_word && (c == 0 || !strchr("/+-:_", c)))
            return;
    }
    if (name.len)
        memcpy(zone, name.ptr, name.len);
    zone[name.len] = '\0';
}

static enum time_unit take_unit(struct view fb, size_t at, enum time_unit otherwise)
{
    uint64_t unit = at ? number_at(fb, at, 2) : otherwise;
    return unit <= UNIT_NS ? (enum time_unit)unit : otherwise;
}

static struct arrow_hint read_type(struct view fb, size_t field)
{
    struct arrow_hint h = {ARROW_OTHER, UNIT_S, "", 0};
    size_t type_at = field_at(fb, field, FIELD_TYPE_TYPE);
    size_t type = follow(fb, field_at(fb, field, FIELD_TYPE));
    switch (type_at ? number_at(fb, type_at, 1) : 0) {
    case TYPE_TIMESTAMP:
        h.kind = ARROW_TIMESTAMP;
        h.unit = take_unit(fb, field_at(fb, type, 0), UNIT_S);
        take_zone(string_at(fb, field_at(fb, type, 1)), h.zone);
        break;
    case TYPE_DECIMAL:
        if (field_at(fb, type, 2) && number_at(fb, field_at(fb, type, 2), 4) == 256)
            h.kind = ARROW_DECIMAL256;
        break;
    case TYPE_DURATION:
        h.kind = ARROW_DURATION;
        h.unit = take_unit(fb, field_at(fb, type, 0), UNIT_MS);
        break;
    case TYPE_LIST:
    case TYPE_LARGE_LIST:
        h.kind = ARROW_LIST;
        break;
    case TYPE_FIXED_SIZE_LIST:
        h.kind = ARROW_FIXED_LIST;
        h.list_size = field_at(fb, type, 0) ? (int32_t)number_at(fb, field_at(fb, type, 0), 4) : 0;
        break;
    default:
        break;
    }
    return h;
}

static void read_field(struct view fb, size_t field, struct arrow_field_hint *out)
{
    size_t n_children;
    size_t children = vector_at(fb, field_at(fb, field, FIELD_CHILDREN), &n_children);
    *out = (struct arrow_field_hint){.name = string_at(fb, field_at(fb, field, FIELD_NAME)),
                                     .own = read_type(fb, field)};
    if (n_children == 1 && (out->own.kind == ARROW_LIST || out->own.kind == ARROW_FIXED_LIST))
        out->element = read_type(fb, follow(fb, children));
}

/* Past the length in front of the message, which newer writers mark. */
static struct view message_of(struct view bytes)
{
    size_t head = number_at(bytes, 0, 4) == UINT32_MAX ? 8 : 4;
    return bytes.len > head ? view_of(bytes.ptr + head, bytes.len - head) : (struct view){0};
}

size_t arrow_schema_hints(struct view base64, struct arena *arena,
                          struct arrow_field_hint **out_hints)
{
    struct view bytes;
    if (!decode_base64(base64, arena, &bytes))
        return 0;
    struct view fb = message_of(bytes);
    uint64_t root = number_at(fb, 0, 4);
    size_t message = root < fb.len ? (size_t)root : 0;
    size_t kind = field_at(fb, message, MESSAGE_HEADER_TYPE), n;
    if (kind == 0 || number_at(fb, kind, 1) != HEADER_SCHEMA)
        return 0;
    size_t schema = follow(fb, field_at(fb, message, MESSAGE_HEADER));
    size_t list = vector_at(fb, field_at(fb, schema, SCHEMA_FIELDS), &n);
    struct arrow_field_hint *hints = arena_zalloc(arena, n * sizeof(*hints));
    for (size_t i = 0; i < n; i++)
        read_field(fb, follow(fb, list + 4 * i), &hints[i]);
    *out_hints = hints;
    return n;
}
