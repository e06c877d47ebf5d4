/* What test_c_data.py calls by ctypes: Arrow's C data interface between pyarrow and Murr, in one
 * process. */
#include "format/arrow/c_export.h"
#include "format/arrow/c_import.h"
#include "value_text.h"

#define EXPORTED __attribute__((visibility("default")))

EXPORTED char *bridge_import(const struct ArrowSchema *schema, const struct ArrowArray *batch);
EXPORTED void bridge_free(char *text);
EXPORTED int bridge_export(const uint8_t *bytes, size_t len, struct ArrowSchema *out_schema,
                           struct ArrowArray *out_batch);
EXPORTED unsigned bridge_n_open(void);

static enum code put_columns(struct c_import *in, struct buf *out, struct err *err)
{
    for (size_t i = 0; i < c_import_n_columns(in); i++) {
        const struct arrow_array *a = c_import_column(in, i);
        buf_printf(out, "# %.*s: %s%s\n", VIEW_ARG(a->name), a->type_text,
                   a->supported ? "" : ", not read");
        if (a->supported)
            TRY(array_text(a, out, err));
    }
    return OK;
}

static enum code import_text(const struct ArrowSchema *schema, const struct ArrowArray *batch,
                             struct buf *out, struct err *err)
{
    struct c_import *in;
    size_t n_rows;
    TRY(c_import_open(schema, 1 << 20, &in, err));
    enum code rc = c_import_batch(in, batch, &n_rows, err);
    if (rc == OK)
        rc = put_columns(in, out, err);
    c_import_close(in);
    return rc;
}

/* The columns as tests/golden/arrow/make.py describes them, or the error; for bridge_free. */
char *bridge_import(const struct ArrowSchema *schema, const struct ArrowArray *batch)
{
    struct buf text = {0};
    struct err err;
    if (import_text(schema, batch, &text, &err)) {
        buf_reset(&text);
        buf_puts(&text, err.msg);
    }
    buf_cstr(&text);
    return (char *)buf_detach(&text);
}

void bridge_free(char *text)
{
    free(text);
}

/* A stream of Murr's, as the columns that it was made of. */
struct answer {
    struct ipc_reader *reader;
    uint8_t *bytes;
};

static _Atomic unsigned n_open;

static void close_answer(void *owner)
{
    struct answer *a = owner;
    ipc_reader_close(a->reader);
    free(a->bytes);
    free(a);
    n_open--;
}

static struct column column_of(const struct arrow_array *a, struct arena *arena)
{
    struct column c = {
        .name = arena_strndup(arena, a->name.ptr, a->name.len),
        .type = a->type,
        .n_rows = a->n_rows,
        .validity = (uint8_t *)(uintptr_t)a->validity,
        .offsets = (int32_t *)(uintptr_t)a->offsets,
        .data = (uint8_t *)(uintptr_t)a->data.ptr,
    };
    for (size_t i = 0; a->validity && i < a->n_rows; i++)
        c.n_nulls += !column_is_valid(&c, i);
    if (a->n_children) {
        c.child = arena_alloc(arena, sizeof(*c.child));
        *c.child = column_of(&a->children[0], arena);
    }
    return c;
}

int bridge_export(const uint8_t *bytes, size_t len, struct ArrowSchema *out_schema,
                  struct ArrowArray *out_batch)
{
    AUTO(arena) struct arena arena = {0};
    struct answer *answer = mem_zalloc(sizeof(*answer));
    const struct ipc_limits limits = ipc_limits_default();
    size_t n_rows;
    bool more;
    answer->bytes = memcpy(mem_alloc(len), bytes, len);
    n_open++;
    if (ipc_reader_open(view_of(answer->bytes, len), &limits, &answer->reader, NULL) ||
        ipc_reader_next(answer->reader, &n_rows, &more, NULL) || !more) {
        close_answer(answer);
        return -1;
    }
    size_t n = ipc_reader_n_columns(answer->reader);
    struct column *columns = arena_alloc(&arena, n * sizeof(*columns));
    for (size_t i = 0; i < n; i++)
        columns[i] = column_of(ipc_reader_column(answer->reader, i), &arena);
    c_export_schema(columns, n, out_schema);
    c_export_batch(columns, n, n_rows, close_answer, answer, out_batch);
    return 0;
}

unsigned bridge_n_open(void)
{
    return n_open;
}
