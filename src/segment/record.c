#include "segment/record.h"

#include "base/mem.h"
#include "model/value_order.h"

static size_t cell_bytes(const struct type *t)
{
    return type_is_variable(t) ? sizeof(struct record_ref) : type_width(t);
}

enum code record_format_init(struct record_format *f, const struct schema *schema, struct err *err)
{
    *f = (struct record_format){
        .schema = schema, .newest_by = RECORD_BY_ORDER, .stamp = RECORD_NO_STAMP};
    f->cell_offset = mem_zalloc(schema->n_fields * sizeof(*f->cell_offset));
    uint64_t at = sizeof(struct record) + (schema->n_fields + 7) / 8;
    for (size_t i = 0; i < schema->n_fields; i++) {
        if (schema_is_key(schema, i))
            continue;
        f->cell_offset[i] = (uint32_t)at;
        at += cell_bytes(&schema->fields[i].type);
        if (at > RECORD_MAX_BYTES)
            return err_set(err, E_LIMIT, "a row of %zu columns is longer than %u bytes",
                           schema->n_fields, RECORD_MAX_BYTES);
    }
    f->key_offset = (uint32_t)at;
    return OK;
}

void record_format_done(struct record_format *f)
{
    free(f->cell_offset);
    *f = (struct record_format){0};
}

enum code record_sizes(const struct record_format *f, const struct vector *const *vectors,
                       const struct view *keys, size_t n, uint32_t *out_sizes, struct err *err)
{
    /* Lengths come from pages of bounded size, so a sum of 64 bits cannot overflow. */
    for (size_t row = 0; row < n; row++) {
        uint64_t size = f->key_offset + (uint64_t)keys[row].len;
        for (size_t i = 0; i < f->schema->n_fields; i++)
            if (vectors[i] && type_is_variable(&f->schema->fields[i].type))
                size += vectors[i]->views[row].len;
        if (size > RECORD_MAX_BYTES)
            return err_set(err, E_LIMIT, "row %zu has %llu bytes, at most %u fit", row,
                           (unsigned long long)size, RECORD_MAX_BYTES);
        out_sizes[row] = (uint32_t)(size + 7) & ~7u;
    }
    return OK;
}

/* Written column by column, since the type of a column is then decided once for a few hundred rows.
 * The rows stay in cache. */
static void write_heads(const struct record_format *f, const struct view *keys, size_t n,
                        struct record *const *records)
{
    for (size_t row = 0; row < n; row++) {
        struct record *r = records[row];
        r->key_len = (uint32_t)keys[row].len;
        memset(r->body, 0, (f->schema->n_fields + 7) / 8);
        memcpy((uint8_t *)r + f->key_offset, keys[row].ptr, keys[row].len);
    }
}

static void write_nulls(const struct vector *v, size_t field_idx, struct record *const *records)
{
    for (size_t row = 0; v->n_nulls && row < v->n; row++)
        if (!v->valid[row])
            records[row]->body[field_idx / 8] |= (uint8_t)(1u << (field_idx % 8));
}

/* One loop for each width, so that the compiler makes each copy a single store. */
static void write_cells(const struct vector *v, uint32_t offset, struct record *const *records)
{
    const uint8_t *from = v->values;
    size_t n = v->n;
    size_t width = type_width(&v->type);
    switch (width) {
    case 1:
        for (size_t i = 0; i < n; i++)
            ((uint8_t *)records[i])[offset] = from[i];
        break;
    case 2:
        for (size_t i = 0; i < n; i++)
            memcpy((uint8_t *)records[i] + offset, from + i * 2, 2);
        break;
    case 4:
        for (size_t i = 0; i < n; i++)
            memcpy((uint8_t *)records[i] + offset, from + i * 4, 4);
        break;
    case 8:
        for (size_t i = 0; i < n; i++)
            memcpy((uint8_t *)records[i] + offset, from + i * 8, 8);
        break;
    default:
        for (size_t i = 0; i < n; i++)
            memcpy((uint8_t *)records[i] + offset, from + i * width, width);
        break;
    }
}

/* Lists of one length: only the elements, which are the last bytes of the value. */
static void write_fixed_lists(const struct vector *v, uint32_t offset,
                              struct record *const *records)
{
    size_t width = type_width(&v->type);
    for (size_t i = 0; i < v->n; i++) {
        uint8_t *cell = (uint8_t *)records[i] + offset;
        struct view value = v->views[i];
        if (v->valid[i])
            memcpy(cell, value.ptr + value.len - width, width);
        else
            memset(cell, 0, width);
    }
}

/* Append the strings after what each record already holds; tails[row] is where that ends. */
static void write_strings(const struct vector *v, uint32_t offset, struct record *const *records,
                          uint32_t *tails)
{
    for (size_t row = 0; row < v->n; row++) {
        struct view value = v->views[row];
        struct record_ref cell = {(uint32_t)value.len, tails[row]};
        memcpy((uint8_t *)records[row] + offset, &cell, sizeof(cell));
        if (value.len)
            memcpy((uint8_t *)records[row] + tails[row], value.ptr, value.len);
        tails[row] += (uint32_t)value.len;
    }
}

void record_write(const struct record_format *f, const struct vector *const *vectors,
                  const struct view *keys, size_t n, struct record *const *records)
{
    write_heads(f, keys, n, records);
    uint32_t *tails = NULL;
    for (size_t i = 0; i < f->schema->n_fields; i++) {
        const struct vector *v = vectors[i];
        if (!v)
            continue;
        write_nulls(v, i, records);
        if (!type_is_variable(&v->type)) {
            if (v->type.dtype == DT_LIST)
                write_fixed_lists(v, f->cell_offset[i], records);
            else
                write_cells(v, f->cell_offset[i], records);
            continue;
        }
        if (!tails) {
            tails = mem_alloc(n * sizeof(*tails));
            for (size_t row = 0; row < n; row++)
                tails[row] = f->key_offset + (uint32_t)keys[row].len;
        }
        write_strings(v, f->cell_offset[i], records, tails);
    }
    free(tails);
}

struct view record_value(const struct record_format *f, const struct record *r, size_t field_idx)
{
    const struct type *t = &f->schema->fields[field_idx].type;
    return type_is_variable(t) ? record_bytes(f, r, field_idx)
                               : view_of(record_cell(f, r, field_idx), type_width(t));
}

bool record_deletes(const struct record_format *f, const struct record *r)
{
    return f->stamp != RECORD_NO_STAMP && (*record_cell(f, r, f->stamp) & 1);
}

bool record_is_older(const struct record_format *f, const struct record *newer,
                     const struct record *older)
{
    size_t i = f->newest_by;
    if (i == RECORD_BY_ORDER || record_deletes(f, newer) || record_deletes(f, older) ||
        record_is_null(older, i))
        return false;
    return record_is_null(newer, i) ||
           value_compare(&f->schema->fields[i].type, record_value(f, newer, i),
                         record_value(f, older, i)) < 0;
}
