#include "json_rows.h"

#include "base/mem.h"
#include "format/json/batch.h"
#include "format/json/put.h"
#include "format/json/write_request.h"
#include "model/list.h"

#include <assert.h>

static const char *const types[] = {
    "bool",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "float16",
    "float32",
    "float64",
    "utf8",
    "binary",
    "date32",
    "timestamp[s]",
    "timestamp[ns]",
    "timestamp[us, tz=UTC]",
    "time32[ms]",
    "time64[ns]",
    "duration[us]",
    "decimal128(12, 2)",
    "decimal256(60, 0)",
    "fixed_binary[3]",
    "list<float32>",
    "list<float32>[2]",
    "list<utf8>",
    "list<bool>",
    "list<timestamp[ms]>",
};

void json_rows_schema(struct schema *out)
{
    struct schema s = {0};
    schema_add_plain(&s, view_cstr("id"), DT_UTF8, false);
    schema_add_key(&s, 0);
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        struct type t;
        enum code rc = type_parse(view_cstr(types[i]), &t, NULL);
        assert(rc == OK);
        (void)rc;
        schema_add(&s, view_cstr(types[i]), &t, true);
    }
    *out = s;
}

static void put_value(struct buf *out, const struct type *t, const void *value);

static void put_list(struct buf *out, const struct type *t, struct view value)
{
    struct list_value l;
    const struct type element = type_element(t);
    bool open = list_open(value, &element, &l);
    assert(open);
    (void)open;
    buf_puts(out, "[");
    for (uint32_t i = 0; i < l.n; i++) {
        struct view bytes;
        if (i)
            buf_puts(out, ",");
        if (!list_is_valid(&l, i)) {
            buf_puts(out, "null");
        } else if (dtype_is_bytes(element.dtype)) {
            bytes = list_bytes(&l, i);
            put_value(out, &element, &bytes);
        } else {
            put_value(out, &element, l.elements.ptr + i * type_width(&element));
        }
    }
    buf_puts(out, "]");
}

/* A column of one row. */
static void put_value(struct buf *out, const struct type *t, const void *value)
{
    uint8_t valid = 1, aligned[64], empty = 0;
    int32_t offsets[2] = {0, 0};
    struct column c = {.name = "", .type = *t, .n_rows = 1, .validity = &valid};
    if (t->dtype == DT_LIST) {
        put_list(out, t, *(const struct view *)value);
        return;
    }
    if (dtype_is_bytes(t->dtype)) {
        struct view bytes = *(const struct view *)value;
        offsets[1] = (int32_t)bytes.len;
        c.offsets = offsets;
        c.data = bytes.len ? (uint8_t *)bytes.ptr : &empty;
    } else {
        memcpy(aligned, value, type_width(t));
        c.data = aligned;
    }
    json_put_cell(out, &c, 0);
}

static void put_rows(struct buf *texts, const struct vector *vectors, size_t n_vectors)
{
    for (size_t k = 0; k < n_vectors; k++)
        for (size_t i = 0; i < vectors[k].n; i++) {
            const struct vector *v = &vectors[k];
            if (texts[k].len)
                buf_puts(&texts[k], ",");
            if (v->valid[i])
                put_value(&texts[k], &v->type,
                          (const uint8_t *)v->values + i * vector_width(&v->type));
            else
                buf_puts(&texts[k], "null");
        }
}

must_use static enum code read_all(struct json_write *w, struct vector *vectors, size_t n_vectors,
                                   size_t max, struct buf *texts, struct err *err)
{
    size_t n;
    do {
        TRY(json_write_next(w, vectors, max, &n, err));
        for (size_t k = 0; k < n_vectors; k++) {
            size_t n_nulls = 0;
            assert(vectors[k].n == n);
            for (size_t i = 0; i < n; i++)
                n_nulls += !vectors[k].valid[i];
            assert(n_nulls == vectors[k].n_nulls);
        }
        put_rows(texts, vectors, n_vectors);
    } while (n);
    return OK;
}

enum code json_rows_copy(struct view body, const struct schema *schema, size_t max, struct buf *out,
                         struct err *err)
{
    struct json_write *w;
    size_t n = schema->n_fields;
    static const struct column_rules rules = {.passes_unknown = true};
    TRY(json_write_open(body, schema, &rules, &w, err));
    struct vector *vectors = mem_zalloc(n * sizeof(*vectors));
    struct buf *texts = mem_zalloc(n * sizeof(*texts));
    for (size_t k = 0; k < n; k++)
        vector_init(&vectors[k], &schema->fields[k].type, max);
    enum code rc = read_all(w, vectors, n, max, texts, err);
    buf_puts(out, "{\"columns\":{");
    for (size_t k = 0; k < n; k++) {
        if (k)
            buf_puts(out, ",");
        json_put_string(out, view_cstr(schema->fields[k].name));
        buf_puts(out, ":[");
        buf_put(out, texts[k].ptr, texts[k].len);
        buf_puts(out, "]");
        vector_done(&vectors[k]);
        buf_done(&texts[k]);
    }
    buf_puts(out, "}}");
    free(vectors);
    free(texts);
    json_write_close(w);
    return rc;
}
