#include "engine/refresh/stamped.h"

#include "base/mem.h"
#include "engine/store/layer.h"

static bool is_value(const struct schema *s, size_t vector)
{
    return vector < s->n_fields && !schema_is_key(s, vector);
}

static struct absent_column nothing(const struct schema *s, size_t vector)
{
    return (struct absent_column){vector, s->fields[vector].type, NULL, true};
}

/* Columns that are not of the key have no values. */
static void keep_keys(const struct schema *s, struct resolved_file *f)
{
    size_t n = 0;
    for (size_t i = 0; i < f->n_absent; i++)
        if (is_value(s, f->absent[i].vector))
            f->absent[i] = nothing(s, f->absent[i].vector);
    for (size_t k = 0; k < f->n; k++) {
        size_t vector = f->vectors[k];
        if (is_value(s, vector)) {
            f->absent[f->n_absent++] = nothing(s, vector);
        } else {
            f->columns[n] = f->columns[k];
            f->vectors[n++] = vector;
        }
    }
    f->n = n;
}

/* Vector 0 is the stamp; all others move by one. */
static void put_stamp(struct resolved_file *f, size_t n_vectors, const struct constant *stamp)
{
    f->absent = mem_realloc(f->absent, (n_vectors + 1) * sizeof(*f->absent));
    for (size_t k = 0; k < f->n; k++)
        f->vectors[k]++;
    for (size_t k = 0; k < f->n_absent; k++)
        f->absent[k].vector++;
    f->absent[f->n_absent++] = (struct absent_column){0, type_of(DT_INT64), stamp, false};
}

void resolved_stamp(struct resolved *r, const struct constant *stamp, bool keys_only)
{
    struct schema plain = r->schema;
    size_t n_vectors = resolved_n_vectors(r);
    for (size_t i = 0; i < r->n_files; i++) {
        if (keys_only)
            keep_keys(&plain, &r->files[i]);
        put_stamp(&r->files[i], n_vectors, stamp);
    }
    r->schema = (struct schema){0};
    layer_schema(&plain, false, &r->schema);
    schema_done(&plain);
}
