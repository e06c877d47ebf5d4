#include "format/arrow/keys.h"

#include "format/arrow/ipc_reader.h"

struct keys {
    const struct schema *schema;
    struct ipc_reader reader;
    const struct ipc_column **columns; /* by component of the key */
    struct view *list;
    size_t n, cap;
    struct arena *arena;
};

static const struct field *key_field(const struct keys *k, size_t component)
{
    return &k->schema->fields[k->schema->key[component]];
}

must_use static enum code match_column(struct keys *k, struct ipc_column *c, struct err *err)
{
    char shown[100];
    size_t component = 0;
    while (component < k->schema->n_key && !view_eq_cstr(c->name, key_field(k, component)->name))
        component++;
    view_printable(c->name, shown, sizeof(shown));
    if (component == k->schema->n_key)
        return err_set(err, E_INVALID, "column '%s' of the Arrow stream is not a key column",
                       shown);
    if (k->columns[component])
        return err_set(err, E_INVALID, "column '%s' of the Arrow stream is given twice", shown);
    enum dtype wanted = key_field(k, component)->type.dtype;
    if (wanted == DT_UTF8 ? c->dtype != DT_UTF8 : !dtype_is_int(c->dtype))
        return err_set(err, E_INVALID, "column '%s' of the Arrow stream is %s, the key is %s",
                       shown, dtype_name(c->dtype), dtype_name(wanted));
    k->columns[component] = c;
    return OK;
}

must_use static enum code match_columns(struct keys *k, struct err *err)
{
    k->columns = arena_zalloc(k->arena, k->schema->n_key * sizeof(*k->columns));
    for (size_t i = 0; i < k->reader.n_columns; i++)
        TRY(match_column(k, &k->reader.columns[i], err));
    for (size_t i = 0; i < k->schema->n_key; i++)
        if (!k->columns[i])
            return err_set(err, E_INVALID, "the Arrow stream lacks the key column %.100s",
                           key_field(k, i)->name);
    return OK;
}

/* The value of an integer, sign-extended; false when `to` cannot hold it. */
static bool int_value(const struct ipc_column *c, size_t row, enum dtype to, uint64_t *out)
{
    size_t width = dtype_width(c->dtype), to_bits = 8 * dtype_width(to);
    uint64_t value = 0;
    memcpy(&value, c->data.ptr + row * width, width);
    bool negative = dtype_is_signed(c->dtype) && value >> (8 * width - 1);
    if (negative && width < 8)
        value |= UINT64_MAX << (8 * width);
    *out = value;
    if (negative)
        return dtype_is_signed(to) && (int64_t)value >= -(int64_t)(1ull << (to_bits - 2)) * 2;
    uint64_t most = UINT64_MAX >> (64 - to_bits) >> dtype_is_signed(to);
    return value <= most;
}

must_use static enum code put_component(const struct keys *k, size_t component, size_t row,
                                        struct buf *out, struct err *err)
{
    const struct ipc_column *c = k->columns[component];
    enum dtype to = key_field(k, component)->type.dtype;
    uint64_t value;
    if (to == DT_UTF8) {
        key_put_utf8(out, k->schema, component, ipc_utf8(c, row));
        return OK;
    }
    if (!int_value(c, row, to, &value))
        return err_set(err, E_INVALID, "key %zu: %lld is out of range for column %.100s (%s)",
                       k->n + row, (long long)value, key_field(k, component)->name, dtype_name(to));
    key_put_int(out, k->schema, component, value);
    return OK;
}

/* Keys whose bytes have to be put together. */
must_use static enum code put_keys(struct keys *k, size_t n_rows, struct err *err)
{
    AUTO(buf) struct buf bytes = {0};
    for (size_t row = 0; row < n_rows; row++) {
        buf_reset(&bytes);
        for (size_t i = 0; i < k->schema->n_key; i++)
            TRY(put_component(k, i, row, &bytes, err));
        uint8_t *copy = arena_alloc(k->arena, bytes.len);
        if (bytes.len)
            memcpy(copy, bytes.ptr, bytes.len);
        k->list[k->n + row] = view_of(copy, bytes.len);
    }
    return OK;
}

/* Keys whose bytes stand in the stream as they are. */
static bool view_keys(struct keys *k, size_t n_rows)
{
    const struct ipc_column *c = k->columns[0];
    enum dtype dtype = key_field(k, 0)->type.dtype;
    size_t width = dtype_width(dtype);
    if (k->schema->n_key > 1 || c->dtype != dtype)
        return false;
    for (size_t row = 0; row < n_rows; row++)
        k->list[k->n + row] =
            dtype == DT_UTF8 ? ipc_utf8(c, row) : view_of(c->data.ptr + row * width, width);
    return true;
}

must_use static enum code refuse_nulls(const struct keys *k, size_t n_rows, struct err *err)
{
    for (size_t i = 0; i < k->schema->n_key; i++)
        for (size_t row = 0; k->columns[i]->validity && row < n_rows; row++)
            if (!ipc_is_valid(k->columns[i], row))
                return err_set(err, E_INVALID, "key %zu: column %.100s is null", k->n + row,
                               key_field(k, i)->name);
    return OK;
}

must_use static enum code add_batch(struct keys *k, size_t n_rows, size_t max_keys, struct err *err)
{
    if (n_rows > max_keys - k->n)
        return err_set(err, E_LIMIT, "more than %zu keys in one request", max_keys);
    if (k->n + n_rows > k->cap) {
        size_t cap = k->n + n_rows > 2 * k->cap ? k->n + n_rows : 2 * k->cap;
        struct view *bigger = arena_alloc(k->arena, cap * sizeof(*bigger));
        if (k->n)
            memcpy(bigger, k->list, k->n * sizeof(*bigger));
        k->list = bigger;
        k->cap = cap;
    }
    TRY(refuse_nulls(k, n_rows, err));
    if (!view_keys(k, n_rows))
        TRY(put_keys(k, n_rows, err));
    k->n += n_rows;
    return OK;
}

enum code arrow_keys_read(struct view body, const struct schema *schema, size_t max_keys,
                          struct arena *arena, struct key_list *out_keys, struct err *err)
{
    struct keys k = {.schema = schema, .arena = arena};
    TRY(ipc_reader_init(&k.reader, body, arena, err));
    TRY(match_columns(&k, err));
    for (;;) {
        size_t n_rows = 0;
        bool more;
        TRY(ipc_reader_next(&k.reader, &n_rows, &more, err));
        if (!more)
            break;
        TRY(add_batch(&k, n_rows, max_keys, err));
    }
    *out_keys = (struct key_list){k.list, k.n};
    return OK;
}
