#include "engine/layer.h"

#include "base/mem.h"

#include <inttypes.h>
#include <stdio.h>

enum code layer_path(const char *table_dir, uint64_t number, char out[static PATH_CAP],
                     struct err *err)
{
    return path_format(out, err, "%s/%010" PRIu64 ".seg", table_dir, number);
}

bool layer_parse_name(const char *name, uint64_t *out_number)
{
    unsigned long long number;
    int used = 0;
    if (sscanf(name, "%10llu.seg%n", &number, &used) != 1 || used == 0 || name[used] != '\0' ||
        strspn(name, "0123456789") < 10)
        return false;
    *out_number = number;
    return true;
}

/* What lookups take for granted. */
must_use static enum code check_stamp(const struct segment *s, struct err *err)
{
    const struct field *last = &s->schema.fields[s->schema.n_fields - 1];
    const struct seg_cell *cell = &s->layout.cells[s->schema.n_fields - 1];
    if (strcmp(last->name, STAMP_FIELD) != 0 || last->type.dtype != DT_INT64 || cell->in_key ||
        cell->group != 0)
        return err_set(err, E_CORRUPT, "its rows have no stamps");
    return OK;
}

must_use static enum code open_segment(const char *path, struct layer *l, struct err *err)
{
    TRY(seg_open(path, &l->segment, err));
    enum code rc = check_stamp(l->segment, err);
    if (!rc)
        rc = seg_set_init(&l->set, &l->segment, 1, err);
    return rc ? err_in(err, rc, "segment %s", path) : OK;
}

enum code layer_open(const char *table_dir, uint64_t number, int64_t newest,
                     struct layer **out_layer, struct err *err)
{
    char path[PATH_CAP];
    TRY(layer_path(table_dir, number, path, err));
    struct layer *l = mem_zalloc(sizeof(*l));
    l->refs = 1;
    l->number = number;
    l->newest = newest;
    enum code rc = open_segment(path, l, err);
    if (rc)
        layer_unref(l);
    else
        *out_layer = l;
    return rc;
}

struct layer *layer_ref(struct layer *l)
{
    atomic_fetch_add_explicit(&l->refs, 1, memory_order_relaxed);
    return l;
}

void layer_unref(struct layer *l)
{
    if (!l || atomic_fetch_sub_explicit(&l->refs, 1, memory_order_acq_rel) > 1)
        return;
    seg_set_done(&l->set);
    seg_close(l->segment);
    free(l);
}

void layer_schema(const struct schema *table, struct schema *out)
{
    schema_copy(table, out);
    schema_add_plain(out, view_cstr(STAMP_FIELD), DT_INT64, false);
}

must_use static enum code match_key(const struct schema *layer, const struct schema *base,
                                    const size_t *field_of, struct err *err)
{
    bool same = layer->n_key == base->n_key;
    for (size_t k = 0; same && k < base->n_key; k++)
        same = field_of[base->key[k]] == layer->key[k];
    return same ? OK : err_set(err, E_INVALID, "the rows written before have another key");
}

enum code layer_match(const struct layer *l, const struct schema *base, size_t *out,
                      struct err *err)
{
    const struct schema *layer = &l->segment->schema;
    for (size_t i = 0; i < base->n_fields; i++) {
        const struct field *f = &base->fields[i];
        ptrdiff_t found = schema_find(layer, view_cstr(f->name));
        char have[TYPE_TEXT_CAP], want[TYPE_TEXT_CAP];
        out[i] = found < 0 ? SEG_NO_FIELD : (size_t)found;
        if (found >= 0 && !type_eq(&layer->fields[found].type, &f->type))
            return err_set(err, E_INVALID, "column '%s' is %s in rows written before, and now %s",
                           f->name, type_text(&layer->fields[found].type, have),
                           type_text(&f->type, want));
    }
    return match_key(layer, base, out, err);
}
