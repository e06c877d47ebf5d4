#include "engine/build/newer_rows.h"

#include "base/mem.h"
#include "engine/store/answer.h"
#include "model/value_order.h"

enum { AT_ONCE = 512 };

/* Records of one piece, looked up together. */
struct lookup {
    struct record *records[AT_ONCE];
    struct view keys[AT_ONCE];
    size_t n;
    struct arena arena;
};

/* The value of a row of an answer's column, as vectors hold it. */
static struct view value_of(const struct column *c, size_t row, uint8_t *bit)
{
    size_t width = type_width(&c->type);
    if (c->offsets)
        return view_of(c->data + c->offsets[row], (size_t)(c->offsets[row + 1] - c->offsets[row]));
    if (c->type.dtype != DT_BOOL)
        return view_of(c->data + row * width, width);
    *bit = c->data[row / 8] >> row % 8 & 1;
    return view_of(bit, 1);
}

static bool is_older(const struct newer_rows *n, const struct record *r, const struct column *c,
                     size_t row)
{
    size_t field = n->format->newest_by;
    uint8_t bit;
    if (!column_is_valid(c, row) || (n->counts && n->counts(n->arg, r)) ||
        record_deletes(n->format, r))
        return false;
    return record_is_null(r, field) ||
           value_compare(&c->type, record_value(n->format, r, field), value_of(c, row, &bit)) < 0;
}

/* Look up the keys, and move the records that stay to *to. */
must_use static enum code keep_newer(const struct newer_rows *n, struct lookup *l, uint8_t **to,
                                     struct err *err)
{
    const struct schema *schema = snapshot_schema(n->served);
    struct view name = view_cstr(n->format->schema->fields[n->format->newest_by].name);
    size_t field = (size_t)schema_find(schema, name);
    const struct projection column = {&field, 1};
    const struct answer_request request = {.keys = {l->keys, l->n},
                                           .columns = &column,
                                           .rows = ROWS_OF_ALL_KEYS,
                                           .max_bytes = SIZE_MAX};
    struct answer answer;
    TRY(answer_read(n->served, &request, &l->arena, &answer, err));
    for (size_t i = 0; i < l->n; i++) {
        struct record *r = l->records[i];
        if (is_older(n, r, &answer.stream.columns[0], i))
            continue;
        uint32_t size = r->size;
        memmove(*to, r, size);
        *to += size;
    }
    ipc_stream_done(&answer.stream);
    arena_reset(&l->arena);
    l->n = 0;
    return OK;
}

must_use static enum code filter(const struct newer_rows *n, uint8_t *bytes, size_t *len,
                                 struct err *err)
{
    struct lookup *l = mem_zalloc(sizeof(*l));
    uint8_t *to = bytes;
    enum code rc = OK;
    for (size_t at = 0; at < *len && !rc;) {
        struct record *r = (struct record *)(bytes + at);
        at += r->size;
        l->records[l->n] = r;
        l->keys[l->n++] = record_key(n->format, r);
        if (l->n == AT_ONCE || at == *len)
            rc = keep_newer(n, l, &to, err);
    }
    arena_done(&l->arena);
    free(l);
    *len = (size_t)(to - bytes);
    return rc;
}

/* The next piece of which something stays. */
static enum code take(struct record_source *source, unsigned worker, size_t bin,
                      uint8_t **out_bytes, size_t *out_len, struct err *err)
{
    struct newer_rows *n = (struct newer_rows *)source; /* its first member */
    for (;;) {
        TRY(n->from->take(n->from, worker, bin, out_bytes, out_len, err));
        if (*out_len == 0)
            return OK;
        enum code rc = filter(n, *out_bytes, out_len, err);
        if (!rc && *out_len)
            return OK;
        free(*out_bytes);
        *out_bytes = NULL;
        TRY(rc);
    }
}

void newer_rows_init(struct newer_rows *n, struct record_source *from,
                     const struct record_format *format, const struct snapshot *served,
                     newer_rows_counts_fn counts, void *arg)
{
    *n = (struct newer_rows){{take}, from, format, served, counts, arg};
}
