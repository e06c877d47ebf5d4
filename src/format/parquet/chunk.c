/*
 * One column of one row group: pages, one after another.
 *
 *   [dictionary page] data page, data page ... ; index pages and unknown ones in between are
 * skipped
 *
 *   v1  all of it compressed: u32 length, definition levels (optional columns only) | values
 *   v2  levels, never compressed, their lengths in the header | values, compressed or not
 *
 * In a flat column there are no repetition levels, and a definition level is 0 for null and 1 for
 * a value. A page is opened when the one before is used up, and decoded piece by piece into the
 * caller's vector: levels into `valid`, values densely to the front of the rows they are for, and
 * spread to their places where there are nulls. Lists are put together in lists.c.
 *
 * (1) n_unopened + page.n_left = rows of a flat column that were not handed out.
 * (2) page.lent says that views into the newest page buffer are (or may be) in the caller's hands;
 *     then its memory is held until the next read. A page that needs no buffer changes nothing.
 */
#include "format/parquet/bits.h"
#include "format/parquet/codec.h"
#include "format/parquet/convert.h"
#include "format/parquet/file_priv.h"
#include "format/parquet/levels.h"
#include "format/parquet/lists.h"
#include "format/parquet/page.h"
#include "format/parquet/pages.h"
#include "format/parquet/values.h"

#include <assert.h>
#include <libdeflate.h>

enum { scratch_bytes = 16384 }; /* on the stack, of values to be converted */

struct pq_chunk {
    /* the chunk being read; NULL column: none */
    const struct pq_column *col;
    const struct pq_limits *limits;
    int32_t codec;
    struct cursor cur;      /* after the current page */
    const uint8_t *own_end; /* of the chunk; some bytes after it may be the chunk's too */
    uint64_t n_rows;
    uint64_t n_unopened;

    struct {
        size_t n_left; /* entries: of a flat column, rows */
        struct pq_levels defs;
        struct pq_levels reps; /* of lists */
        struct pq_values values;
        bool lent;
    } page;

    struct pq_dict dict;
    struct pq_page_buf dict_buf; /* the dictionary page */
    struct pq_pages pages;
    struct pq_joined joined;
    struct pq_lists *lists; /* NULL until there is a list column */
    struct pq_codec decoder;
};

struct pq_chunk *pq_chunk_new(void)
{
    return mem_zalloc(sizeof(struct pq_chunk));
}

void pq_chunk_free(struct pq_chunk *c)
{
    if (!c)
        return;
    pq_dict_done(&c->dict);
    pq_page_buf_trim(&c->dict_buf, 0);
    pq_pages_done(&c->pages);
    pq_joined_done(&c->joined);
    pq_codec_done(&c->decoder);
    if (c->lists)
        pq_lists_done(c->lists);
    free(c->lists);
    free(c);
}

void pq_chunk_reset(struct pq_chunk *c)
{
    c->col = NULL;
    c->n_unopened = 0;
    c->page.n_left = 0;
    c->page.lent = false;
    pq_dict_reset(&c->dict);
    pq_page_buf_trim(&c->dict_buf, PQ_KEEP_BYTES);
    pq_pages_reset(&c->pages);
    pq_joined_done(&c->joined);
}

/* All memory is charged to the budget of the file being read. Memory charged to another budget is
 * freed first. */
static void set_budget(struct pq_chunk *c, struct pq_budget *budget)
{
    if (c->pages.budget != budget) {
        pq_dict_done(&c->dict);
        pq_page_buf_trim(&c->dict_buf, 0);
        pq_pages_done(&c->pages);
        pq_joined_done(&c->joined);
        if (c->lists)
            pq_lists_done(c->lists);
    }
    c->dict.budget = budget;
    c->dict_buf.budget = budget;
    c->pages.budget = budget;
    c->joined.budget = budget;
}

static enum code start(struct pq_chunk *c, const struct pq_file *f, const struct pq_row_group *g,
                       const struct pq_column *col, struct err *err)
{
    if (!col->supported)
        return err_set(err, E_UNSUPPORTED, "%s", col->why_not);
    const struct pq_chunk_meta *m = &g->chunks[col->leaf_idx];
    if (g->n_rows && m->physical != (int32_t)col->leaf.physical)
        return err_set(err, E_CORRUPT, "physical type %d, the schema says %d", m->physical,
                       (int)col->leaf.physical);
    if (g->n_rows)
        TRY(pq_codec_check(m->codec, err));
    c->col = col;
    c->limits = &f->limits;
    c->codec = m->codec;
    c->n_rows = g->n_rows; /* the chunk's own num_values is wrong in files that others read well */
    c->n_unopened = g->n_rows;
    set_budget(c, f->limits.budget);
    c->joined.max_bytes = f->limits.page_bytes;
    if (col->type.dtype == DT_LIST) {
        if (!c->lists)
            c->lists = mem_zalloc(sizeof(*c->lists));
        c->lists->budget = f->limits.budget;
        pq_lists_start(c->lists, col, g->n_rows, f->limits.page_bytes, f->has_orphans);
    }
    return OK;
}

enum code pq_chunk_start(struct pq_chunk *c, const struct pq_file *f, size_t row_group,
                         size_t column, struct view bytes, struct err *err)
{
    const struct pq_row_group *g = &f->groups[row_group];
    const struct pq_column *col = &f->columns[column];
    pq_chunk_reset(c);
    enum code rc = start(c, f, g, col, err);
    if (rc) {
        char shown[128];
        return err_in(err, rc, "column %s", pq_column_printable(col, shown));
    }
    if (bytes.len == 0)
        bytes = view_of("", 0);
    uint64_t own = g->chunks[col->leaf_idx].bytes;
    c->cur = cur_of(bytes);
    c->own_end = bytes.ptr + (own < bytes.len ? own : bytes.len);
    return OK;
}

static bool is_list(const struct pq_chunk *c)
{
    return c->col->type.dtype == DT_LIST;
}

/* ------------------------------------------------------------------------------- opening pages */

/* An empty page is not given to the codec, since some codecs fail on 0 bytes. */
static enum code decompress(struct pq_chunk *c, struct view in, size_t plain_bytes,
                            struct view *out, struct err *err)
{
    if (plain_bytes == 0) {
        *out = view_of("", 0);
        return OK;
    }
    TRY(pq_codec_plausible(c->codec, in, plain_bytes, err));
    uint8_t *to;
    TRY(pq_pages_next(&c->pages, c->page.lent, plain_bytes, c->limits->held_bytes, &to, err));
    c->page.lent = false;
    TRY(pq_codec_decode(&c->decoder, c->codec, in, to, plain_bytes, err));
    *out = view_of(to, plain_bytes);
    return OK;
}

static enum code plain_body(struct view in, size_t plain_bytes, struct view *out, struct err *err)
{
    if (in.len != plain_bytes)
        return err_set(err, E_CORRUPT, "an uncompressed page of %zu bytes, %zu announced", in.len,
                       plain_bytes);
    *out = in;
    return OK;
}

/* Flat columns have as many entries as rows, so rows are counted here; rows of lists are counted by
 * their repetition levels. */
static enum code open_values(struct pq_chunk *c, const struct pq_page_header *h, struct view bytes,
                             struct err *err)
{
    c->page.n_left = h->n_values;
    if (!is_list(c))
        c->n_unopened -= h->n_values;
    return pq_values_init(&c->page.values, &c->col->leaf, h->encoding, bytes, &c->dict, &c->joined,
                          err);
}

/* Cut the levels off the front of a decompressed v1 page. */
static enum code open_levels_v1(struct pq_chunk *c, const struct pq_page_header *h,
                                struct cursor *body, struct err *err)
{
    pq_levels_none(&c->page.defs, c->col->max_def);
    if (is_list(c))
        TRY(pq_levels_cut(&c->page.reps, 1, h->rep_encoding, h->n_values, body, err));
    if (c->col->max_def > 0)
        TRY(pq_levels_cut(&c->page.defs, c->col->max_def, h->def_encoding, h->n_values, body, err));
    return OK;
}

/* In a v2 page they are a hybrid each, without a length in front. */
static enum code open_levels_v2(struct pq_chunk *c, struct view reps, struct view defs,
                                struct err *err)
{
    pq_levels_none(&c->page.defs, c->col->max_def);
    if (is_list(c))
        TRY(pq_levels_hybrid(&c->page.reps, 1, reps, err));
    if (c->col->max_def > 0)
        TRY(pq_levels_hybrid(&c->page.defs, c->col->max_def, defs, err));
    return OK;
}

static enum code open_v1(struct pq_chunk *c, const struct pq_page_header *h, struct view in,
                         struct err *err)
{
    struct view plain = {0};
    if (c->codec == PQ_CODEC_NONE)
        TRY(plain_body(in, h->plain_bytes, &plain, err));
    else
        TRY(decompress(c, in, h->plain_bytes, &plain, err));
    struct cursor body = cur_of(plain);
    if (h->n_values) /* a page without values may be without levels */
        TRY(open_levels_v1(c, h, &body, err));
    return open_values(c, h, view_of(body.pos, cur_left(&body)), err);
}

static enum code open_v2(struct pq_chunk *c, const struct pq_page_header *h, struct view in,
                         struct err *err)
{
    struct cursor body = cur_of(in);
    struct view reps, defs;
    uint64_t level_bytes = (uint64_t)h->rep_bytes + h->def_bytes;
    if (!cur_bytes(&body, h->rep_bytes, &reps) || !cur_bytes(&body, h->def_bytes, &defs) ||
        level_bytes > h->plain_bytes)
        return err_set(err, E_CORRUPT, "levels of %llu bytes in a page of %u",
                       (unsigned long long)level_bytes, h->compressed_bytes);
    TRY(open_levels_v2(c, reps, defs, err));
    struct view rest = view_of(body.pos, cur_left(&body));
    size_t plain_bytes = h->plain_bytes - (size_t)level_bytes;
    struct view plain = {0};
    if (c->codec == PQ_CODEC_NONE || !h->is_compressed)
        TRY(plain_body(rest, plain_bytes, &plain, err));
    else
        TRY(decompress(c, rest, plain_bytes, &plain, err));
    return open_values(c, h, plain, err);
}

/* A dictionary has a buffer of its own, as it lives as long as the chunk, while pages come and
 * go. */
static enum code open_dictionary(struct pq_chunk *c, const struct pq_page_header *h, struct view in,
                                 struct err *err)
{
    if (c->dict.loaded)
        return err_set(err, E_CORRUPT, "a second dictionary page");
    if (h->encoding != PQ_PLAIN && h->encoding != PQ_PLAIN_DICTIONARY)
        return err_set(err, E_UNSUPPORTED, "dictionary in encoding %d is not supported",
                       h->encoding);
    if (c->col->leaf.physical == PQ_BOOLEAN)
        return err_set(err, E_UNSUPPORTED, "a dictionary of booleans is not supported");
    struct view plain = view_of("", 0);
    if (c->codec == PQ_CODEC_NONE) {
        TRY(plain_body(in, h->plain_bytes, &plain, err));
    } else if (h->plain_bytes > 0) {
        TRY(pq_codec_plausible(c->codec, in, h->plain_bytes, err));
        TRY(pq_page_buf_fit(&c->dict_buf, h->plain_bytes, err));
        plain = view_of(c->dict_buf.ptr, h->plain_bytes);
        TRY(pq_codec_decode(&c->decoder, c->codec, in, c->dict_buf.ptr, plain.len, err));
    }
    const struct pq_leaf *leaf = &c->col->leaf;
    if (leaf->physical == PQ_BYTE_ARRAY)
        return pq_dict_load_strings(&c->dict, plain, h->n_values, leaf->type.dtype == DT_UTF8, err);
    return pq_dict_load(&c->dict, plain, h->n_values, pq_values_width(leaf), err);
}

/* Before anything is allocated or decompressed for the page. */
static enum code check_page(const struct pq_chunk *c, const struct pq_page_header *h,
                            struct view in, struct err *err)
{
    if (h->plain_bytes > c->limits->page_bytes)
        return err_set(err, E_LIMIT, "a page of %u bytes, the limit is %zu", h->plain_bytes,
                       c->limits->page_bytes);
    if (h->type != PQ_PAGE_DICTIONARY && !is_list(c) && h->n_values > c->n_unopened)
        return err_set(err, E_CORRUPT, "more values than the %llu rows of the row group",
                       (unsigned long long)c->n_rows);
    if (h->has_crc && c->limits->verify_crc && libdeflate_crc32(0, in.ptr, in.len) != h->crc)
        return err_set(err, E_CORRUPT, "checksum mismatch in a page of %zu bytes", in.len);
    return OK;
}

/* Read the next page, of whatever type. */
static enum code next_page(struct pq_chunk *c, struct err *err)
{
    struct pq_page_header h;
    struct view in;
    TRY(pq_page_header_read(&c->cur, &h, err));
    if (!cur_bytes(&c->cur, h.compressed_bytes, &in))
        return err_set(err, E_CORRUPT, "a page of %u bytes, %zu are left", h.compressed_bytes,
                       cur_left(&c->cur));
    bool is_data = h.type == PQ_PAGE_DATA || h.type == PQ_PAGE_DATA_V2;
    if (!is_data && h.type != PQ_PAGE_DICTIONARY)
        return OK;
    TRY(check_page(c, &h, in, err));
    if (!is_data)
        return open_dictionary(c, &h, in, err);
    return h.type == PQ_PAGE_DATA ? open_v1(c, &h, in, err) : open_v2(c, &h, in, err);
}

/* After the last row, another page with values means that the footer and the pages disagree. */
static enum code check_end(struct pq_chunk *c, struct err *err)
{
    while (c->cur.pos < c->own_end) {
        struct cursor cur = {c->cur.pos, c->own_end};
        struct pq_page_header h;
        if (pq_page_header_read(&cur, &h, NULL) || !cur_skip(&cur, h.compressed_bytes))
            return OK; /* padding */
        if ((h.type == PQ_PAGE_DATA || h.type == PQ_PAGE_DATA_V2) && h.n_values > 0)
            return err_set(err, E_CORRUPT, "more values than the %llu rows of the row group",
                           (unsigned long long)c->n_rows);
        c->cur = cur;
    }
    return OK;
}

static enum code open_page(struct pq_chunk *c, struct err *err)
{
    while (c->page.n_left == 0) {
        if (cur_left(&c->cur) == 0)
            return err_set(err, E_CORRUPT,
                           "its pages end %llu rows before the %llu of the row group",
                           (unsigned long long)c->n_unopened, (unsigned long long)c->n_rows);
        TRY(next_page(c, err));
    }
    return c->n_unopened == 0 ? check_end(c, err) : OK;
}

/* ------------------------------------------------------------------------------ decoding rows */

/* Values go through scratch memory, since they must be converted to the type. */
static enum code read_converted(struct pq_chunk *c, const struct type *to, uint8_t *out, size_t n,
                                struct err *err)
{
    uint64_t scratch[scratch_bytes / sizeof(uint64_t)];
    size_t batch = scratch_bytes / pq_values_width(&c->col->leaf);
    size_t width = vector_width(to);
    while (n > 0) {
        size_t some = n < batch ? n : batch;
        TRY(pq_values_read(&c->page.values, scratch, some, err));
        TRY(pq_convert(&c->col->leaf, to, scratch, some, out, err));
        out += some * width;
        n -= some;
    }
    return OK;
}

/* The next `n` values, as a vector of type `to` has them. */
static enum code read_values(struct pq_chunk *c, const struct type *to, void *out, size_t n,
                             struct err *err)
{
    return pq_must_convert(&c->col->leaf) ? read_converted(c, to, out, n, err)
                                          : pq_values_read(&c->page.values, out, n, err);
}

/* Decode as many rows as the page still has and the vector has room for. Values go densely to the
 * front of their rows, and are spread to their places afterwards, from the back: so the decoders
 * know nothing of nulls, and no second buffer is needed. */
static enum code read_rows(struct pq_chunk *c, struct vector *out, struct err *err)
{
    size_t width = vector_width(&out->type);
    size_t n = out->cap - out->n;
    n = n < c->page.n_left ? n : c->page.n_left;
    uint8_t *rows = (uint8_t *)out->values + out->n * width;
    uint8_t *valid = out->valid + out->n;
    size_t n_set;
    TRY(pq_levels_bools(&c->page.defs, valid, n, &n_set, err));
    if (n_set == 0)
        memset(rows, 0, n * width);
    else
        TRY(read_values(c, &out->type, rows, n_set, err));
    if (n_set && n_set < n)
        pq_spread(rows, width, valid, n, n_set);
    c->page.lent |= n_set && c->page.values.lends;
    c->page.n_left -= n;
    out->n += n;
    out->n_nulls += n - n_set;
    return OK;
}

static enum code read_all(struct pq_chunk *c, struct vector *out, struct err *err)
{
    while (out->n < out->cap && (c->page.n_left || c->n_unopened)) {
        if (c->page.n_left == 0)
            TRY(open_page(c, err));
        TRY(read_rows(c, out, err));
    }
    return OK;
}

/* --------------------------------------------------------------------------------------- lists */

/* Whether another page with entries was opened; there is none after the last byte of the chunk,
 * nor after what looks like no page once all rows have begun. */
static enum code open_list_page(struct pq_chunk *c, bool *out_opened, struct err *err)
{
    *out_opened = false;
    while (c->page.n_left == 0 && c->cur.pos < c->own_end) {
        struct cursor ahead = c->cur;
        struct pq_page_header h;
        if (c->lists->n_begun == c->n_rows && pq_page_header_read(&ahead, &h, NULL))
            return OK;
        TRY(next_page(c, err));
    }
    *out_opened = c->page.n_left > 0;
    return OK;
}

/* Levels and values of the next entries of the page. */
static enum code fill_lists(struct pq_chunk *c, const struct type *element, struct err *err)
{
    struct pq_lists *l = c->lists;
    size_t n = pq_lists_batch(l), n_set = 0;
    n = n < c->page.n_left ? n : c->page.n_left;
    pq_joined_turn(&c->joined);
    TRY(pq_levels_read(&c->page.reps, l->reps, n, err));
    TRY(pq_levels_read(&c->page.defs, l->defs, n, err));
    for (size_t i = 0; i < n; i++)
        n_set += l->defs[i] == c->col->max_def;
    void *values = pq_lists_values(l);
    if (n_set)
        TRY(read_values(c, element, values, n_set, err));
    c->page.n_left -= n;
    pq_lists_filled(l, n);
    return OK;
}

static enum code end_lists(struct pq_chunk *c, struct vector *out, struct err *err)
{
    TRY(pq_lists_finish(c->lists, out, err));
    if (c->lists->n_begun != c->n_rows)
        return err_set(err, E_CORRUPT, "its pages end after %llu of the %llu rows of the row group",
                       (unsigned long long)c->lists->n_begun, (unsigned long long)c->n_rows);
    c->n_unopened = 0;
    return OK;
}

/* `n_unopened` is not 0 until the last row was handed out. */
static enum code read_lists(struct pq_chunk *c, struct vector *out, struct err *err)
{
    struct type element = type_element(&out->type);
    pq_lists_turn(c->lists);
    while (out->n < out->cap && c->n_unopened) {
        TRY(pq_lists_take(c->lists, out, err));
        if (out->n == out->cap)
            break;
        bool more = true;
        if (c->page.n_left == 0)
            TRY(open_list_page(c, &more, err));
        TRY(more ? fill_lists(c, &element, err) : end_lists(c, out, err));
    }
    return OK;
}

/* Values that take few bytes in the file may be handed out many times. */
static enum code charge(struct pq_chunk *c, const struct vector *out, struct err *err)
{
    uint64_t bytes = out->n * vector_kept_bytes(&out->type);
    for (size_t i = 0; c->limits->budget && type_is_variable(&out->type) && i < out->n; i++)
        bytes += out->views[i].len;
    return pq_budget_charge(c->limits->budget, bytes, err);
}

enum code pq_chunk_read(struct pq_chunk *c, struct vector *out, struct err *err)
{
    assert(c->col && out->type.dtype == c->col->type.dtype);
    out->n = 0;
    out->n_nulls = 0;
    c->page.lent = false;
    pq_pages_release_old(&c->pages);
    if (!is_list(c))
        pq_joined_turn(&c->joined);
    enum code rc = is_list(c) ? read_lists(c, out, err) : read_all(c, out, err);
    if (!rc)
        rc = charge(c, out, err);
    if (rc) {
        char shown[128];
        out->n = 0;
        err_write_in(err, "column %s", pq_column_printable(c->col, shown));
        pq_chunk_reset(c); /* half-opened pages must not be read again */
        return rc;
    }
    return OK;
}
