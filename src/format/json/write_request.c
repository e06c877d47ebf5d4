#include "format/json/write_request.h"

#include "base/mem.h"
#include "format/json/scan_priv.h"
#include "format/json/write_cell.h"

/*
 * Two passes. The first steps over everything and remembers where each array of the schema's
 * columns begins. The second reads all arrays side by side; since the first has seen that they are
 * JSON, it can meet wrong values but no wrong syntax, and a number ends where strtod says it does.
 *
 * Strings with escapes, bytes out of base64 and lists are written to an arena. It is emptied before
 * each call, and a call ends early when it has grown large, so memory stays bounded for bodies of
 * any length.
 */
static const size_t arena_bytes_max = 8u << 20;
enum { SHOWN_CAP = 60 };

struct json_write {
    struct view body;
    const struct schema *schema;
    struct column_rules rules;
    const struct field **by_name; /* of the schema, sorted */
    struct arena arena;           /* values of the last rows */
    struct list_builder list;
    const uint8_t **cursors; /* one a field: the next value; NULL: left out */
    size_t n_rows;           /* of every column */
    size_t n_read;
    bool has_columns, has_rows;
};

static void json_write_done(struct json_write *w)
{
    arena_done(&w->arena);
    list_builder_done(&w->list);
    free((void *)w->by_name);
    free((void *)w->cursors);
}

void json_write_close(struct json_write *w)
{
    if (!w)
        return;
    json_write_done(w);
    free(w);
}

/* ----------------------------------------------------------------------------------- first pass */

static const char *shown_name(struct view name, char out[static SHOWN_CAP])
{
    return view_printable(name, out, SHOWN_CAP);
}

static int compare_names(const void *a, const void *b)
{
    const struct field *const *x = a, *const *y = b;
    return strcmp((*x)->name, (*y)->name);
}

static void sort_fields(struct json_write *w)
{
    size_t n = w->schema->n_fields;
    w->by_name = mem_alloc(n * sizeof(*w->by_name));
    for (size_t i = 0; i < n; i++)
        w->by_name[i] = &w->schema->fields[i];
    qsort((void *)w->by_name, n, sizeof(*w->by_name), compare_names);
}

/* Like strcmp. No field has a name with a NUL. */
static int compare_name(struct view name, const char *field)
{
    size_t len = strlen(field), common = len < name.len ? len : name.len;
    int order = common ? memcmp(name.ptr, field, common) : 0;
    return order ? order : (name.len > len) - (name.len < len);
}

/* Index of the field, or -1. Binary search, since a body may name very many columns. */
static ptrdiff_t find_field(const struct json_write *w, struct view name)
{
    size_t low = 0, high = w->schema->n_fields;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = compare_name(name, w->by_name[middle]->name);
        if (order == 0)
            return w->by_name[middle] - w->schema->fields;
        if (order > 0)
            low = middle + 1;
        else
            high = middle;
    }
    return -1;
}

/* Count the values of an array, of which `pos` is after the bracket. */
must_use static enum code count_values(struct json_write *w, struct scan *s, size_t *out_n)
{
    bool more = true;
    size_t n = 0;
    if (scan_peek(s) == ']') {
        s->pos++;
        more = false;
    }
    for (; more; n++) {
        TRY(scan_skip(s, &w->arena));
        TRY(scan_next(s, ']', &more));
    }
    *out_n = n;
    return OK;
}

/* The cursor is left at the first value. That is all that the first pass keeps of a column,
 * whatever its length. */
must_use static enum code note_column(struct json_write *w, struct scan *s, size_t field)
{
    const struct field *f = &w->schema->fields[field];
    const uint8_t *at = s->pos;
    size_t n;
    if (w->cursors[field])
        return scan_refuse(s, at, "column '%.100s' is given twice", f->name);
    if (scan_peek(s) != '[')
        return scan_refuse(s, s->pos, "column '%.100s': expected an array, found %s", f->name,
                           scan_kind(s));
    w->cursors[field] = ++s->pos;
    TRY(count_values(w, s, &n));
    if (w->has_rows && n != w->n_rows)
        return scan_refuse(s, at, "column '%.100s' has %zu values, the one before it %zu", f->name,
                           n, w->n_rows);
    w->n_rows = n;
    w->has_rows = true;
    return OK;
}

must_use static enum code read_column(struct json_write *w, struct scan *s)
{
    struct view name;
    if (scan_peek(s) != '"')
        return scan_refuse(s, s->pos, "expected the name of a column");
    if (w->arena.total > arena_bytes_max)
        arena_reset(&w->arena); /* of names before */
    TRY(scan_string(s, &name));
    ptrdiff_t field = find_field(w, name);
    TRY(scan_expect(s, ':'));
    if (field >= 0)
        return note_column(w, s, (size_t)field);
    return w->rules.passes_unknown ? scan_skip(s, &w->arena)
                                   : schema_unknown(w->schema, name, s->err);
}

typedef enum code (*member_fn)(struct json_write *w, struct scan *s);

must_use static enum code read_members(struct json_write *w, struct scan *s, member_fn read)
{
    bool more = true;
    TRY(scan_expect(s, '{'));
    if (scan_peek(s) == '}') {
        s->pos++;
        return OK;
    }
    while (more) {
        TRY(read(w, s));
        TRY(scan_next(s, '}', &more));
    }
    return OK;
}

must_use static enum code read_member(struct json_write *w, struct scan *s)
{
    struct view name;
    char shown[SHOWN_CAP];
    if (scan_peek(s) != '"')
        return scan_refuse(s, s->pos, "expected the name of a member");
    const uint8_t *at = s->pos;
    TRY(scan_string(s, &name));
    if (!view_eq_cstr(name, "columns"))
        return scan_refuse(s, at, "unknown member \"%s\"; known is \"columns\"",
                           shown_name(name, shown));
    if (w->has_columns)
        return scan_refuse(s, at, "\"columns\" is given twice");
    w->has_columns = true;
    TRY(scan_expect(s, ':'));
    return read_members(w, s, read_column);
}

must_use static enum code check_columns(const struct json_write *w, struct err *err)
{
    if (!w->has_columns)
        return err_set(err, E_INVALID, "the body has no \"columns\"");
    for (size_t i = 0; i < w->schema->n_fields; i++) {
        const struct field *f = &w->schema->fields[i];
        bool is_key = schema_is_key(w->schema, i), may_lack = w->rules.is_patch && !is_key;
        if (!w->cursors[i] && !f->nullable && !may_lack)
            return err_set(err, E_INVALID,
                           "column '%.100s' must be given: it is %s and cannot be null", f->name,
                           is_key ? "part of the key" : "not nullable");
    }
    return OK;
}

must_use static enum code find_columns(struct json_write *w, struct err *err)
{
    struct scan s = scan_of(w->body, &w->arena, err);
    TRY(read_members(w, &s, read_member));
    scan_space(&s);
    if (s.pos != s.end)
        return scan_refuse(&s, s.pos, "more bytes after the end of the object");
    return check_columns(w, err);
}

enum code json_write_open(struct view body, const struct schema *schema,
                          const struct column_rules *rules, struct json_write **out_write,
                          struct err *err)
{
    struct json_write *w = mem_zalloc(sizeof(*w));
    w->body = body;
    w->schema = schema;
    w->rules = *rules;
    w->cursors = mem_zalloc(schema->n_fields * sizeof(*w->cursors));
    sort_fields(w);
    enum code rc = find_columns(w, err);
    if (rc) {
        json_write_close(w);
        return rc;
    }
    *out_write = w;
    return OK;
}

bool json_write_has(const struct json_write *w, size_t field_idx)
{
    return w->cursors[field_idx] != NULL;
}

/* ---------------------------------------------------------------------------------- second pass */

static void put_nulls(struct vector *v, size_t n)
{
    memset(v->valid, 0, n);
    memset(v->values, 0, n * vector_width(&v->type));
    v->n = v->n_nulls = n;
}

/* The next value of every column that the body has. */
must_use static enum code read_row(struct json_write *w, struct scan *s, struct vector *vectors,
                                   size_t i)
{
    for (size_t k = 0; k < w->schema->n_fields; k++) {
        const struct json_cell c = {&w->list, s, &w->schema->fields[k], w->n_read + i};
        bool more;
        if (!w->cursors[k])
            continue;
        s->pos = w->cursors[k];
        TRY(json_cell_read(&c, &vectors[k], i));
        TRY(scan_next(s, ']', &more));
        w->cursors[k] = s->pos;
        vectors[k].n = i + 1;
    }
    return OK;
}

enum code json_write_next(struct json_write *w, struct vector *vectors, size_t max, size_t *out_n,
                          struct err *err)
{
    struct scan s = scan_of(w->body, &w->arena, err);
    size_t left = w->n_rows - w->n_read, n = 0;
    arena_reset(&w->arena);
    for (size_t k = 0; k < w->schema->n_fields; k++)
        vectors[k].n = vectors[k].n_nulls = 0;
    for (; n < max && n < left && w->arena.total < arena_bytes_max; n++)
        TRY(read_row(w, &s, vectors, n));
    for (size_t k = 0; k < w->schema->n_fields; k++)
        if (!w->cursors[k])
            put_nulls(&vectors[k], n);
    w->n_read += n;
    *out_n = n;
    return OK;
}
