#include "engine/build/row_sink.h"

#include "base/hash.h"
#include "base/mem.h"
#include "model/convert.h"
#include "model/key.h"
#include "segment/block.h"

void row_sink_init(struct row_sink *s, const struct row_sink_config *config, unsigned worker)
{
    size_t n_fields = config->schema->n_fields;
    *s = (struct row_sink){.config = config, .worker = worker};
    s->converted = mem_zalloc(n_fields * sizeof(*s->converted));
    s->vectors = mem_zalloc(n_fields * sizeof(*s->vectors));
    s->n_nulls = mem_zalloc(n_fields * sizeof(*s->n_nulls));
}

void row_sink_done(struct row_sink *s)
{
    for (size_t i = 0; s->converted && i < s->config->schema->n_fields; i++)
        vector_done(&s->converted[i]);
    free(s->converted);
    free(s->vectors);
    free(s->n_nulls);
    buf_done(&s->key_bytes);
    arena_done(&s->arena);
}

/* Lists of a fixed length are always converted, since the conversion checks their lengths and
 * refuses null elements. */
void row_sink_expect(struct row_sink *s, const struct type *types)
{
    const struct schema *schema = s->config->schema;
    for (size_t i = 0; i < schema->n_fields; i++) {
        const struct type *wanted = &schema->fields[i].type;
        bool is_fixed_list = wanted->dtype == DT_LIST && wanted->list_size;
        if (type_eq(&types[i], wanted) && !is_fixed_list)
            vector_done(&s->converted[i]);
        else if (s->converted[i].cap == 0)
            vector_init(&s->converted[i], wanted, ROW_SINK_ROWS);
    }
}

must_use static enum code check_nulls(const struct row_sink *s, size_t field_idx,
                                      const struct vector *v, const size_t *positions, uint64_t row,
                                      struct err *err)
{
    const struct schema *schema = s->config->schema;
    const struct field *f = &schema->fields[field_idx];
    if (v->n_nulls == 0 || f->nullable)
        return OK;
    size_t i = 0;
    while (v->valid[i])
        i++;
    char shown[128];
    return err_set(err, E_INVALID, "%s '%s' is null in row %llu",
                   schema_is_key(schema, field_idx) ? "key column" : "non-nullable column",
                   view_printable(view_cstr(f->name), shown, sizeof(shown)),
                   (unsigned long long)(row + (positions ? positions[i] : i)));
}

/* Check and convert one column. */
must_use static enum code prepare(struct row_sink *s, size_t i, const struct vector *v,
                                  const size_t *positions, uint64_t row, struct err *err)
{
    TRY(check_nulls(s, i, v, positions, row, err));
    s->n_nulls[i] += v->n_nulls;
    s->vectors[i] = v;
    if (s->converted[i].cap == 0)
        return OK;
    s->vectors[i] = &s->converted[i];
    enum code rc = type_converts(&v->type, &s->converted[i].type)
                       ? vector_convert(v, &s->converted[i], &s->arena, err)
                       : vector_convert_nulls(v, &s->converted[i], &s->arena, err);
    char shown[128];
    const char *name = s->config->schema->fields[i].name;
    return rc ? err_in(err, rc, "column '%s'",
                       view_printable(view_cstr(name), shown, sizeof(shown)))
              : OK;
}

/* The key of one column is the value's own bytes, where they are. */
static void single_keys(const struct vector *v, size_t n, struct view *keys)
{
    if (v->type.dtype == DT_UTF8) {
        memcpy(keys, v->views, n * sizeof(*keys));
        return;
    }
    size_t width = type_width(&v->type);
    for (size_t i = 0; i < n; i++)
        keys[i] = view_of((const uint8_t *)v->values + i * width, width);
}

static void composite_keys(struct row_sink *s, size_t n)
{
    const struct schema *schema = s->config->schema;
    buf_reset(&s->key_bytes);
    for (size_t row = 0; row < n; row++) {
        size_t start = s->key_bytes.len;
        for (size_t k = 0; k < schema->n_key; k++) {
            const struct vector *v = s->vectors[schema->key[k]];
            size_t width = type_width(&v->type);
            if (v->type.dtype == DT_UTF8)
                key_put_utf8(&s->key_bytes, schema, k, v->views[row]);
            else
                buf_put(&s->key_bytes, (const uint8_t *)v->values + row * width, width);
        }
        /* The buffer may still move, so `ptr` holds the offset until all keys are in it. */
        s->keys[row] = (struct view){(const uint8_t *)start, s->key_bytes.len - start};
    }
    for (size_t row = 0; row < n; row++)
        s->keys[row].ptr = s->key_bytes.ptr + (size_t)s->keys[row].ptr;
}

/* Records are reserved first and filled afterwards, column by column, which keeps each column's
 * loop tight. */
must_use static enum code put_records(struct row_sink *s, const struct view *keys, size_t n,
                                      uint64_t ordinal, struct err *err)
{
    const struct row_sink_config *c = s->config;
    TRY(record_sizes(c->format, s->vectors, keys, n, s->sizes, err));
    for (size_t i = 0; i < n; i++) {
        uint64_t hash = hash_key(keys[i], c->hash_seed);
        size_t bin = (size_t)block_of_hash(hash, c->n_blocks);
        struct record *r = spill_reserve(c->spill, s->worker, bin, s->sizes[i]);
        r->hash = hash;
        r->ordinal = ordinal + i;
        r->size = s->sizes[i];
        s->n_bytes += r->size;
        s->records[i] = r;
        key_lengths_add(&s->key_lengths, keys[i].len);
    }
    record_write(c->format, s->vectors, keys, n, s->records);
    return spill_commit(c->spill, s->worker, err);
}

enum code row_sink_put(struct row_sink *s, const struct vector *columns, size_t n,
                       const size_t *positions, uint64_t ordinal, uint64_t row, struct err *err)
{
    const struct schema *schema = s->config->schema;
    arena_reset(&s->arena);
    for (size_t i = 0; i < schema->n_fields; i++)
        TRY(prepare(s, i, &columns[i], positions, row, err));
    if (schema->n_key == 1)
        single_keys(s->vectors[schema->key[0]], n, s->keys);
    else
        composite_keys(s, n);
    for (size_t k = 0; k < schema->n_key; k++)
        s->vectors[schema->key[k]] = NULL;
    return put_records(s, s->keys, n, ordinal, err);
}

enum code row_sink_put_keyed(struct row_sink *s, const struct vector *columns,
                             const struct view *keys, size_t n, uint64_t ordinal, struct err *err)
{
    const struct schema *schema = s->config->schema;
    for (size_t i = 0; i < schema->n_fields; i++)
        s->vectors[i] = schema_is_key(schema, i) ? NULL : &columns[i];
    return put_records(s, keys, n, ordinal, err);
}
