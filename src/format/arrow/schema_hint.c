#include "format/arrow/schema_hint.h"

#include "format/arrow/fbs.h"
#include "format/arrow/ipc_message.h"
#include "format/arrow/ipc_type.h"

enum { max_fields = 100000 };

/* 0xFF: not a letter of base64. */
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

/* Lenient: text after the first '=' is ignored, and padding may be missing. The message itself says
 * how long it is. */
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

/* The type of a field; of kind 0 where it is not understood. */
static struct arrow_spec read_type(const struct fb_table *field)
{
    struct arrow_spec spec = {0};
    struct fb_table type;
    uint64_t kind;
    if (!fb_scalar(field, FIELD_TYPE_TYPE, 1, 0, &kind) || !fb_table(field, FIELD_TYPE, &type) ||
        !type.present || kind >= KIND_COUNT || !ipc_type_read(&type, (enum arrow_kind)kind, &spec))
        return (struct arrow_spec){0};
    return spec;
}

static struct arrow_field_hint read_field(const struct fb_table *field)
{
    struct arrow_field_hint hint = {.own = read_type(field)};
    struct fb_vector children;
    struct fb_table child;
    if (!fb_string(field, FIELD_NAME, &hint.name))
        return (struct arrow_field_hint){0};
    if (fb_vector(field, FIELD_CHILDREN, 4, &children) && children.n == 1 &&
        fb_vector_table(&children, 0, &child))
        hint.element = read_type(&child);
    return hint;
}

size_t arrow_schema_hints(struct view base64, struct arena *arena,
                          struct arrow_field_hint **out_hints)
{
    struct view bytes;
    struct ipc_message m;
    struct fb_vector fields;
    struct fb_table field;
    bool more;
    if (!decode_base64(base64, arena, &bytes))
        return 0;
    struct cursor messages = ipc_messages(bytes);
    if (ipc_message_next(&messages, &m, &more, NULL) || !more || m.header_type != IPC_SCHEMA ||
        !fb_vector(&m.header, SCHEMA_FIELDS, 4, &fields) || fields.n > max_fields)
        return 0;
    struct arrow_field_hint *hints = arena_zalloc(arena, fields.n * sizeof(*hints));
    for (size_t i = 0; i < fields.n; i++)
        if (fb_vector_table(&fields, i, &field))
            hints[i] = read_field(&field);
    *out_hints = hints;
    return fields.n;
}
