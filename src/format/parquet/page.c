#include "format/parquet/page.h"

#include "format/parquet/thrift.h"
#include "format/parquet/thrift_ids.h"

static uint32_t read_u31(struct thrift *t, struct thrift_field f)
{
    int32_t v = thrift_i32(t, f);
    if (v < 0 && !t->why)
        t->why = "has a negative count or size";
    return v < 0 ? 0 : (uint32_t)v;
}

/* DataPageHeader; a DictionaryPageHeader begins the same way. */
static void read_v1(struct thrift *t, struct pq_page_header *h)
{
    struct thrift_field f = {0};
    while (thrift_next(t, &f))
        if (f.id == DATA_PAGE_NUM_VALUES)
            h->n_values = read_u31(t, f);
        else if (f.id == DATA_PAGE_ENCODING)
            h->encoding = thrift_i32(t, f);
        else if (f.id == DATA_PAGE_DEFINITION_LEVEL_ENCODING && h->type == PQ_PAGE_DATA)
            h->def_encoding = thrift_i32(t, f);
        else if (f.id == DATA_PAGE_REPETITION_LEVEL_ENCODING && h->type == PQ_PAGE_DATA)
            h->rep_encoding = thrift_i32(t, f);
        else
            thrift_skip(t, f.type);
}

static void read_v2(struct thrift *t, struct pq_page_header *h)
{
    struct thrift_field f = {0};
    while (thrift_next(t, &f))
        if (f.id == DATA_PAGE_V2_NUM_VALUES)
            h->n_values = read_u31(t, f);
        else if (f.id == DATA_PAGE_V2_ENCODING)
            h->encoding = thrift_i32(t, f);
        else if (f.id == DATA_PAGE_V2_DEFINITION_LEVELS_BYTE_LENGTH)
            h->def_bytes = read_u31(t, f);
        else if (f.id == DATA_PAGE_V2_REPETITION_LEVELS_BYTE_LENGTH)
            h->rep_bytes = read_u31(t, f);
        else if (f.id == DATA_PAGE_V2_IS_COMPRESSED)
            h->is_compressed = thrift_bool(t, f);
        else
            thrift_skip(t, f.type);
}

/* The sub-header of a page's own type is read, others are skipped. */
static bool is_own_header(const struct pq_page_header *h, int32_t field)
{
    return (field == PAGE_DATA_HEADER && h->type == PQ_PAGE_DATA) ||
           (field == PAGE_DICTIONARY_HEADER && h->type == PQ_PAGE_DICTIONARY) ||
           (field == PAGE_DATA_HEADER_V2 && h->type == PQ_PAGE_DATA_V2);
}

static bool read_header(struct thrift *t, struct pq_page_header *h)
{
    bool seen_own = false;
    struct thrift_field f = {0};
    while (thrift_next(t, &f)) {
        if (f.id == PAGE_TYPE) {
            h->type = thrift_i32(t, f);
        } else if (f.id == PAGE_UNCOMPRESSED_SIZE) {
            h->plain_bytes = read_u31(t, f);
        } else if (f.id == PAGE_COMPRESSED_SIZE) {
            h->compressed_bytes = read_u31(t, f);
        } else if (f.id == PAGE_CRC) {
            h->crc = (uint32_t)thrift_i32(t, f);
            h->has_crc = h->crc != 0; /* Parquet.jl writes 0 for "none" */
        } else if (is_own_header(h, f.id) && thrift_struct(t, f)) {
            seen_own = true;
            if (f.id == PAGE_DATA_HEADER_V2)
                read_v2(t, h);
            else
                read_v1(t, h);
        } else {
            thrift_skip(t, f.type);
        }
    }
    return seen_own;
}

/* Headers have no length of their own: where the Thrift struct ends, the page begins. So a cursor
 * is needed, not a view. */
enum code pq_page_header_read(struct cursor *cur, struct pq_page_header *out, struct err *err)
{
    struct thrift t = thrift_of(*cur);
    struct pq_page_header h = {.type = -1, .encoding = -1, .is_compressed = true};
    bool seen_own = read_header(&t, &h);
    if (t.why)
        return err_set(err, E_CORRUPT, "page header %s", t.why);
    bool needs_own =
        h.type == PQ_PAGE_DATA || h.type == PQ_PAGE_DICTIONARY || h.type == PQ_PAGE_DATA_V2;
    if (h.type < 0 || (needs_own && !seen_own))
        return err_set(err, E_CORRUPT, "page header without what its type %d needs", h.type);
    *cur = t.cur;
    *out = h;
    return OK;
}
