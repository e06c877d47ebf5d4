#include "net/http1/chunked.h"

enum state {
    SIZE,
    EXTENSION,
    SIZE_END, /* its LF */
    DATA,
    DATA_CR,
    DATA_END,
    TRAILER, /* the start of a line */
    TRAILER_NAME,
    TRAILER_VALUE,
    TRAILER_END,
    END
};
enum { DIGITS_MAX = 15, LINE_BYTES_MAX = 8192 };

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool is_text(uint8_t c)
{
    return (c >= 0x20 && c != 0x7F) || c == '\t';
}

static bool is_name(uint8_t c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ||
           (c && strchr("!#$%&'*+-.^_`|~", c));
}

static bool go_if(struct chunked *c, bool fits, enum state next)
{
    c->state = next;
    return fits;
}

static bool take_size(struct chunked *c, uint8_t byte)
{
    int digit = hex_digit(byte);
    if (digit >= 0) {
        c->left = c->left << 4 | (unsigned)digit;
        return ++c->n_digits <= DIGITS_MAX;
    }
    return go_if(c, c->n_digits && (byte == '\r' || byte == ';'),
                 byte == ';' ? EXTENSION : SIZE_END);
}

static bool end_size(struct chunked *c, uint8_t byte)
{
    c->n_digits = 0;
    return go_if(c, byte == '\n', c->left ? DATA : TRAILER);
}

/* Take a byte that is not data. Returns false if it is not allowed here. */
static bool take_byte(struct chunked *c, uint8_t byte)
{
    if (++c->line_bytes > LINE_BYTES_MAX)
        return false;
    switch ((enum state)c->state) {
    case SIZE:
        return take_size(c, byte);
    case EXTENSION:
        return is_text(byte) || go_if(c, byte == '\r', SIZE_END);
    case SIZE_END:
        return end_size(c, byte);
    case DATA_CR:
        return go_if(c, byte == '\r', DATA_END);
    case DATA_END:
        return go_if(c, byte == '\n', SIZE);
    case TRAILER:
        return go_if(c, byte == '\r' || is_name(byte), byte == '\r' ? END : TRAILER_NAME);
    case TRAILER_NAME:
        return is_name(byte) || go_if(c, byte == ':', TRAILER_VALUE);
    case TRAILER_VALUE:
        return is_text(byte) || go_if(c, byte == '\r', TRAILER_END);
    case TRAILER_END:
        return go_if(c, byte == '\n', TRAILER);
    case END:
        return byte == '\n';
    case DATA:
        break;
    }
    return false;
}

static void take_data(struct chunked *c, struct view *rest, struct view *out)
{
    size_t n = rest->len < c->left ? rest->len : (size_t)c->left;
    *out = view_of(rest->ptr, n);
    *rest = view_of(rest->ptr + n, rest->len - n);
    c->left -= n;
    c->line_bytes = 0;
    if (c->left == 0)
        c->state = DATA_CR;
}

enum chunked_progress chunked_next(struct chunked *c, struct view *rest, struct view *out)
{
    while (rest->len) {
        if (c->state == DATA) {
            take_data(c, rest, out);
            return CHUNKED_PIECE;
        }
        bool was_end = c->state == END;
        if (!take_byte(c, rest->ptr[0]))
            return CHUNKED_MALFORMED;
        *rest = view_of(rest->ptr + 1, rest->len - 1);
        if (was_end)
            return CHUNKED_END;
    }
    return CHUNKED_MORE;
}
