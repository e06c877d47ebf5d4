#include "segment/gather_var.h"

#include <assert.h>

static bool key_sizes(const struct seg_source *src, size_t at, size_t n, struct column_sizes *sum)
{
    bool sound = true;
    for (size_t i = at; i < at + n; i++) {
        struct view value;
        sound &= seg_key_value(src, i, &value);
        sum->bytes += value.len;
    }
    return sound;
}

static bool list_sizes(const struct seg_source *src, const struct type *type, size_t at, size_t n,
                       struct column_sizes *sum)
{
    const uint8_t *scratch[SEG_RUN_ROWS];
    struct seg_run_cells cells = seg_cells_of(src, at, n, scratch);
    bool sound = true;
    for (size_t i = 0; i < n && sound; i++) {
        struct seg_text text = seg_text_at(seg_block_at(src, at + i), cells.rows[i] + cells.offset);
        sound = text.sound && fill_add_sizes(type, view_of(text.ptr, text.len), sum);
    }
    return sound;
}

/* Lengths of the texts of a run. Texts in the heap are prefetched for the copy that follows. */
static bool text_sizes(const struct seg_source *src, size_t at, size_t n, struct column_sizes *sum)
{
    const uint8_t *scratch[SEG_RUN_ROWS];
    struct seg_run_cells cells = seg_cells_of(src, at, n, scratch);
    const struct seg_block *only = seg_only_blocks(src);
    const uint32_t *block_of = src->rows->block + at;
    size_t bytes = 0;
    bool sound = true;
    for (size_t i = 0; i < n; i++) {
        const struct seg_block *block = only ? &only[block_of[i]] : seg_block_at(src, at + i);
        struct seg_text text = seg_text_at(block, cells.rows[i] + cells.offset);
        __builtin_prefetch(text.ptr);
        __builtin_prefetch(text.ptr + text.len); /* the line of its end */
        sound &= text.sound;
        bytes += text.len;
    }
    sum->bytes += bytes;
    return sound;
}

bool seg_run_sizes(const struct seg_source *src, const struct type *type, bool in_key, size_t at,
                   size_t n, struct column_sizes *sum)
{
    if (in_key)
        return key_sizes(src, at, n, sum);
    return type->dtype == DT_LIST ? list_sizes(src, type, at, n, sum) : text_sizes(src, at, n, sum);
}

static void gather_lists(const struct seg_source *src, struct seg_run_cells cells, size_t at,
                         size_t n, struct column *out, struct list_fill *fill)
{
    for (size_t i = 0; i < n; i++) {
        struct seg_text text = seg_text_at(seg_block_at(src, at + i), cells.rows[i] + cells.offset);
        fill_list(out, at + i, view_of(text.ptr, text.len), fill);
    }
}

/*
 * Copy short texts as 32 bytes where there is room, and let the next text overwrite the excess: two
 * loads and two stores, instead of a call to memcpy and a branch on the length. Reading 32 bytes is
 * safe, because at least that much of the segment follows any cell and any heap.
 */
static size_t gather_texts(const struct seg_source *src, struct seg_run_cells cells, size_t at,
                           size_t n, struct column *out, size_t used)
{
    enum { AT_ONCE = 32 };
    assert(out->offsets);
    int32_t *restrict ends = out->offsets + at + 1;
    uint8_t *restrict data = out->data;
    const struct seg_block *only = seg_only_blocks(src);
    const uint32_t *block_of = src->rows->block + at;
    size_t room = out->data_room;
    for (size_t i = 0; i < n; i++) {
        const struct seg_block *block = only ? &only[block_of[i]] : seg_block_at(src, at + i);
        struct seg_text text = seg_text_at(block, cells.rows[i] + cells.offset);
        if (text.len <= AT_ONCE && used + AT_ONCE <= room)
            memcpy(data + used, text.ptr, AT_ONCE);
        else
            memcpy(data + used, text.ptr, text.len);
        used += text.len;
        ends[i] = (int32_t)used;
    }
    return used;
}

void seg_gather_var(const struct seg_source *src, size_t at, size_t n, struct column *out,
                    struct seg_filled *filled)
{
    const uint8_t *scratch[SEG_RUN_ROWS];
    struct seg_run_cells cells = seg_cells_of(src, at, n, scratch);
    if (out->child)
        gather_lists(src, cells, at, n, out, &filled->list);
    else
        filled->bytes = gather_texts(src, cells, at, n, out, filled->bytes);
    seg_mask_nulls(src, at, cells, n, out->validity + at / 8);
}

void seg_gather_key(const struct seg_source *src, struct column *out)
{
    size_t width = type_width(&out->type), used = 0;
    for (size_t i = 0; i < out->n_rows; i++) {
        struct view value;
        if (!seg_key_value(src, i, &value))
            value.len = 0;
        if (out->offsets) {
            out->offsets[i] = (int32_t)used;
        } else {
            used = i * width;
            memset(out->data + used, 0, width);
        }
        if (value.len)
            memcpy(out->data + used, value.ptr, value.len);
        used += value.len;
    }
    if (out->offsets)
        out->offsets[out->n_rows] = (int32_t)used;
}
