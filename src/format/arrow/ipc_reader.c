#include "format/arrow/ipc_reader.h"

#include "base/mem.h"
#include "format/arrow/fbs.h"
#include "format/arrow/ipc_dictionary.h"
#include "format/arrow/ipc_field.h"

#include <assert.h>

struct ipc_reader {
    struct view stream;
    struct cursor rest;
    bool has_begun; /* with messages after the schema */
    struct ipc_limits limits;
    struct arena arena; /* of the schema */
    struct ipc_fields fields;
    struct ipc_dictionaries dictionaries;
    struct fb_vector metadata;
    struct ipc_codec codec;
    struct ipc_budget budget;
    struct ipc_memory memory; /* of the batch */
    struct arena batch_arena;
};

struct ipc_limits ipc_limits_default(void)
{
    return (struct ipc_limits){
        .decompressed_bytes = (size_t)1 << 30,
        .read_bytes = (size_t)256 << 20,
        .batch_rows = INT32_MAX,
    };
}

must_use static enum code read_schema(struct ipc_reader *r, struct err *err)
{
    struct ipc_message m;
    bool more;
    uint64_t endianness;
    TRY(ipc_message_next(&r->rest, &m, &more, err));
    if (!more || m.header_type != IPC_SCHEMA)
        return ipc_not_a_stream(err, "it does not begin with a schema");
    if (!fb_scalar(&m.header, SCHEMA_ENDIANNESS, 2, 0, &endianness) ||
        !fb_vector(&m.header, SCHEMA_METADATA, 4, &r->metadata))
        return ipc_not_a_stream(err, "its schema is damaged");
    if (endianness != 0)
        return err_set(err, E_UNSUPPORTED,
                       "the Arrow stream is big-endian, only little-endian ones are read");
    return ipc_fields_read(&m.header, &r->arena, &r->dictionaries, &r->fields, err);
}

enum code ipc_reader_open(struct view stream, const struct ipc_limits *limits,
                          struct ipc_reader **out, struct err *err)
{
    struct ipc_reader *r = mem_zalloc(sizeof(*r));
    r->stream = stream;
    r->rest = ipc_messages(stream);
    r->limits = *limits;
    r->budget.most = limits->decompressed_bytes;
    r->memory.budget = &r->budget;
    enum code rc = read_schema(r, err);
    if (rc) {
        ipc_reader_close(r);
        return rc;
    }
    for (size_t i = 0; i < r->fields.n_columns; i++)
        r->fields.columns[i].read_bytes = limits->read_bytes;
    *out = r;
    return OK;
}

void ipc_reader_close(struct ipc_reader *r)
{
    if (!r)
        return;
    ipc_dictionaries_done(&r->dictionaries);
    ipc_memory_reset(&r->memory);
    ipc_codec_done(&r->codec);
    arena_done(&r->batch_arena);
    arena_done(&r->arena);
    free(r);
}

struct view ipc_reader_stream(const struct ipc_reader *r)
{
    return r->stream;
}

size_t ipc_reader_n_columns(const struct ipc_reader *r)
{
    return r->fields.n_columns;
}

const struct arrow_array *ipc_reader_column(const struct ipc_reader *r, size_t i)
{
    return &r->fields.columns[i];
}

void ipc_reader_ignore(struct ipc_reader *r, size_t i)
{
    assert(!r->has_begun);
    r->fields.columns[i].ignored = true;
}

bool ipc_reader_metadata(const struct ipc_reader *r, const char *key, struct view *out)
{
    for (size_t i = 0; i < r->metadata.n; i++) {
        struct fb_table pair;
        struct view name, value;
        if (fb_vector_table(&r->metadata, i, &pair) && fb_string(&pair, PAIR_KEY, &name) &&
            fb_string(&pair, PAIR_VALUE, &value) && view_eq_cstr(name, key)) {
            *out = value;
            return true;
        }
    }
    return false;
}

must_use static enum code read_batch(struct ipc_reader *r, const struct ipc_message *m,
                                     size_t *out_n_rows, struct err *err)
{
    const struct ipc_batch_into into = {
        .columns = r->fields.columns,
        .n_columns = r->fields.n_columns,
        .rows_max = r->limits.batch_rows,
        .codec = &r->codec,
        .memory = &r->memory,
        .arena = &r->batch_arena,
    };
    return ipc_batch_read(&into, &m->header, m->body, m->is_v4, out_n_rows, err);
}

/* From now on it is known which columns are read. */
static void begin(struct ipc_reader *r)
{
    r->has_begun = true;
    for (size_t i = 0; i < r->fields.n_columns; i++) {
        const struct arrow_array *a = &r->fields.columns[i];
        if (a->supported && !a->ignored)
            ipc_dictionaries_want(a);
    }
}

enum code ipc_reader_next(struct ipc_reader *r, size_t *out_n_rows, bool *out_more, struct err *err)
{
    if (!r->has_begun)
        begin(r);
    ipc_memory_reset(&r->memory);
    arena_reset(&r->batch_arena);
    for (;;) {
        struct ipc_message m;
        TRY(ipc_message_next(&r->rest, &m, out_more, err));
        if (!*out_more)
            return OK;
        if (m.header_type == IPC_BATCH)
            return read_batch(r, &m, out_n_rows, err);
        if (m.header_type != IPC_DICTIONARY)
            return err_set(err, E_INVALID,
                           "the Arrow stream has a message of type %u among its batches",
                           (unsigned)m.header_type);
        TRY(ipc_dictionaries_read(&r->dictionaries, &m, r->limits.batch_rows, &r->codec, &r->budget,
                                  err));
    }
}
