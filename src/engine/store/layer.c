#include "engine/store/layer.h"

#include "base/log.h"
#include "base/mem.h"
#include "segment/verify.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

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

static bool is_plain(const struct layer *l, size_t field, enum dtype dtype)
{
    const struct seg_cell *cell = &l->segment->layout.cells[field];
    return l->segment->schema.fields[field].type.dtype == dtype && !cell->in_key &&
           cell->group == 0;
}

/* Lookups read masks and stamps at fixed offsets without looking at the schema, so their fields are
 * checked here: of the right type, in group 0, outside the key, with a bit for every column of the
 * table. */
must_use static enum code check_stamps(struct layer *l, struct err *err)
{
    const struct schema *s = &l->segment->schema;
    l->has_masks = s->n_fields && strcmp(s->fields[0].name, MASK_FIELD) == 0;
    l->has_stamps =
        s->n_fields > l->has_masks && strcmp(s->fields[l->has_masks].name, STAMP_FIELD) == 0;
    if (l->has_masks && (!is_plain(l, 0, DT_FIXED_BINARY) ||
                         s->fields[0].type.fixed_width < (s->n_fields + 5) / 8 || !l->has_stamps))
        return err_set(err, E_CORRUPT, "column '%s' cannot hold masks", MASK_FIELD);
    if (l->has_stamps && !is_plain(l, l->has_masks, DT_INT64))
        return err_set(err, E_CORRUPT, "column '%s' cannot hold stamps", STAMP_FIELD);
    return OK;
}

/* A smaller file is not worth a huge page of 2 MiB. */
static const uint64_t copied_min = 256 * 1024;

/* Copy the file into huge pages. Leaves l->segment NULL, for the caller to map the file, if it is
 * small or there is no room. So too if checksums differ: of a mapped file each page is checked
 * alone, so its good rows stay readable. */
must_use static enum code copy_segment(const char *path, struct layer *l, struct err *err)
{
    uint64_t bytes;
    int fd;
    TRY(file_size(path, &bytes, err));
    if (bytes < copied_min || huge_memory_init(&l->memory, bytes, NULL))
        return OK;
    TRY(file_open(path, &fd, err));
    enum code rc = fd_read_at(fd, l->memory.ptr, bytes, 0, err);
    close(fd);
    if (!rc)
        rc = seg_open_bytes(view_of(l->memory.ptr, bytes), &l->segment, err);
    if (!rc && seg_verify_checksums(l->segment, NULL)) {
        seg_close(l->segment);
        l->segment = NULL;
        huge_memory_done(&l->memory);
    }
    return rc;
}

must_use static enum code open_segment(const char *path, struct layer *l, bool to_memory,
                                       struct err *err)
{
    enum code rc = to_memory ? copy_segment(path, l, err) : OK;
    if (!rc && !l->segment)
        return seg_open(path, &l->segment, err);
    return rc ? err_in(err, rc, "segment %s", path) : OK;
}

/* Compare all rows now, not when they are read: their keys go into the filter, and the layer may be
 * the only copy of what was written, so damage should be known early. */
must_use static enum code check_rows(const char *path, struct layer *l, struct err *err)
{
    seg_set_check_pages(&l->set, &l->segment, &l->segment->map);
    if (mapped_file_is_hit(&l->segment->map))
        return err_set(err, E_IO, "its index could not be read");
    for (uint32_t i = 0; i < l->segment->n_blocks; i++) {
        const struct seg_block_desc *d = &l->segment->descs[i];
        if (!seg_pages_verify(l->set.pages, l->segment->bytes.ptr + d->data_offset, d->data_bytes))
            l->is_damaged = true;
    }
    if (l->is_damaged)
        log_error("some rows of a segment of writes are damaged; reads of these rows will fail",
                  log_str("path", path));
    return OK;
}

must_use static enum code open_set(const char *path, struct layer *l, struct err *err)
{
    enum code rc = check_stamps(l, err);
    if (!rc)
        rc = seg_set_init(&l->set, &l->segment, 1, err);
    if (!rc && l->segment->map.ptr)
        rc = check_rows(path, l, err);
    return rc ? err_in(err, rc, "segment %s", path) : OK;
}

/* Refuse a valid segment that was put in the place of the one that the manifest names. */
must_use static enum code check_root(const char *path, struct layer *l, uint64_t wanted,
                                     struct err *err)
{
    l->root = seg_roots(&l->segment, 1);
    if (wanted && l->root != wanted)
        return err_set(err, E_CORRUPT, "segment %s is not the one that the manifest names", path);
    return OK;
}

enum code layer_open(const char *table_dir, const struct manifest_write *what, bool to_memory,
                     struct layer **out_layer, struct err *err)
{
    char path[PATH_CAP];
    TRY(layer_path(table_dir, what->segment, path, err));
    struct layer *l = mem_zalloc(sizeof(*l));
    l->refs = 1;
    l->number = what->segment;
    l->newest = what->newest;
    l->is_published = what->is_published;
    enum code rc = open_segment(path, l, to_memory, err);
    if (!rc)
        rc = check_root(path, l, what->root, err);
    if (!rc)
        rc = open_set(path, l, err);
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
    huge_memory_done(&l->memory);
    free(l);
}

void layer_schema(const struct schema *table, bool has_masks, struct schema *out)
{
    struct schema layer = {0};
    const struct type mask = {.dtype = DT_FIXED_BINARY,
                              .fixed_width = (uint32_t)(table->n_fields + 7) / 8};
    if (has_masks)
        schema_add(&layer, view_cstr(MASK_FIELD), &mask, false);
    schema_add_plain(&layer, view_cstr(STAMP_FIELD), DT_INT64, false);
    for (size_t i = 0; i < table->n_fields; i++) {
        const struct field *f = &table->fields[i];
        schema_add(&layer, view_cstr(f->name), &f->type, f->nullable);
    }
    for (size_t k = 0; k < table->n_key; k++)
        schema_add_key(&layer, table->key[k] + 1 + has_masks);
    *out = layer;
}

struct seg_layer layer_view(const struct layer *l)
{
    return (struct seg_layer){
        .set = &l->set,
        .has_masks = l->has_masks,
        .has_stamps = l->has_stamps,
        .stamp = l->newest & ~(int64_t)1,
        .asks_all = l->is_damaged,
    };
}

must_use static enum code match_key(const struct schema *layer, const struct schema *base,
                                    const size_t *field_of, struct err *err)
{
    bool same = layer->n_key == base->n_key;
    for (size_t k = 0; same && k < base->n_key; k++)
        same = field_of[base->key[k]] == layer->key[k]; /* layer_match has compared the types */
    return same ? OK : err_set(err, E_INVALID, "rows written earlier have other key columns");
}

/* A layer nearly always has the table's fields in the table's order, so the lookup by name is
 * rarely needed. */
static ptrdiff_t find_field(const struct layer *l, const struct schema *base, size_t i)
{
    const struct schema *layer = &l->segment->schema;
    size_t guess = i + l->has_masks + l->has_stamps;
    if (guess < layer->n_fields && strcmp(layer->fields[guess].name, base->fields[i].name) == 0)
        return (ptrdiff_t)guess;
    return schema_find(layer, view_cstr(base->fields[i].name));
}

enum code layer_match(const struct layer *l, const struct schema *base, size_t *out,
                      struct err *err)
{
    const struct schema *layer = &l->segment->schema;
    for (size_t i = 0; i < base->n_fields; i++) {
        const struct field *f = &base->fields[i];
        ptrdiff_t found = find_field(l, base, i);
        char have[TYPE_TEXT_CAP], want[TYPE_TEXT_CAP];
        out[i] = found < 0 ? SEG_NO_FIELD : (size_t)found;
        if (found >= 0 && !type_eq(&layer->fields[found].type, &f->type))
            return err_set(err, E_INVALID,
                           "column '%s' was %s in rows written earlier, and is now %s", f->name,
                           type_text(&layer->fields[found].type, have), type_text(&f->type, want));
    }
    return match_key(layer, base, out, err);
}
