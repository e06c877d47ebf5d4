/*
 * A segment of writes: the rows of one commit, or of several merged, on top of a table. Its schema is the table's; where
 * its rows have stamps of their own (segment/stack.h) with the stamp in front, and where some of them are patches
 * (segment/patch.h) with the mask before that. Immutable and refcounted.
 *
 *     <table_dir>/0000000009.seg
 */
#ifndef MURR_ENGINE_STORE_LAYER_H
#define MURR_ENGINE_STORE_LAYER_H

#include "base/file.h"
#include "base/huge.h"
#include "engine/spec/spec.h"
#include "engine/store/manifest.h"
#include "segment/stack.h"

#include <stdatomic.h>

struct layer {
    _Atomic uint32_t refs;
    /* Immutable from here on. */
    uint64_t number;
    uint64_t root;  /* of its content (seg_roots) */
    int64_t newest; /* the latest stamp of its rows; of all, where they have none of their own */
    bool has_masks, has_stamps;
    bool is_damaged; /* some of its rows are not what was written: they must not be read */
    struct huge_memory memory; /* a copy of the file; empty: it is mapped */
    struct segment *segment;
    struct seg_set set;
};

must_use enum code layer_path(const char *table_dir, uint64_t number, char out[static PATH_CAP],
                              struct err *err);

/* Whether a name in a table's directory is a layer's, and which. */
bool layer_parse_name(const char *name, uint64_t *out_number);

/*
 * Map and check the file, or a copy of it in memory where that is wanted, it is not small, and there is room. The
 * caller holds the one reference. A layer of which rows are damaged opens, mapped: reads of these rows fail, others do
 * not; its keys are not all known, so every key is looked for there.
 *
 * Fails E_NOTFOUND, E_CORRUPT where more than rows is damaged, E_IO.
 */
must_use enum code layer_open(const char *table_dir, const struct manifest_write *what,
                              bool to_memory, struct layer **out_layer, struct err *err);
struct layer *layer_ref(struct layer *l);
void layer_unref(struct layer *l); /* NULL is fine */

/* The schema of a layer with stamps, or with masks and stamps, over a table with this one: field i of the table is field
 * i + 1, or i + 2. */
void layer_schema(const struct schema *table, bool has_masks, struct schema *out);

/* The layer as lookups see it, but for field_of and filter_bit. */
struct seg_layer layer_view(const struct layer *l);

/*
 * Which field of the layer each field of `base` is; SEG_NO_FIELD where the layer has none of that name. `out` has
 * room for base->n_fields.
 *
 * Fails E_INVALID where the keys differ, or a column of one name has two types: then the layer cannot lie over it.
 */
must_use enum code layer_match(const struct layer *l, const struct schema *base, size_t *out,
                               struct err *err);

#endif
