#include "format/arrow/ipc_writer.h"

#include "base/mem.h"
#include "format/arrow/fbs.h"
#include "format/arrow/ipc_type.h"

/*
 * The stream
 *
 *   schema message         FFFFFFFF, i32 metadata bytes, metadata
 *   record batch message   FFFFFFFF, i32 metadata bytes, metadata, body
 *   end                    FFFFFFFF, 00000000
 *
 * Metadata is a FlatBuffer whose root is a Message, zero-padded; the padding counts. The metadata
 * of the batch is padded so far that the body begins at a multiple of 64 from the start of the
 * stream. The body has for each column the validity bitmap, where lengths differ the offsets, and
 * the values, each padded to 64 bytes, and after a list's those of its elements; the metadata
 * gives offsets into the body and lengths without padding.
 */
enum { PREFIX_BYTES = 8, ALIGN_BYTES = 64 };
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

static void add_field(struct flatbuf *fb, size_t reference, const char *name, const struct type *t)
{
    static const uint8_t sizes[] = {4, 1, 1, 4, 0, 4};
    bool is_list = t->dtype == DT_LIST;
    const struct arrow_spec spec = arrow_spec_of(t);
    size_t field = flatbuf_add_table(fb, reference, sizes, sizeof(sizes));
    flatbuf_set(fb, field, FIELD_NULLABLE, 1, 1);
    flatbuf_set(fb, field, FIELD_TYPE_TYPE, spec.kind, 1);
    flatbuf_add_string(fb, flatbuf_field(fb, field, FIELD_NAME), view_cstr(name));
    ipc_type_add(fb, flatbuf_field(fb, field, FIELD_TYPE), &spec);
    size_t children =
        flatbuf_add_vector(fb, flatbuf_field(fb, field, FIELD_CHILDREN), is_list, 4, 4);
    if (is_list) {
        struct type element = type_element(t);
        add_field(fb, children, "item", &element);
    }
}

static void build_schema(struct flatbuf *fb, const struct ipc_field *fields, size_t n_fields)
{
    static const uint8_t sizes[] = {2, 4};
    size_t schema = add_message(fb, IPC_SCHEMA, 0, sizes, sizeof(sizes));
    size_t list = flatbuf_add_vector(fb, flatbuf_field(fb, schema, SCHEMA_FIELDS), n_fields, 4, 4);
    for (size_t i = 0; i < n_fields; i++)
        add_field(fb, list + 4 * i, fields[i].name, &fields[i].type);
}

/*
 * One list of nodes and one of buffers describe the batch, depth first: a list is followed by its
 * child. Counting, describing and placing all walk in this order (count_parts, put_node,
 * place_column) and must agree about the buffers of a type.
 */

/* A node of the batch: a column, or the elements of a list. */
struct node {
    struct type type;
    size_t n_rows;
    struct column_sizes sizes;
};

static struct node node_of(const struct ipc_field *f, size_t n_rows)
{
    return (struct node){f->type, n_rows, f->sizes};
}

/* Only of a list. */
static struct node node_child(const struct node *n)
{
    size_t n_elements = n->type.list_size ? n->n_rows * n->type.list_size : n->sizes.n_elements;
    return (struct node){type_element(&n->type), n_elements, {n->sizes.bytes, 0}};
}

/* Bytes of the buffers of a node, without padding; 0 for a buffer that it does not have. */
struct buffers {
    uint64_t validity, offsets, data;
};

static struct buffers buffers_of(const struct node *n)
{
    struct buffers b = {.validity = column_bitmap_bytes(n->n_rows)};
    if (type_is_variable(&n->type))
        b.offsets = 4 * (n->n_rows + 1);
    if (dtype_is_bytes(n->type.dtype))
        b.data = n->sizes.bytes;
    else if (n->type.dtype != DT_LIST)
        b.data = column_data_bytes(&n->type, n->n_rows);
    return b;
}

static uint64_t node_bytes(const struct node *n)
{
    struct buffers b = buffers_of(n);
    uint64_t bytes = padded(b.validity) + padded(b.offsets) + padded(b.data);
    if (n->type.dtype != DT_LIST)
        return bytes;
    struct node child = node_child(n);
    return bytes + node_bytes(&child);
}

static uint64_t body_bytes_of(const struct ipc_field *fields, size_t n_fields, size_t n_rows)
{
    uint64_t total = 0;
    for (size_t i = 0; i < n_fields; i++) {
        struct node n = node_of(&fields[i], n_rows);
        total += node_bytes(&n);
    }
    return total;
}

/* Nodes and buffers of a field. */
static void count_parts(const struct type *t, size_t *n_nodes, size_t *n_buffers)
{
    (*n_nodes)++;
    *n_buffers += 1 + type_is_variable(t) + (t->dtype != DT_LIST);
    if (t->dtype != DT_LIST)
        return;
    struct type element = type_element(t);
    count_parts(&element, n_nodes, n_buffers);
}

/* Describe one buffer at `pos`; moves both on. */
static void put_buffer(struct flatbuf *fb, size_t *pos, uint64_t *offset, uint64_t bytes)
{
    flatbuf_put_i64(fb, *pos + BUFFER_OFFSET_AT, (int64_t)*offset);
    flatbuf_put_i64(fb, *pos + BUFFER_LENGTH_AT, (int64_t)bytes);
    *pos += BUFFER_BYTES;
    *offset += padded(bytes);
}

/* Places in the metadata and the body that move on. */
struct batch_places {
    size_t node, buffer;
    uint64_t offset;
};

static void put_node(struct flatbuf *fb, struct batch_places *at, const struct node *n)
{
    struct buffers b = buffers_of(n);
    flatbuf_put_i64(fb, at->node + NODE_LENGTH_AT, (int64_t)n->n_rows);
    at->node += NODE_BYTES;
    put_buffer(fb, &at->buffer, &at->offset, b.validity);
    if (type_is_variable(&n->type))
        put_buffer(fb, &at->buffer, &at->offset, b.offsets);
    if (n->type.dtype != DT_LIST) {
        put_buffer(fb, &at->buffer, &at->offset, b.data);
        return;
    }
    struct node child = node_child(n);
    put_node(fb, at, &child);
}

/* Returns the position of the first field node. */
static size_t build_batch(struct flatbuf *fb, const struct ipc_field *fields, size_t n_fields,
                          size_t n_rows, uint64_t body_bytes)
{
    static const uint8_t sizes[] = {8, 4, 4};
    size_t n_nodes = 0, n_buffers = 0;
    for (size_t i = 0; i < n_fields; i++)
        count_parts(&fields[i].type, &n_nodes, &n_buffers);
    size_t batch = add_message(fb, IPC_BATCH, body_bytes, sizes, sizeof(sizes));
    flatbuf_set(fb, batch, BATCH_LENGTH, n_rows, 8);
    size_t nodes =
        flatbuf_add_vector(fb, flatbuf_field(fb, batch, BATCH_NODES), n_nodes, NODE_BYTES, 8);
    size_t pos =
        flatbuf_add_vector(fb, flatbuf_field(fb, batch, BATCH_BUFFERS), n_buffers, BUFFER_BYTES, 8);
    struct batch_places at = {nodes, pos, 0};
    for (size_t i = 0; i < n_fields; i++) {
        struct node n = node_of(&fields[i], n_rows);
        put_node(fb, &at, &n);
    }
    return nodes;
}

/* Prefix and metadata, padded to `bytes` in all; returns the address after it. */
static uint8_t *write_message(uint8_t *out, const struct flatbuf *fb, size_t bytes)
{
    uint32_t metadata_bytes = (uint32_t)(bytes - PREFIX_BYTES);
    memcpy(out, &continuation, 4);
    memcpy(out + 4, &metadata_bytes, 4);
    memcpy(out + PREFIX_BYTES, fb->bytes.ptr, fb->bytes.len);
    memset(out + PREFIX_BYTES + fb->bytes.len, 0, metadata_bytes - fb->bytes.len);
    return out + bytes;
}

/* The next buffer of the body, its padding zeroed; moves *pos past it. */
static uint8_t *take_buffer(uint8_t **pos, uint64_t bytes)
{
    uint8_t *at = *pos;
    memset(at + bytes, 0, padded(bytes) - bytes);
    *pos += padded(bytes);
    return at;
}

static struct column place_column(uint8_t **body, const char *name, const struct node *n,
                                  struct arena *arena)
{
    struct buffers b = buffers_of(n);
    struct column c = {.name = name, .type = n->type, .n_rows = n->n_rows};
    c.validity = take_buffer(body, b.validity);
    if (type_is_variable(&n->type)) {
        c.offsets = (int32_t *)(void *)take_buffer(body, b.offsets);
        c.offsets[0] = 0;
    }
    if (n->type.dtype != DT_LIST) {
        c.data = take_buffer(body, b.data);
        c.data_room = b.data;
        return c;
    }
    struct node child = node_child(n);
    c.child = arena_alloc(arena, sizeof(*c.child));
    *c.child = place_column(body, "item", &child, arena);
    return c;
}

static struct column *place_columns(uint8_t *body, const struct ipc_field *fields, size_t n_fields,
                                    size_t n_rows, struct arena *arena)
{
    struct column *columns = arena_zalloc(arena, n_fields * sizeof(*columns));
    for (size_t i = 0; i < n_fields; i++) {
        struct node n = node_of(&fields[i], n_rows);
        columns[i] = place_column(&body, fields[i].name, &n, arena);
    }
    return columns;
}

/* The most bytes that one row of a field adds to the body, not counting those in its sizes. */
static uint64_t row_bytes(const struct type *t)
{
    uint64_t bytes = 16 + (uint64_t)type_width(t);
    return t->list_size ? bytes + t->list_size : bytes;
}

/* All fields fit 32-bit offsets, and the body the limit; then no sum below overflows. */
must_use static enum code check_sizes(const struct ipc_field *fields, size_t n_fields,
                                      size_t n_rows, size_t max_bytes, uint64_t *out_body_bytes,
                                      struct err *err)
{
    uint64_t widest = 0;
    for (size_t i = 0; i < n_fields; i++) {
        const struct column_sizes *sizes = &fields[i].sizes;
        if (sizes->bytes > INT32_MAX || sizes->n_elements > INT32_MAX)
            return err_set(err, E_LIMIT, "column %.100s: %zu %s are too many for one answer",
                           fields[i].name,
                           sizes->bytes > INT32_MAX ? sizes->bytes : sizes->n_elements,
                           sizes->bytes > INT32_MAX ? "bytes of text" : "elements");
        widest += row_bytes(&fields[i].type);
    }
    uint64_t bytes = n_rows > INT32_MAX || widest > INT64_MAX / ((uint64_t)n_rows + 1)
                         ? UINT64_MAX
                         : body_bytes_of(fields, n_fields, n_rows);
    if (bytes > max_bytes)
        return err_set(err, E_LIMIT, "the answer would have more than %zu bytes", max_bytes);
    *out_body_bytes = bytes;
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
    s->batch_at = schema.len;
    s->end_at = s->len - PREFIX_BYTES;
    s->nodes += schema.len + PREFIX_BYTES;
    return body;
}

/*
 * Everything is known before a byte is written: the sizes of all buffers come from the rows that
 * were found. So the stream is allocated once, in its final size, and nothing is copied later.
 * 64-byte alignment of the body is what the format recommends for vectorized readers; the
 * allocation and the padded metadata together provide it.
 */
enum code ipc_plan(struct view schema, const struct ipc_field *fields, size_t n_fields,
                   size_t n_rows, size_t max_bytes, struct arena *arena,
                   struct ipc_stream *out_stream, struct err *err)
{
    AUTO(flatbuf) struct flatbuf batch = {0};
    uint64_t body_bytes = 0;
    TRY(check_sizes(fields, n_fields, n_rows, max_bytes, &body_bytes, err));
    struct ipc_stream s = {.n_columns = n_fields};
    buf_reserve(&batch.bytes,
                256 + n_fields * (NODE_BYTES + 4 * BUFFER_BYTES)); /* of most answers */
    s.nodes = build_batch(&batch, fields, n_fields, n_rows, body_bytes);
    uint8_t *body = write_stream(schema, &batch, body_bytes, &s);
    if (!body)
        return err_set(err, E_NOMEM, "no memory for an answer of %zu bytes", s.len);
    s.columns = place_columns(body, fields, n_fields, n_rows, arena);
    *out_stream = s;
    return OK;
}

/* Returns the offset after the nodes of the column. */
static size_t put_null_counts(struct ipc_stream *s, size_t node, const struct column *c)
{
    int64_t n_nulls = (int64_t)c->n_nulls;
    memcpy(s->bytes + node + NODE_NULLS_AT, &n_nulls, sizeof(n_nulls));
    node += NODE_BYTES;
    return c->child ? put_null_counts(s, node, c->child) : node;
}

void ipc_finish(struct ipc_stream *s)
{
    size_t node = s->nodes;
    for (size_t i = 0; i < s->n_columns; i++)
        node = put_null_counts(s, node, &s->columns[i]);
}

void ipc_stream_done(struct ipc_stream *s)
{
    free(s->bytes);
    *s = (struct ipc_stream){0};
}
