/* Any bytes as a manifest and as a list of manifests: an error or entries, nothing else. What is
 * accepted is looked at in full. */
#include "base/mem.h"
#include "format/iceberg/manifest.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t sum_bytes(struct view v)
{
    size_t sum = 0;
    for (size_t i = 0; i < v.len; i++)
        sum += v.ptr[i];
    return sum;
}

static enum code take(void *arg, const struct ice_entry *e, struct err *err)
{
    size_t *sum = arg;
    (void)err;
    if (e->n_rows < 0 || e->n_bytes < 0 || e->content_offset < -1 || e->content_bytes < -1 ||
        (e->sequence_number < 0 && e->status != ICE_DELETED) ||
        (e->format == ICE_PUFFIN && e->content != ICE_DATA && !e->referenced_data_file))
        abort();
    *sum += strlen(e->path) + strlen(e->format_name) + sum_bytes(e->path_lower) +
            sum_bytes(e->path_upper);
    for (size_t i = 0; i < e->n_partition; i++)
        *sum += sum_bytes(e->partition[i].value.bytes);
    for (size_t i = 0; i < e->n_equality_ids; i++)
        *sum += (size_t)e->equality_ids[i];
    return OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(arena) struct arena arena = {0};
    struct view bytes = view_of(data, size);
    struct ice_manifest *m;
    size_t n = 0, sum = 0;
    struct err err;
    if (ice_manifest_list_parse(bytes, 1000, &arena, &m, &n, &err) == OK)
        for (size_t i = 0; i < n; i++)
            sum += strlen(m[i].path) + (size_t)m[i].length;
    for (int i = 0; i < 2; i++) {
        const struct ice_manifest what = {
            .spec_id = ICE_SPEC_OF_FILE, .sequence_number = 1, .has_deletes = i};
        if (ice_manifest_parse(bytes, &what, &arena, take, &sum, &err) == OK && size < 20)
            abort();
    }
    __asm__ volatile("" : : "r"(sum)); /* not to be left out */
    return 0;
}
