#include "format/arrow/ipc_reader.h"

#include "format/arrow/flatbuf_reader.h"

#include <assert.h>

/* Fields of the tables: see ipc_writer.c and Arrow's format/Message.fbs and format/Schema.fbs. */
enum { MESSAGE_HEADER_TYPE = 1, MESSAGE_HEADER = 2, MESSAGE_BODY_LENGTH = 3 };
enum { SCHEMA_ENDIANNESS = 0, SCHEMA_FIELDS = 1 };
enum { FIELD_NAME = 0, FIELD_TYPE_TYPE = 2, FIELD_TYPE = 3, FIELD_DICTIONARY = 4 };
enum { INT_BIT_WIDTH = 0, INT_IS_SIGNED = 1, FLOAT_PRECISION = 0 };
enum { BATCH_LENGTH = 0, BATCH_NODES = 1, BATCH_BUFFERS = 2, BATCH_COMPRESSION = 3 };
enum { HEADER_SCHEMA = 1, HEADER_RECORD_BATCH = 3 };
enum { TYPE_INT = 2, TYPE_FLOATING_POINT = 3, TYPE_UTF8 = 5, TYPE_BOOL = 6, TYPE_LARGE_UTF8 = 20 };
enum { PAIR_BYTES = 16 };

static const uint32_t continuation = 0xFFFFFFFF;

struct message {
    struct fb_table header;
    uint64_t header_type;
    struct view body;
};

static enum code not_a_stream(struct err *err, const char *why)
{
    return err_set(err, E_INVALID, "not an Arrow IPC stream: %s", why);
}

/* The next message; *out_more false at the mark that ends a stream, or where the bytes end. */
must_use static enum code next_message(struct cursor *c, struct message *out, bool *out_more,
                                       struct err *err)
{
    uint32_t mark, metadata_bytes;
    struct view metadata;
    struct fb_table root;
    uint64_t body_bytes;
    *out_more = false;
    if (cur_left(c) == 0)
        return OK;
    if (!cur_u32le(c, &mark) || mark != continuation || !cur_u32le(c, &metadata_bytes))
        return not_a_stream(err, "a message does not begin with FFFFFFFF and a length");
    if (metadata_bytes == 0)
        return OK;
    if (!cur_bytes(c, metadata_bytes, &metadata))
        return not_a_stream(err, "it ends inside a message");
    if (!fb_root(metadata, &root) ||
        !fb_scalar(&root, MESSAGE_HEADER_TYPE, 1, 0, &out->header_type) ||
        !fb_table(&root, MESSAGE_HEADER, &out->header) || !out->header.present ||
        !fb_scalar(&root, MESSAGE_BODY_LENGTH, 8, 0, &body_bytes))
        return not_a_stream(err, "the metadata of a message is damaged");
    if (!cur_bytes(c, body_bytes, &out->body))
        return not_a_stream(err, "it ends inside the body of a message");
    *out_more = true;
    return OK;
}

static bool int_of(uint64_t bits, bool is_signed, enum dtype *out)
{
    static const enum dtype types[] = {DT_INT8,  DT_INT16,  DT_INT32,  DT_INT64,
                                       DT_UINT8, DT_UINT16, DT_UINT32, DT_UINT64};
    for (unsigned i = 0; i < 4; i++)
        if (bits == 8u << i) {
            *out = types[i + (is_signed ? 0 : 4)];
            return true;
        }
    return false;
}

/* False: the bytes lie. *known false: a type that is not read. */
must_use static bool read_type(const struct fb_table *field, struct ipc_column *c, bool *known)
{
    uint64_t kind, a, b;
    struct fb_table type, dictionary;
    if (!fb_scalar(field, FIELD_TYPE_TYPE, 1, 0, &kind) || !fb_table(field, FIELD_TYPE, &type) ||
        !type.present || !fb_table(field, FIELD_DICTIONARY, &dictionary))
        return false;
    *known = !dictionary.present;
    switch (kind) {
    case TYPE_INT:
        if (!fb_scalar(&type, INT_BIT_WIDTH, 4, 0, &a) ||
            !fb_scalar(&type, INT_IS_SIGNED, 1, 0, &b))
            return false;
        *known = *known && int_of(a, b != 0, &c->dtype);
        return true;
    case TYPE_FLOATING_POINT:
        if (!fb_scalar(&type, FLOAT_PRECISION, 2, 0, &a))
            return false;
        *known = *known && (a == 1 || a == 2);
        c->dtype = a == 1 ? DT_FLOAT32 : DT_FLOAT64;
        return true;
    case TYPE_UTF8:
    case TYPE_LARGE_UTF8:
        c->dtype = DT_UTF8;
        c->has_wide_offsets = kind == TYPE_LARGE_UTF8;
        return true;
    case TYPE_BOOL:
        c->dtype = DT_BOOL;
        return true;
    default:
        *known = false;
        return true;
    }
}

must_use static enum code read_fields(struct ipc_reader *r, const struct fb_vector *fields,
                                      struct err *err)
{
    char shown[100];
    for (size_t i = 0; i < fields->n; i++) {
        struct fb_table field;
        bool known;
        struct ipc_column *c = &r->columns[i];
        if (!fb_vector_table(fields, i, &field) || !fb_string(&field, FIELD_NAME, &c->name) ||
            !read_type(&field, c, &known))
            return not_a_stream(err, "its schema is damaged");
        if (!known)
            return err_set(err, E_UNSUPPORTED,
                           "column '%s' of the Arrow stream has a type that is not read here",
                           view_printable(c->name, shown, sizeof(shown)));
    }
    return OK;
}

enum code ipc_reader_init(struct ipc_reader *r, struct view stream, struct arena *arena,
                          struct err *err)
{
    struct message m;
    bool more;
    uint64_t endianness;
    struct fb_vector fields;
    *r = (struct ipc_reader){.rest = cur_of(stream)};
    TRY(next_message(&r->rest, &m, &more, err));
    if (!more || m.header_type != HEADER_SCHEMA)
        return not_a_stream(err, "it does not begin with a schema");
    if (!fb_scalar(&m.header, SCHEMA_ENDIANNESS, 2, 0, &endianness) ||
        !fb_vector(&m.header, SCHEMA_FIELDS, 4, &fields))
        return not_a_stream(err, "its schema is damaged");
    if (endianness != 0)
        return err_set(err, E_UNSUPPORTED, "the Arrow stream is big-endian");
    if (fields.n > IPC_FIELDS_MAX)
        return err_set(err, E_LIMIT, "the Arrow stream has %zu columns, at most %d are read",
                       fields.n, IPC_FIELDS_MAX);
    r->n_columns = fields.n;
    r->columns = arena_zalloc(arena, fields.n * sizeof(*r->columns));
    return read_fields(r, &fields, err);
}

/* Buffers of a batch, taken in order. */
struct buffers {
    struct fb_vector list;
    size_t next;
    struct view body;
};

must_use static bool take_buffer(struct buffers *b, struct view *out)
{
    if (b->next == b->list.n)
        return false;
    uint64_t offset = fb_vector_u64(&b->list, b->next, PAIR_BYTES, 0);
    uint64_t len = fb_vector_u64(&b->list, b->next, PAIR_BYTES, 8);
    b->next++;
    if (offset > b->body.len || len > b->body.len - offset)
        return false;
    *out = view_of(b->body.ptr + offset, len);
    return true;
}

static uint64_t offset_at(const struct ipc_column *c, size_t i)
{
    uint64_t wide;
    uint32_t narrow;
    assert(c->offsets); /* of utf8 */
    if (c->has_wide_offsets) {
        memcpy(&wide, c->offsets + 8 * i, 8);
        return wide;
    }
    memcpy(&narrow, c->offsets + 4 * i, 4);
    return narrow;
}

struct view ipc_utf8(const struct ipc_column *c, size_t row)
{
    uint64_t from = offset_at(c, row);
    return view_of(c->data.ptr + from, offset_at(c, row + 1) - from);
}

must_use static bool take_utf8(struct ipc_column *c, struct buffers *b, size_t n_rows)
{
    struct view offsets;
    size_t width = c->has_wide_offsets ? 8 : 4;
    if (!take_buffer(b, &offsets) || !take_buffer(b, &c->data))
        return false;
    c->offsets = offsets.ptr;
    if (n_rows == 0)
        return true; /* a writer may leave the one offset out */
    if (offsets.len / width < n_rows + 1)
        return false;
    uint64_t before = 0;
    for (size_t i = 0; i <= n_rows; i++) {
        uint64_t at = offset_at(c, i);
        if (at < before || at > c->data.len)
            return false;
        before = at;
    }
    return true;
}

must_use static bool take_column(struct ipc_column *c, struct buffers *b, const uint64_t node[2],
                                 size_t n_rows)
{
    struct view validity;
    if (node[0] != n_rows || node[1] > n_rows || !take_buffer(b, &validity))
        return false;
    c->n_rows = n_rows;
    c->validity = node[1] ? validity.ptr : NULL;
    if (c->validity && validity.len < (n_rows + 7) / 8)
        return false;
    if (c->dtype == DT_UTF8)
        return take_utf8(c, b, n_rows);
    size_t bytes = c->dtype == DT_BOOL ? (n_rows + 7) / 8 : n_rows * dtype_width(c->dtype);
    return take_buffer(b, &c->data) && c->data.len >= bytes;
}

must_use static enum code read_batch(struct ipc_reader *r, const struct message *m,
                                     size_t *out_n_rows, struct err *err)
{
    uint64_t n_rows;
    struct fb_vector nodes;
    struct fb_table compression;
    struct buffers b = {.body = m->body};
    if (!fb_scalar(&m->header, BATCH_LENGTH, 8, 0, &n_rows) ||
        !fb_vector(&m->header, BATCH_NODES, PAIR_BYTES, &nodes) ||
        !fb_vector(&m->header, BATCH_BUFFERS, PAIR_BYTES, &b.list) ||
        !fb_table(&m->header, BATCH_COMPRESSION, &compression))
        return not_a_stream(err, "the metadata of a batch is damaged");
    if (compression.present)
        return err_set(err, E_UNSUPPORTED, "the Arrow stream is compressed");
    /* A row takes at least a bit of some buffer, so that no sum below overflows. */
    if (nodes.n != r->n_columns || n_rows / 8 > m->body.len)
        return not_a_stream(err, "a batch does not fit its schema");
    for (size_t i = 0; i < r->n_columns; i++) {
        const uint64_t node[2] = {fb_vector_u64(&nodes, i, PAIR_BYTES, 0),
                                  fb_vector_u64(&nodes, i, PAIR_BYTES, 8)};
        if (!take_column(&r->columns[i], &b, node, n_rows))
            return not_a_stream(err, "the buffers of a batch do not fit its rows");
    }
    *out_n_rows = n_rows;
    return OK;
}

enum code ipc_reader_next(struct ipc_reader *r, size_t *out_n_rows, bool *out_more, struct err *err)
{
    struct message m;
    TRY(next_message(&r->rest, &m, out_more, err));
    if (!*out_more)
        return OK;
    if (m.header_type != HEADER_RECORD_BATCH)
        return err_set(err, E_UNSUPPORTED,
                       "the Arrow stream has a message of type %llu among its batches",
                       (unsigned long long)m.header_type);
    return read_batch(r, &m, out_n_rows, err);
}
