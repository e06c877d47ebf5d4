#include "format/arrow/ipc_writer.h"

#include "base/mem.h"
#include "format/arrow/flatbuf.h"

/*
 * The stream
 *
 *   schema message         FFFFFFFF, i32 metadata bytes, metadata
 *   record batch message   FFFFFFFF, i32 metadata bytes, metadata, body
 *   end                    FFFFFFFF, 00000000
 *
 * Metadata is a FlatBuffer whose root is a Message, zero-padded; the padding counts. The metadata
 * of the batch is padded so far that the body begins at a multiple of 64 from the start of the
 * stream. The body has for each column the validity bitmap, for utf8 the offsets, and the values,
 * each padded to 64 bytes; the metadata gives offsets into the body and lengths without padding.
 *
 * Fields of the tables, from Arrow's format/Message.fbs and format/Schema.fbs (the number of a
 * field is its position there, a union takes two):
 *
 *   Message        0 version i16   1 header type u8   2 header   3 bodyLength i64
 *   Schema         0 endianness i16 (0 little)        1 fields [Field]
 *   Field          0 name   1 nullable bool   2 type type u8   3 type   4 dictionary   5 children
 * [Field] Int            0 bitWidth i32   1 is_signed bool FloatingPoint  0 precision i16 (1
 * single, 2 double) RecordBatch    0 length i64   1 nodes [FieldNode]   2 buffers [Buffer]
 *   FieldNode      struct: length i64, null_count i64
 *   Buffer         struct: offset i64, length i64
 */
enum { MESSAGE_VERSION = 0, MESSAGE_HEADER_TYPE = 1, MESSAGE_HEADER = 2, MESSAGE_BODY_LENGTH = 3 };
enum { SCHEMA_FIELDS = 1 };
enum {
    FIELD_NAME = 0,
    FIELD_NULLABLE = 1,
    FIELD_TYPE_TYPE = 2,
    FIELD_TYPE = 3,
    FIELD_CHILDREN = 5
};
enum { INT_BIT_WIDTH = 0, INT_IS_SIGNED = 1, FLOAT_PRECISION = 0 };
enum { BATCH_LENGTH = 0, BATCH_NODES = 1, BATCH_BUFFERS = 2 };

enum { METADATA_V5 = 4 };
enum { HEADER_SCHEMA = 1, HEADER_RECORD_BATCH = 3 };
enum { TYPE_INT = 2, TYPE_FLOATING_POINT = 3, TYPE_UTF8 = 5, TYPE_BOOL = 6 };

enum { PREFIX_BYTES = 8, ALIGN_BYTES = 64, PAIR_BYTES = 16, NULL_COUNT_AT = 8 };
static const uint32_t continuation = 0xFFFFFFFF;

static uint64_t padded(uint64_t n)
{
    return (n + ALIGN_BYTES - 1) & ~(uint64_t)(ALIGN_BYTES - 1);
}

/* Begin a message; returns the position of its header table. */
static size_t add_message(struct flatbuf *fb, unsigned header_type, uint64_t body_bytes,
                          const uint8_t *header_sizes, size_t n_header_fields)
{
    static const uint8_t sizes[] = {2, 1, 4, 8};
    flatbuf_reset(fb);
    size_t message = flatbuf_add_table(fb, FLATBUF_ROOT, sizes, sizeof(sizes));
    flatbuf_set(fb, message, MESSAGE_VERSION, METADATA_V5, 2);
    flatbuf_set(fb, message, MESSAGE_HEADER_TYPE, header_type, 1);
    flatbuf_set(fb, message, MESSAGE_BODY_LENGTH, body_bytes, 8);
    return flatbuf_add_table(fb, flatbuf_field(fb, message, MESSAGE_HEADER), header_sizes,
                             n_header_fields);
}

static unsigned type_of(enum dtype t)
{
    switch (t) {
    case DT_UTF8:
        return TYPE_UTF8;
    case DT_BOOL:
        return TYPE_BOOL;
    case DT_FLOAT32:
    case DT_FLOAT64:
        return TYPE_FLOATING_POINT;
    default:
        return TYPE_INT;
    }
}

static void add_type(struct flatbuf *fb, size_t reference, enum dtype t)
{
    static const uint8_t int_sizes[] = {4, 1}, float_sizes[] = {2};
    if (dtype_is_int(t)) {
        size_t type = flatbuf_add_table(fb, reference, int_sizes, sizeof(int_sizes));
        flatbuf_set(fb, type, INT_BIT_WIDTH, 8 * dtype_width(t), 4);
        flatbuf_set(fb, type, INT_IS_SIGNED, dtype_is_signed(t), 1);
    } else if (t == DT_FLOAT32 || t == DT_FLOAT64) {
        size_t type = flatbuf_add_table(fb, reference, float_sizes, sizeof(float_sizes));
        flatbuf_set(fb, type, FLOAT_PRECISION, t == DT_FLOAT32 ? 1 : 2, 2);
    } else {
        flatbuf_add_table(fb, reference, NULL, 0);
    }
}

static void add_field(struct flatbuf *fb, size_t reference, const struct ipc_field *f)
{
    static const uint8_t sizes[] = {4, 1, 1, 4, 0, 4};
    size_t field = flatbuf_add_table(fb, reference, sizes, sizeof(sizes));
    flatbuf_set(fb, field, FIELD_NULLABLE, 1, 1);
    flatbuf_set(fb, field, FIELD_TYPE_TYPE, type_of(f->dtype), 1);
    flatbuf_add_string(fb, flatbuf_field(fb, field, FIELD_NAME), f->name);
    add_type(fb, flatbuf_field(fb, field, FIELD_TYPE), f->dtype);
    flatbuf_add_vector(fb, flatbuf_field(fb, field, FIELD_CHILDREN), 0, 4, 4);
}

static void build_schema(struct flatbuf *fb, const struct ipc_field *fields, size_t n_fields)
{
    static const uint8_t sizes[] = {2, 4};
    size_t schema = add_message(fb, HEADER_SCHEMA, 0, sizes, sizeof(sizes));
    size_t list = flatbuf_add_vector(fb, flatbuf_field(fb, schema, SCHEMA_FIELDS), n_fields, 4, 4);
    for (size_t i = 0; i < n_fields; i++)
        add_field(fb, list + 4 * i, &fields[i]);
}

/* Bytes of the buffers of a column, without padding; what it does not have is 0. */
struct buffers {
    uint64_t validity, offsets, data;
};

static struct buffers buffers_of(const struct ipc_field *f, size_t n_rows)
{
    if (f->dtype == DT_UTF8)
        return (struct buffers){column_bitmap_bytes(n_rows), 4 * (n_rows + 1), f->utf8_bytes};
    return (struct buffers){column_bitmap_bytes(n_rows), 0, column_data_bytes(f->dtype, n_rows)};
}

static uint64_t body_bytes_of(const struct ipc_field *fields, size_t n_fields, size_t n_rows)
{
    uint64_t total = 0;
    for (size_t i = 0; i < n_fields; i++) {
        struct buffers b = buffers_of(&fields[i], n_rows);
        total += padded(b.validity) + padded(b.offsets) + padded(b.data);
    }
    return total;
}

/* Describe one buffer at `pos`; moves both on. */
static void put_buffer(struct flatbuf *fb, size_t *pos, uint64_t *offset, uint64_t bytes)
{
    flatbuf_put_i64(fb, *pos, (int64_t)*offset);
    flatbuf_put_i64(fb, *pos + 8, (int64_t)bytes);
    *pos += PAIR_BYTES;
    *offset += padded(bytes);
}

/* Returns the position of the first field node. */
static size_t build_batch(struct flatbuf *fb, const struct ipc_field *fields, size_t n_fields,
                          size_t n_rows, uint64_t body_bytes)
{
    static const uint8_t sizes[] = {8, 4, 4};
    size_t n_buffers = 2 * n_fields;
    for (size_t i = 0; i < n_fields; i++)
        n_buffers += fields[i].dtype == DT_UTF8;
    size_t batch = add_message(fb, HEADER_RECORD_BATCH, body_bytes, sizes, sizeof(sizes));
    flatbuf_set(fb, batch, BATCH_LENGTH, n_rows, 8);
    size_t nodes =
        flatbuf_add_vector(fb, flatbuf_field(fb, batch, BATCH_NODES), n_fields, PAIR_BYTES, 8);
    size_t pos =
        flatbuf_add_vector(fb, flatbuf_field(fb, batch, BATCH_BUFFERS), n_buffers, PAIR_BYTES, 8);
    uint64_t offset = 0;
    for (size_t i = 0; i < n_fields; i++) {
        struct buffers b = buffers_of(&fields[i], n_rows);
        flatbuf_put_i64(fb, nodes + PAIR_BYTES * i, (int64_t)n_rows);
        put_buffer(fb, &pos, &offset, b.validity);
        if (fields[i].dtype == DT_UTF8)
            put_buffer(fb, &pos, &offset, b.offsets);
        put_buffer(fb, &pos, &offset, b.data);
    }
    return nodes;
}

/* Prefix and metadata, padded to `bytes` in all; returns what is behind. */
static uint8_t *write_message(uint8_t *out, const struct flatbuf *fb, size_t bytes)
{
    uint32_t metadata_bytes = (uint32_t)(bytes - PREFIX_BYTES);
    memcpy(out, &continuation, 4);
    memcpy(out + 4, &metadata_bytes, 4);
    memcpy(out + PREFIX_BYTES, fb->bytes.ptr, fb->bytes.len);
    memset(out + PREFIX_BYTES + fb->bytes.len, 0, metadata_bytes - fb->bytes.len);
    return out + bytes;
}

/* The next buffer of the body, its padding zeroed; moves *pos behind it. */
static uint8_t *take_buffer(uint8_t **pos, uint64_t bytes)
{
    uint8_t *at = *pos;
    memset(at + bytes, 0, padded(bytes) - bytes);
    *pos += padded(bytes);
    return at;
}

static struct column *place_columns(uint8_t *body, const struct ipc_field *fields, size_t n_fields,
                                    size_t n_rows, struct arena *arena)
{
    struct column *columns = arena_zalloc(arena, n_fields * sizeof(*columns));
    for (size_t i = 0; i < n_fields; i++) {
        struct column *c = &columns[i];
        struct buffers b = buffers_of(&fields[i], n_rows);
        *c = (struct column){.name = fields[i].name, .dtype = fields[i].dtype, .n_rows = n_rows};
        c->validity = take_buffer(&body, b.validity);
        if (c->dtype == DT_UTF8) {
            c->offsets = (int32_t *)(void *)take_buffer(&body, b.offsets);
            c->offsets[0] = 0;
        }
        c->data = take_buffer(&body, b.data);
    }
    return columns;
}

/* All fields fit 32-bit offsets, and the body the limit; then no sum below overflows. */
must_use static enum code check_sizes(const struct ipc_field *fields, size_t n_fields,
                                      size_t n_rows, size_t max_bytes, struct err *err)
{
    for (size_t i = 0; i < n_fields; i++)
        if (fields[i].utf8_bytes > INT32_MAX)
            return err_set(err, E_LIMIT,
                           "column %.100s: %zu bytes of text are too many for one answer",
                           fields[i].name, fields[i].utf8_bytes);
    uint64_t widest = (uint64_t)8 * n_rows + 2 * ALIGN_BYTES;
    uint64_t bytes = n_rows > INT32_MAX || widest > UINT64_MAX / 4 / (n_fields + 1)
                         ? UINT64_MAX
                         : body_bytes_of(fields, n_fields, n_rows);
    if (bytes > max_bytes)
        return err_set(err, E_LIMIT, "the answer would have more than %zu bytes", max_bytes);
    return OK;
}

void ipc_schema_put(const struct ipc_field *fields, size_t n_fields, struct buf *out)
{
    AUTO(flatbuf) struct flatbuf schema = {0};
    build_schema(&schema, fields, n_fields);
    size_t bytes = PREFIX_BYTES + ((schema.bytes.len + 7) & ~(size_t)7);
    write_message(buf_reserve(out, bytes), &schema, bytes);
    out->len += bytes;
}

/* Allocate the stream and write all but the body, of which the place is returned; NULL: no memory.
 */
static uint8_t *write_stream(struct view schema, const struct flatbuf *batch, uint64_t body_bytes,
                             struct ipc_stream *s)
{
    size_t body_at = padded(schema.len + PREFIX_BYTES + batch->bytes.len);
    s->len = body_at + body_bytes + PREFIX_BYTES;
    s->bytes = aligned_alloc(ALIGN_BYTES, padded(s->len));
    if (!s->bytes)
        return NULL;
    memcpy(s->bytes, schema.ptr, schema.len);
    uint8_t *body = write_message(s->bytes + schema.len, batch, body_at - schema.len);
    memcpy(s->bytes + s->len - PREFIX_BYTES, &continuation, 4);
    memset(s->bytes + s->len - 4, 0, 4);
    s->nodes += schema.len + PREFIX_BYTES;
    return body;
}

enum code ipc_plan(struct view schema, const struct ipc_field *fields, size_t n_fields,
                   size_t n_rows, size_t max_bytes, struct arena *arena,
                   struct ipc_stream *out_stream, struct err *err)
{
    AUTO(flatbuf) struct flatbuf batch = {0};
    TRY(check_sizes(fields, n_fields, n_rows, max_bytes, err));
    uint64_t body_bytes = body_bytes_of(fields, n_fields, n_rows);
    struct ipc_stream s = {.n_columns = n_fields};
    s.nodes = build_batch(&batch, fields, n_fields, n_rows, body_bytes);
    uint8_t *body = write_stream(schema, &batch, body_bytes, &s);
    if (!body)
        return err_set(err, E_NOMEM, "no memory for an answer of %zu bytes", s.len);
    s.columns = place_columns(body, fields, n_fields, n_rows, arena);
    *out_stream = s;
    return OK;
}

void ipc_finish(struct ipc_stream *s)
{
    for (size_t i = 0; i < s->n_columns; i++) {
        int64_t n_nulls = (int64_t)s->columns[i].n_nulls;
        memcpy(s->bytes + s->nodes + PAIR_BYTES * i + NULL_COUNT_AT, &n_nulls, sizeof(n_nulls));
    }
}

void ipc_stream_done(struct ipc_stream *s)
{
    free(s->bytes);
    *s = (struct ipc_stream){0};
}
