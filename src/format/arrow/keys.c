#include "format/arrow/keys.h"

#include "base/mem.h"
#include "model/convert.h"

#include <stdio.h>

/* The keys of one request never need more. */
static const size_t decompressed_max = (size_t)64 << 20;

/*
 * A key is copied only if it must be. The key of one utf8 column is a view into the body, of one
 * integer column of the key's own type a view of its value; only keys of several columns, or of
 * another type than the column's, are put together in the arena. What keeps views valid is told by
 * keep_texts.
 */
struct keys {
    const struct schema *schema;
    struct arrow_input input;
    const struct arrow_array **columns; /* by component of the key */
    struct vector *values;              /* likewise; of the rows of a batch, in the arena */
    struct view *list;
    size_t n, cap;
    uint64_t n_given;            /* before those of the list */
    struct arena *arena;         /* of the list */
    struct arena *columns_arena; /* of what is for all batches; may be the same */
    size_t max_keys;             /* where all are listed */
    key_list_fn give;            /* where some are given at a time */
    void *arg;
};

static const struct field *key_field(const struct keys *k, size_t component)
{
    return &k->schema->fields[k->schema->key[component]];
}

static const char *form_word(const struct keys *k)
{
    return k->input.stream ? "stream" : "batch";
}

/* In the body, of a row that is being read. */
static unsigned long long key_number(const struct keys *k, size_t row)
{
    return k->n_given + k->n + row;
}

/* Whether values of a type can be keys of another. */
static bool fits(const struct type *is, const struct type *wanted)
{
    if (wanted->dtype == DT_UTF8)
        return is->dtype == DT_UTF8;
    return dtype_is_int(wanted->dtype) ? dtype_is_int(is->dtype) : type_converts(is, wanted);
}

must_use static enum code match_column(struct keys *k, const struct arrow_array *a, struct err *err)
{
    char shown[100];
    size_t component = 0;
    while (component < k->schema->n_key && !view_eq_cstr(a->name, key_field(k, component)->name))
        component++;
    view_printable(a->name, shown, sizeof(shown));
    if (component == k->schema->n_key)
        return err_set(err, E_INVALID, "column '%s' of the Arrow %s is not a key column", shown,
                       form_word(k));
    if (k->columns[component])
        return err_set(err, E_INVALID, "column '%s' of the Arrow %s is given twice", shown,
                       form_word(k));
    const struct type *wanted = &key_field(k, component)->type;
    char text[TYPE_TEXT_CAP];
    if (!a->is_null && (!a->supported || !fits(&a->type, wanted)))
        return err_set(err, E_INVALID, "column '%s' of the Arrow %s is %s, the key is %s", shown,
                       form_word(k), a->type_text, type_text(wanted, text));
    k->columns[component] = a;
    return OK;
}

must_use static enum code match_columns(struct keys *k, struct err *err)
{
    k->columns = arena_zalloc(k->columns_arena, k->schema->n_key * sizeof(*k->columns));
    k->values = arena_zalloc(k->columns_arena, k->schema->n_key * sizeof(*k->values));
    for (size_t i = 0; i < arrow_input_n_columns(&k->input); i++)
        TRY(match_column(k, arrow_input_column(&k->input, i), err));
    for (size_t i = 0; i < k->schema->n_key; i++)
        if (!k->columns[i])
            return err_set(err, E_INVALID, "the Arrow %s lacks the key column %.100s", form_word(k),
                           key_field(k, i)->name);
    return OK;
}

/* The value of an integer, sign-extended; false when `to` cannot hold it. */
static bool int_value(const struct vector *v, size_t row, enum dtype to, uint64_t *out)
{
    enum dtype from = v->type.dtype;
    size_t width = dtype_width(from), to_bits = 8 * dtype_width(to);
    uint64_t value = 0;
    memcpy(&value, (const uint8_t *)v->values + row * width, width);
    bool negative = dtype_is_signed(from) && value >> (8 * width - 1);
    if (negative && width < 8)
        value |= UINT64_MAX << (8 * width);
    *out = value;
    if (negative)
        return dtype_is_signed(to) && (int64_t)value >= -(int64_t)(1ull << (to_bits - 2)) * 2;
    uint64_t most = UINT64_MAX >> (64 - to_bits) >> dtype_is_signed(to);
    return value <= most;
}

static enum code refuse_int(const struct keys *k, size_t component, size_t row, uint64_t value,
                            struct err *err)
{
    const struct field *f = key_field(k, component);
    char shown[24];
    if (dtype_is_signed(k->values[component].type.dtype))
        snprintf(shown, sizeof(shown), "%lld", (long long)value);
    else
        snprintf(shown, sizeof(shown), "%llu", (unsigned long long)value);
    return err_set(err, E_INVALID, "key %llu: %s is out of range for column %.100s (%s)",
                   key_number(k, row), shown, f->name, dtype_name(f->type.dtype));
}

must_use static enum code put_component(const struct keys *k, size_t component, size_t row,
                                        struct buf *out, struct err *err)
{
    const struct vector *v = &k->values[component];
    enum dtype to = key_field(k, component)->type.dtype;
    uint64_t value;
    if (to == DT_UTF8) {
        key_put_utf8(out, k->schema, component, v->views[row]);
        return OK;
    }
    if (!dtype_is_int(to)) { /* read_values made it what it has to be */
        size_t width = type_width(&v->type);
        key_put_fixed(out, k->schema, component, (const uint8_t *)v->values + row * width);
        return OK;
    }
    if (!int_value(v, row, to, &value))
        return refuse_int(k, component, row, value, err);
    key_put_int(out, k->schema, component, value);
    return OK;
}

static struct view keep(const struct keys *k, const void *bytes, size_t len)
{
    return view_of(memcpy(arena_alloc(k->arena, len), bytes, len), len);
}

/* Keys whose bytes must be assembled from several columns or converted. */
must_use static enum code put_keys(struct keys *k, size_t n_rows, struct err *err)
{
    AUTO(buf) struct buf bytes = {0};
    for (size_t row = 0; row < n_rows; row++) {
        buf_reset(&bytes);
        for (size_t i = 0; i < k->schema->n_key; i++)
            TRY(put_component(k, i, row, &bytes, err));
        k->list[k->n + row] = bytes.len ? keep(k, bytes.ptr, bytes.len) : view_of("", 0);
    }
    return OK;
}

/* Decompressed buffers are freed with their batch; buffers in the body live as long as the caller's
 * bytes. */
static bool is_in_body(const struct keys *k, const uint8_t *at)
{
    struct view body = ipc_reader_stream(k->input.stream);
    return (uintptr_t)at - (uintptr_t)body.ptr < body.len;
}

/* Text that was decompressed does not outlive its batch. */
static void keep_texts(const struct keys *k, struct view *list, size_t n)
{
    const struct arrow_array *a = k->columns[0];
    if (!k->input.stream) /* the caller has them all */
        return;
    if (a->layout == ARRAY_BYTES && is_in_body(k, a->data.ptr)) /* then all of its bytes are */
        return;
    for (size_t i = 0; i < n; i++)
        if (list[i].len && !is_in_body(k, list[i].ptr))
            list[i] = keep(k, list[i].ptr, list[i].len);
}

/* Keys of one column whose bytes are those of the values. */
static bool view_keys(struct keys *k, size_t n_rows)
{
    const struct vector *v = &k->values[0];
    enum dtype dtype = key_field(k, 0)->type.dtype;
    struct view *list = k->list + k->n;
    if (k->schema->n_key > 1 || v->type.dtype != dtype)
        return false;
    if (dtype == DT_UTF8) {
        keep_texts(k, list, n_rows); /* read_values put them here */
        return true;
    }
    size_t width = type_width(&v->type);
    for (size_t row = 0; row < n_rows; row++)
        list[row] = view_of((const uint8_t *)v->values + row * width, width);
    return true;
}

must_use static enum code refuse_nulls(const struct keys *k, size_t component, struct err *err)
{
    const struct vector *v = &k->values[component];
    if (v->n_nulls == 0)
        return OK;
    size_t row = (size_t)((const uint8_t *)memchr(v->valid, 0, v->n) - v->valid);
    return err_set(err, E_INVALID, "key %llu: column %.100s is null", key_number(k, row),
                   key_field(k, component)->name);
}

/* Keys that are neither text nor integers: timestamps in another unit, say. */
must_use static enum code convert_values(struct keys *k, size_t component, struct err *err)
{
    const struct field *f = key_field(k, component);
    struct vector *v = &k->values[component], to = {.type = f->type, .cap = v->cap};
    if (f->type.dtype == DT_UTF8 || dtype_is_int(f->type.dtype) || type_eq(&v->type, &f->type))
        return OK;
    to.valid = arena_alloc(k->arena, v->n);
    to.values = arena_alloc(k->arena, v->n * vector_width(&to.type));
    enum code rc = vector_convert(v, &to, k->arena, err);
    if (rc)
        return err_in(err, rc, "column %.100s", f->name);
    *v = to;
    return OK;
}

/* Read the key columns of some rows. A key of one utf8 column is read straight into the list of
 * keys. */
must_use static enum code read_values(struct keys *k, size_t first, size_t n_rows, struct err *err)
{
    bool is_list = k->schema->n_key == 1 && k->columns[0]->type.dtype == DT_UTF8;
    for (size_t i = 0; i < k->schema->n_key; i++) {
        const struct arrow_array *a = k->columns[i];
        struct vector *v = &k->values[i];
        *v = (struct vector){.type = a->type, .cap = n_rows};
        v->valid = arena_alloc(k->arena, n_rows);
        v->values = is_list ? (void *)(k->list + k->n)
                            : arena_alloc(k->arena, n_rows * vector_width(&v->type));
        TRY(arrow_array_read(a, first, n_rows, v, k->arena, err));
        TRY(refuse_nulls(k, i, err));
        TRY(convert_values(k, i, err));
    }
    return OK;
}

/* Rows of a batch to the end of the list, which has room for them. */
must_use static enum code add_rows(struct keys *k, size_t first, size_t n_rows, struct err *err)
{
    if (n_rows == 0) /* there may be no list */
        return OK;
    TRY(read_values(k, first, n_rows, err));
    if (!view_keys(k, n_rows))
        TRY(put_keys(k, n_rows, err));
    k->n += n_rows;
    return OK;
}

/* Room for n_rows more in the list. */
static void grow_list(struct keys *k, size_t n_rows)
{
    if (k->n + n_rows <= k->cap)
        return;
    size_t cap = k->n + n_rows > 2 * k->cap ? k->n + n_rows : 2 * k->cap;
    struct view *bigger = arena_alloc(k->arena, cap * sizeof(*bigger));
    if (k->n)
        memcpy(bigger, k->list, k->n * sizeof(*bigger));
    k->list = bigger;
    k->cap = cap;
}

/* ------------------------------------------------------------------------------------- input */

enum code arrow_keys_open(struct view body, struct ipc_reader **out, struct err *err)
{
    struct ipc_limits limits = ipc_limits_default();
    limits.decompressed_bytes = decompressed_max;
    return ipc_reader_open(body, &limits, out, err);
}

must_use static enum code open_batches(struct keys *k, const struct c_batches *batches,
                                       struct err *err)
{
    return arrow_input_open_batches(batches, ipc_limits_default().read_bytes, &k->input, err);
}

/* What becomes of the rows of a batch. */
typedef enum code (*take_batch_fn)(struct keys *k, size_t n_rows, struct err *err);

/* All batches of the input. */
must_use static enum code read_input(struct keys *k, take_batch_fn take, struct err *err)
{
    bool more = true;
    size_t n_rows = 0;
    enum code rc = match_columns(k, err);
    while (!rc && more) {
        rc = arrow_input_next(&k->input, &n_rows, &more, err);
        if (!rc && more)
            rc = take(k, n_rows, err);
    }
    return rc;
}

/* ---------------------------------------------------------------------------------- all at once */

must_use static enum code list_batch(struct keys *k, size_t n_rows, struct err *err)
{
    if (n_rows > k->max_keys - k->n)
        return err_set(err, E_LIMIT, "more than %zu keys in one request", k->max_keys);
    grow_list(k, n_rows);
    return add_rows(k, 0, n_rows, err);
}

must_use static enum code read_all(struct keys *k, struct key_list *out_keys, struct err *err)
{
    TRY(read_input(k, list_batch, err));
    *out_keys = (struct key_list){k->list, k->n};
    return OK;
}

enum code arrow_keys_read(struct ipc_reader *stream, const struct schema *schema, size_t max_keys,
                          struct arena *arena, struct key_list *out_keys, struct err *err)
{
    struct keys k = {
        .schema = schema, .arena = arena, .columns_arena = arena, .max_keys = max_keys};
    k.input.stream = stream;
    return read_all(&k, out_keys, err);
}

enum code arrow_keys_import(const struct c_batches *batches, const struct schema *schema,
                            size_t max_keys, struct arena *arena, struct key_list *out_keys,
                            struct err *err)
{
    struct keys k = {
        .schema = schema, .arena = arena, .columns_arena = arena, .max_keys = max_keys};
    TRY(open_batches(&k, batches, err));
    enum code rc = read_all(&k, out_keys, err);
    arrow_input_done(&k.input);
    return rc;
}

/* ------------------------------------------------------------------------------ some at a time */

/* The arena is emptied for each piece, so keys of any number take bounded memory. */
must_use static enum code give_batch(struct keys *k, size_t n_rows, struct err *err)
{
    for (size_t at = 0; at < n_rows; at += k->n) {
        size_t n = n_rows - at < KEYS_AT_ONCE ? n_rows - at : KEYS_AT_ONCE;
        k->n_given += k->n;
        k->n = 0;
        arena_reset(k->arena);
        k->list = arena_alloc(k->arena, n * sizeof(*k->list));
        TRY(add_rows(k, at, n, err));
        TRY(k->give(k->arg, (struct key_list){k->list, k->n}, err));
    }
    return OK;
}

enum code arrow_keys_read_some(struct view body, const struct schema *schema, key_list_fn give,
                               void *arg, struct err *err)
{
    AUTO(arena) struct arena of_all = {0}, of_some = {0};
    struct keys k = {
        .schema = schema, .arena = &of_some, .columns_arena = &of_all, .give = give, .arg = arg};
    TRY(arrow_keys_open(body, &k.input.stream, err));
    enum code rc = read_input(&k, give_batch, err);
    arrow_input_done(&k.input);
    return rc;
}

enum code arrow_keys_import_some(const struct c_batches *batches, const struct schema *schema,
                                 key_list_fn give, void *arg, struct err *err)
{
    AUTO(arena) struct arena of_all = {0}, of_some = {0};
    struct keys k = {
        .schema = schema, .arena = &of_some, .columns_arena = &of_all, .give = give, .arg = arg};
    TRY(open_batches(&k, batches, err));
    enum code rc = read_input(&k, give_batch, err);
    arrow_input_done(&k.input);
    return rc;
}
