/*
 * A layer: a segment of writes on top of a table's base, with the rows of one commit or of several
 * that were merged; or of what later publications of the source changed. Its fields are those of the table. If its rows have their own stamps
 * (segment/stack.h) the stamp comes first; if some of them are patches (segment/patch.h) the mask
 * comes before the stamp. Immutable and refcounted.
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
    uint64_t root;  /* names its content (seg_roots) */
    int64_t newest; /* the latest stamp of its rows, and of every row if there is no stamp field */
    bool is_published; /* it holds what a publication changed, not writes */
    bool has_masks, has_stamps;
    bool is_damaged;           /* the checksums of some rows differ; reads of those rows fail */
    struct huge_memory memory; /* a copy of the file; empty when it is mapped */
    struct segment *segment;
    struct seg_set set;
};

must_use enum code layer_path(const char *table_dir, uint64_t number, char out[static PATH_CAP],
                              struct err *err);

/* Whether a name in a table's directory is that of a layer; then also its number. */
bool layer_parse_name(const char *name, uint64_t *out_number);

/*
 * Open the file and compare all of it with its checksums. With `to_memory` it is copied, unless it
 * is small or there is no room; otherwise it is mapped. The caller gets the only reference.
 *
 * If only rows are damaged the layer opens, mapped: reads of the damaged rows fail, reads of the
 * others do not. Since some of its keys are unknown then, every key is looked up in it.
 *
 * Fails     E_NOTFOUND; E_CORRUPT if anything but rows is damaged, or it is not the segment that
 *           the manifest names; E_IO.
 */
must_use enum code layer_open(const char *table_dir, const struct manifest_write *what,
                              bool to_memory, struct layer **out_layer, struct err *err);
struct layer *layer_ref(struct layer *l);
void layer_unref(struct layer *l); /* NULL is fine */

/* The schema of a layer with stamps, or with masks and stamps: field i of the table is field i + 1,
 * or i + 2, of the layer. The caller calls schema_done. */
void layer_schema(const struct schema *table, bool has_masks, struct schema *out);

/* The layer as lookups see it; the caller sets field_of and filter_bit. */
struct seg_layer layer_view(const struct layer *l);

/*
 * Find the layer's field for each field of `base`; SEG_NO_FIELD if the layer has no field of that
 * name. `out` has room for base->n_fields.
 *
 * Fails     E_INVALID if the keys differ, or a column has another type: the layer then cannot lie
 *           over this base.
 */
must_use enum code layer_match(const struct layer *l, const struct schema *base, size_t *out,
                               struct err *err);

#endif
