#include "format/json/fetch_request.h"

#include "format/json/scan_priv.h"
#include "format/json/text.h"

static const size_t ints_at_once = 64;
static const size_t given_bytes_max = 8u << 20; /* of keys that are given at a time */

/* A list that grows in an arena by doubling. The arrays it outgrows are wasted, in total at most as
 * much as the last one. */
struct views {
    struct view *at;
    size_t n, cap;
};

/*
 * One pass, and as few copies as possible: a key of one utf8 column without escapes is a view into
 * the body, a key of one integer column is 8 bytes of `ints`, which is allocated for many keys at
 * once. The others are put together in `composite` and copied to the arena, since their length is
 * known only then.
 */
struct request_reader {
    struct scan scan;
    const struct schema *schema;
    const struct fetch_limits *limits;
    uint64_t *ints; /* room for the next `n_ints` integer keys */
    size_t n_ints;
    struct buf composite; /* the key being put together; keys of several columns only */
    struct views keys, columns;
    bool has_keys, has_columns;
    key_list_fn give; /* NULL: all keys are kept */
    void *give_arg;
    uint64_t n_given;
};

static struct view *views_push(struct views *v, struct arena *arena)
{
    if (v->n == v->cap) {
        size_t cap = v->cap ? v->cap * 2 : 128;
        struct view *bigger = arena_alloc(arena, cap * sizeof(*bigger));
        if (v->n)
            memcpy(bigger, v->at, v->n * sizeof(*bigger));
        v->at = bigger;
        v->cap = cap;
    }
    return &v->at[v->n++];
}

static const struct field *key_field(const struct request_reader *r, size_t k)
{
    return &r->schema->fields[r->schema->key[k]];
}

/* Of the key that is being read, in the body. */
static unsigned long long key_number(const struct request_reader *r)
{
    return r->n_given + r->keys.n;
}

/* What was found cannot be component `k` of the key. */
static enum code wrong_key(struct request_reader *r, size_t k)
{
    const struct field *f = key_field(r, k);
    const char *found = scan_kind(&r->scan);
    return scan_refuse(&r->scan, r->scan.pos,
                       "key %llu: expected %s for column %.100s (%s), found %s", key_number(r),
                       dtype_is_int(f->type.dtype) ? "a whole number" : "a string", f->name,
                       dtype_name(f->type.dtype), found);
}

static bool is_number(uint8_t c)
{
    return c == '-' || (c >= '0' && c <= '9');
}

/* A key of one utf8 column is its bytes. */
must_use static enum code read_utf8_key(struct request_reader *r, struct view *out)
{
    if (scan_peek(&r->scan) != '"')
        return wrong_key(r, 0);
    return scan_string(&r->scan, out);
}

/* A key of one integer column is the low bytes of its value. */
must_use static enum code read_int_key(struct request_reader *r, enum dtype dtype, struct view *out)
{
    if (!is_number(scan_peek(&r->scan)))
        return wrong_key(r, 0);
    if (r->n_ints == 0) {
        r->n_ints = ints_at_once;
        r->ints = arena_alloc(r->scan.arena, r->n_ints * sizeof(*r->ints));
    }
    uint64_t *bits = r->ints++;
    r->n_ints--;
    *out = view_of(bits, dtype_width(dtype));
    return scan_int(&r->scan, dtype, bits);
}

/* "3f2504e0-4f89-11d3-9a0c-0305e82c3301" */
static bool read_uuid(struct view text, uint8_t *out)
{
    size_t n = 0;
    if (text.len != 36)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.ptr[i], letter = (uint8_t)(c | 0x20);
        bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (is_dash != (c == '-'))
            return false;
        if (is_dash)
            continue;
        bool is_digit = c >= '0' && c <= '9';
        if (!is_digit && !(letter >= 'a' && letter <= 'f'))
            return false;
        uint8_t nibble = (uint8_t)(is_digit ? c - '0' : letter - 'a' + 10);
        out[n / 2] = (uint8_t)(n % 2 ? out[n / 2] | nibble : nibble << 4);
        n++;
    }
    return true;
}

static bool read_fixed_binary(struct request_reader *r, const struct type *t, struct view text,
                              uint8_t *out)
{
    struct view bytes;
    if (t->fixed_width == 16 && read_uuid(text, out))
        return true;
    if (!json_read_base64(text, r->scan.arena, &bytes) || bytes.len != t->fixed_width)
        return false;
    memcpy(out, bytes.ptr, bytes.len);
    return true;
}

/* A text as JSON has it for values of the type (text.h) into the type_width bytes that it is. */
static bool read_text_value(struct request_reader *r, const struct type *t, struct view text,
                            uint8_t *out)
{
    int64_t units = 0;
    int32_t days = 0;
    bool good = false;
    switch (t->dtype) {
    case DT_DATE32:
        good = json_read_date(text, &days);
        memcpy(out, &days, sizeof(days));
        return good;
    case DT_TIMESTAMP:
        good = json_read_timestamp(text, t, &units);
        break;
    case DT_TIME32:
    case DT_TIME64:
        good = json_read_time(text, t->unit, &units);
        break;
    case DT_FIXED_BINARY:
        return read_fixed_binary(r, t, text, out);
    case DT_DECIMAL128:
    case DT_DECIMAL256:
        return json_read_decimal(text, t, out);
    case DT_UTF8: /* key_put_utf8 and key_put_int take these, */
    case DT_INT8:
    case DT_INT16:
    case DT_INT32:
    case DT_INT64:
    case DT_UINT8:
    case DT_UINT16:
    case DT_UINT32:
    case DT_UINT64:
    case DT_BOOL: /* and these are never in a key */
    case DT_FLOAT16:
    case DT_FLOAT32:
    case DT_FLOAT64:
    case DT_BINARY:
    case DT_LIST:
    case DT_DURATION:
        return false;
    }
    memcpy(out, &units, type_width(t));
    return good;
}

/* A component that is a text in JSON, but not in the key. */
must_use static enum code read_fixed(struct request_reader *r, size_t k, struct view *out)
{
    const struct field *f = key_field(r, k);
    const uint8_t *at = r->scan.pos;
    struct view text = {0};
    char shown[80], type[TYPE_TEXT_CAP];
    if (scan_peek(&r->scan) != '"')
        return wrong_key(r, k);
    TRY(scan_string(&r->scan, &text));
    uint8_t *value = arena_zalloc(r->scan.arena, type_width(&f->type));
    if (!read_text_value(r, &f->type, text, value))
        return scan_refuse(&r->scan, at, "key %llu: '%s' is no %s for column %.100s", key_number(r),
                           view_printable(text, shown, sizeof(shown)), type_text(&f->type, type),
                           f->name);
    *out = view_of(value, type_width(&f->type));
    return OK;
}

must_use static enum code read_component(struct request_reader *r, size_t k)
{
    enum dtype dtype = key_field(r, k)->type.dtype;
    uint8_t c = scan_peek(&r->scan);
    if (dtype == DT_UTF8) {
        struct view text;
        if (c != '"')
            return wrong_key(r, k);
        TRY(scan_string(&r->scan, &text));
        key_put_utf8(&r->composite, r->schema, k, text);
        return OK;
    }
    if (!dtype_is_int(dtype)) {
        struct view value = {0};
        TRY(read_fixed(r, k, &value));
        key_put_fixed(&r->composite, r->schema, k, value.ptr);
        return OK;
    }
    uint64_t bits;
    if (!is_number(c))
        return wrong_key(r, k);
    TRY(scan_int(&r->scan, dtype, &bits));
    key_put_int(&r->composite, r->schema, k, bits);
    return OK;
}

must_use static enum code read_composite_key(struct request_reader *r, struct view *out)
{
    size_t n = r->schema->n_key;
    buf_reset(&r->composite);
    if (scan_peek(&r->scan) != '[')
        return scan_refuse(&r->scan, r->scan.pos,
                           "key %llu: expected an array of %zu values, found %s", key_number(r), n,
                           scan_kind(&r->scan));
    r->scan.pos++;
    for (size_t k = 0; k < n; k++) {
        TRY(read_component(r, k));
        if (scan_peek(&r->scan) != (k + 1 < n ? ',' : ']'))
            return scan_refuse(&r->scan, r->scan.pos, "key %llu: expected an array of %zu values",
                               key_number(r), n);
        r->scan.pos++;
    }
    size_t len = r->composite.len;
    uint8_t *bytes = arena_alloc(r->scan.arena, len);
    if (len)
        memcpy(bytes, r->composite.ptr, len);
    *out = view_of(bytes, len);
    return OK;
}

must_use static enum code read_key(struct request_reader *r, struct view *out)
{
    if (r->schema->n_key > 1)
        return read_composite_key(r, out);
    enum dtype dtype = key_field(r, 0)->type.dtype;
    if (dtype == DT_UTF8)
        return read_utf8_key(r, out);
    return dtype_is_int(dtype) ? read_int_key(r, dtype, out) : read_fixed(r, 0, out);
}

must_use static enum code read_column(struct request_reader *r, struct view *out)
{
    if (scan_peek(&r->scan) != '"')
        return scan_refuse(&r->scan, r->scan.pos, "columns: expected a string, found %s",
                           scan_kind(&r->scan));
    return scan_string(&r->scan, out);
}

typedef enum code (*element_fn)(struct request_reader *r, struct view *out);

must_use static enum code read_list(struct request_reader *r, const char *what, struct views *list,
                                    size_t max, element_fn read_element)
{
    struct scan *s = &r->scan;
    bool more = true;
    if (scan_peek(s) != '[')
        return scan_refuse(s, s->pos, "%s: expected an array, found %s", what, scan_kind(s));
    s->pos++;
    if (scan_peek(s) == ']') {
        s->pos++;
        return OK;
    }
    while (more) {
        struct view element;
        if (list->n == max)
            return err_set(s->err, E_LIMIT, "more than %zu %s in one request", max, what);
        TRY(read_element(r, &element));
        *views_push(list, s->arena) = element;
        TRY(scan_next(s, ']', &more));
    }
    return OK;
}

/* Hand the keys out, and forget them. */
must_use static enum code give_keys(struct request_reader *r)
{
    TRY(r->give(r->give_arg, (struct key_list){r->keys.at, r->keys.n}, r->scan.err));
    r->n_given += r->keys.n;
    r->keys = (struct views){0};
    r->n_ints = 0;
    arena_reset(r->scan.arena);
    return OK;
}

must_use static enum code read_given_key(struct request_reader *r, struct view *out)
{
    if (r->keys.n == KEYS_AT_ONCE || r->scan.arena->total > given_bytes_max)
        TRY(give_keys(r));
    return read_key(r, out);
}

/* Note that a member was seen; a second time is an error. */
must_use static enum code first_time(struct request_reader *r, bool *seen, const uint8_t *at,
                                     const char *name)
{
    if (*seen)
        return scan_refuse(&r->scan, at, "\"%s\" is given twice", name);
    *seen = true;
    return OK;
}

must_use static enum code read_member(struct request_reader *r)
{
    struct view name;
    if (scan_peek(&r->scan) != '"')
        return scan_refuse(&r->scan, r->scan.pos, "expected the name of a member");
    const uint8_t *at = r->scan.pos;
    TRY(scan_string(&r->scan, &name));
    TRY(scan_expect(&r->scan, ':'));
    if (view_eq_cstr(name, "keys")) {
        TRY(first_time(r, &r->has_keys, at, "keys"));
        return read_list(r, "keys", &r->keys, r->limits->max_keys,
                         r->give ? read_given_key : read_key);
    }
    if (view_eq_cstr(name, "columns")) {
        TRY(first_time(r, &r->has_columns, at, "columns"));
        return read_list(r, "columns", &r->columns, r->limits->max_columns, read_column);
    }
    char shown[80];
    return scan_refuse(&r->scan, at, "unknown member \"%s\"; known are \"keys\" and \"columns\"",
                       view_printable(name, shown, sizeof(shown)));
}

must_use static enum code read_body(struct request_reader *r)
{
    bool more = true;
    TRY(scan_expect(&r->scan, '{'));
    if (scan_peek(&r->scan) == '}') {
        r->scan.pos++;
        more = false;
    }
    while (more) {
        TRY(read_member(r));
        TRY(scan_next(&r->scan, '}', &more));
    }
    scan_space(&r->scan);
    if (r->scan.pos != r->scan.end)
        return scan_refuse(&r->scan, r->scan.pos, "more bytes after the end of the object");
    if (!r->has_keys)
        return err_set(r->scan.err, E_INVALID, "the body has no \"keys\"");
    return OK;
}

enum code fetch_request_parse(struct view body, const struct schema *schema,
                              const struct fetch_limits *limits, struct arena *arena,
                              struct fetch_request *out_request, struct err *err)
{
    struct request_reader r = {
        .scan = scan_of(body, arena, err), .schema = schema, .limits = limits};
    enum code rc = read_body(&r);
    buf_done(&r.composite);
    if (rc)
        return rc;
    *out_request = (struct fetch_request){
        .keys = {r.keys.at, r.keys.n}, .columns = r.columns.at, .n_columns = r.columns.n};
    return OK;
}

enum code fetch_keys_parse(struct view body, const struct schema *schema, key_list_fn give,
                           void *arg, struct err *err)
{
    static const struct fetch_limits limits = {SIZE_MAX, 0};
    AUTO(arena) struct arena arena = {0};
    struct request_reader r = {.scan = scan_of(body, &arena, err),
                               .schema = schema,
                               .limits = &limits,
                               .give = give,
                               .give_arg = arg};
    enum code rc = read_body(&r);
    if (!rc && r.keys.n)
        rc = give_keys(&r);
    buf_done(&r.composite);
    return rc;
}

enum code fetch_names_parse(struct view json, size_t max_names, struct arena *arena,
                            const struct view **out_names, size_t *out_n, struct err *err)
{
    struct request_reader r = {.scan = scan_of(json, arena, err)};
    TRY(read_list(&r, "columns", &r.columns, max_names, read_column));
    scan_space(&r.scan);
    if (r.scan.pos != r.scan.end)
        return scan_refuse(&r.scan, r.scan.pos, "more bytes after the end of the list");
    *out_names = r.columns.at;
    *out_n = r.columns.n;
    return OK;
}
