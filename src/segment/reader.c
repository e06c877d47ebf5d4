#include "segment/reader.h"

#include "base/hash.h"
#include "base/mem.h"

must_use static enum code check_head(struct view bytes, struct err *err)
{
    struct cursor c = cur_of(bytes);
    struct view magic;
    uint32_t version;
    if (!cur_bytes(&c, 4, &magic) || !cur_u32le(&c, &version))
        return err_set(err, E_CORRUPT, "%zu bytes are no segment", bytes.len);
    if (!view_eq_cstr(magic, SEG_MAGIC))
        return err_set(err, E_CORRUPT, "does not begin with " SEG_MAGIC);
    if (version != SEG_VERSION)
        return err_set(err, E_UNSUPPORTED, "has format version %u, this program reads %d", version,
                       SEG_VERSION);
    return OK;
}

must_use static enum code read_footer(struct segment *s, struct err *err)
{
    uint32_t size;
    if (s->bytes.len < SEG_ALIGN + SEG_FOOTER_TAIL_BYTES)
        return err_set(err, E_CORRUPT, "%zu bytes are too few for a segment", s->bytes.len);
    memcpy(&size, s->bytes.ptr + s->bytes.len - sizeof(size), sizeof(size));
    if (size < SEG_FOOTER_TAIL_BYTES || size > s->bytes.len - SEG_ALIGN ||
        (size - SEG_FOOTER_TAIL_BYTES) % sizeof(struct seg_entry) != 0)
        return err_set(err, E_CORRUPT, "footer size %u does not fit", size);
    uint64_t start = s->bytes.len - size;
    if (start % SEG_ALIGN != 0)
        return err_set(err, E_CORRUPT, "footer at offset %llu is not aligned",
                       (unsigned long long)start);
    struct view entries = view_of(s->bytes.ptr + start, size - SEG_FOOTER_TAIL_BYTES);
    uint64_t checksum;
    memcpy(&checksum, entries.ptr + entries.len, sizeof(checksum));
    if (checksum != hash_checksum(entries))
        return err_set(err, E_CORRUPT, "footer checksum mismatch");
    s->entries = (const struct seg_entry *)entries.ptr;
    s->n_entries = entries.len / sizeof(struct seg_entry);
    for (size_t i = 0; i < s->n_entries; i++) {
        const struct seg_entry *e = &s->entries[i];
        if (e->offset > start || e->size > start - e->offset || e->offset % SEG_ALIGN != 0)
            return err_set(err, E_CORRUPT, "footer entry %zu: %llu bytes at %llu lie outside", i,
                           (unsigned long long)e->size, (unsigned long long)e->offset);
    }
    return OK;
}

const struct seg_entry *seg_entry_find(const struct segment *s, enum seg_kind kind)
{
    for (size_t i = 0; i < s->n_entries; i++)
        if (s->entries[i].kind == kind)
            return &s->entries[i];
    return NULL;
}

/*
 * What opening checks, and what it leaves to others:
 *
 *     1. Head and footer: magic, version, the footer's checksum, every entry inside the file.
 *     2. Schema, layout, block table, pilots, extras: by checksum, then every count and offset
 *        against its bounds.
 *     3. Rows and heaps are not read. Their place and size follow from 2 and fit the file, so a
 *        lookup cannot leave the mapping, whatever the rows hold. What the rows refer to in the
 *        heap is checked at each access.
 *
 * So opening takes time by the size of the index, not of the table, and the table serves at once.
 */

/* Small tables are checked completely when the segment is opened, because all other reads rely on
 * them. */
must_use static enum code find_payload(const struct segment *s, enum seg_kind kind,
                                       const char *name, struct view *out, struct err *err)
{
    const struct seg_entry *e = seg_entry_find(s, kind);
    if (!e)
        return err_set(err, E_CORRUPT, "has no %s payload", name);
    *out = view_of(s->bytes.ptr + e->offset, e->size);
    if (hash_checksum(*out) != e->checksum)
        return err_set(err, E_CORRUPT, "checksum mismatch in payload %s", name);
    return OK;
}

/* If the dtype has parameters, the text of the type follows the name. */
must_use static enum code read_type(const struct segment *s, struct cursor *c, uint32_t dtype,
                                    struct type *out, struct err *err)
{
    uint32_t len;
    struct view text;
    if (dtype >= DT_COUNT)
        return err_set(err, E_CORRUPT, "column %zu has unknown dtype %u", s->schema.n_fields,
                       dtype);
    *out = type_of((enum dtype)dtype);
    if (!dtype_has_parameters((enum dtype)dtype))
        return OK;
    if (!cur_u32le(c, &len) || !cur_bytes(c, len, &text))
        return err_set(err, E_CORRUPT, "schema ends inside column %zu", s->schema.n_fields);
    if (type_parse(text, out, err) || out->dtype != (enum dtype)dtype)
        return err_in(err, E_CORRUPT, "column %zu of dtype %u", s->schema.n_fields, dtype);
    return OK;
}

must_use static enum code read_field(struct segment *s, struct cursor *c, struct err *err)
{
    uint32_t dtype, flags, name_len;
    struct view name;
    if (!cur_u32le(c, &dtype) || !cur_u32le(c, &flags) || !cur_u32le(c, &name_len) ||
        !cur_bytes(c, name_len, &name))
        return err_set(err, E_CORRUPT, "schema ends inside column %zu", s->schema.n_fields);
    struct type type;
    TRY(read_type(s, c, dtype, &type, err));
    if (name.len && memchr(name.ptr, 0, name.len))
        return err_set(err, E_CORRUPT, "name of column %zu has a NUL byte", s->schema.n_fields);
    schema_add(&s->schema, name, &type, flags & SEG_NULLABLE);
    s->schema.fields[s->schema.n_fields - 1].lossy = flags & SEG_LOSSY;
    return OK;
}

must_use static enum code read_schema(struct segment *s, struct cursor *c, struct err *err)
{
    uint32_t n_fields, n_key;
    if (!cur_u32le(c, &n_fields) || !cur_u32le(c, &n_key))
        return err_set(err, E_CORRUPT, "meta payload ends in its head");
    if (n_fields > SEG_MAX_FIELDS || n_key > n_fields)
        return err_set(err, E_CORRUPT, "schema of %u columns with %u in the key", n_fields, n_key);
    for (uint32_t i = 0; i < n_fields; i++)
        TRY(read_field(s, c, err));
    for (uint32_t k = 0; k < n_key; k++) {
        uint32_t idx;
        if (!cur_u32le(c, &idx) || idx >= n_fields)
            return err_set(err, E_CORRUPT, "key column %u of the schema does not exist", k);
        schema_add_key(&s->schema, idx);
    }
    return schema_check(&s->schema, err);
}

must_use static enum code read_meta(struct segment *s, struct err *err)
{
    struct view meta = {0};
    TRY(find_payload(s, SEG_META, "meta", &meta, err));
    struct cursor c = cur_of(meta);
    if (!cur_u64le(&c, &s->hash_seed) || !cur_u32le(&c, &s->part) || !cur_u32le(&c, &s->n_parts) ||
        !cur_u32le(&c, &s->n_blocks))
        return err_set(err, E_CORRUPT, "meta payload ends in its head");
    if (s->part >= s->n_parts || s->n_blocks == 0 ||
        (uint64_t)s->n_parts * s->n_blocks > SEG_MAX_BLOCKS)
        return err_set(err, E_CORRUPT, "part %u of %u with %u blocks", s->part, s->n_parts,
                       s->n_blocks);
    TRY(read_schema(s, &c, err));
    return seg_layout_get(&c, &s->schema, &s->layout, err);
}

must_use static enum code read_stats(struct segment *s, struct err *err)
{
    struct view stats = {0};
    TRY(find_payload(s, SEG_STATS, "stats", &stats, err));
    struct cursor c = cur_of(stats);
    if (!cur_u64le(&c, &s->n_rows) || !cur_u64le(&c, &s->key_bytes) ||
        !cur_u64le(&c, &s->value_bytes) || cur_left(&c) != s->schema.n_fields * sizeof(uint64_t))
        return err_set(err, E_CORRUPT, "stats payload of %zu bytes for %zu columns", stats.len,
                       s->schema.n_fields);
    s->n_nulls = c.pos;
    return OK;
}

/* Every block lies on pages of its own that have checksums. */
must_use static enum code check_pages(const struct segment *s, struct err *err)
{
    for (uint32_t i = 0; s->page_sums && i < s->n_blocks; i++) {
        const struct seg_block_desc *d = &s->descs[i];
        uint64_t most = s->n_page_sums * SEG_PAGE_BYTES;
        if (d->data_bytes && (d->data_offset % SEG_PAGE_BYTES || d->data_offset > most ||
                              d->data_bytes > most - d->data_offset))
            return err_set(err, E_CORRUPT, "block %u does not lie on pages with checksums", i);
    }
    return OK;
}

must_use static enum code read_pages(struct segment *s, struct err *err)
{
    struct view pages = {0}, origin = {0};
    if (!seg_entry_find(s, SEG_PAGES))
        return OK;
    TRY(find_payload(s, SEG_PAGES, "pages", &pages, err));
    TRY(find_payload(s, SEG_ORIGIN, "origin", &origin, err));
    if (pages.len % sizeof(uint32_t) ||
        pages.len / sizeof(uint32_t) > s->bytes.len / SEG_PAGE_BYTES)
        return err_set(err, E_CORRUPT, "%zu bytes of page checksums for a file of %zu bytes",
                       pages.len, s->bytes.len);
    if (origin.len != sizeof(s->origin))
        return err_set(err, E_CORRUPT, "origin payload of %zu bytes", origin.len);
    s->page_sums = (const uint32_t *)pages.ptr;
    s->n_page_sums = pages.len / sizeof(uint32_t);
    memcpy(&s->origin, origin.ptr, sizeof(s->origin));
    return OK;
}

/* Whether the counts of a block agree with each other and with its data. Then every slot, pilot and
 * extra is in bounds. */
static bool desc_fits(const struct segment *s, const struct seg_block_desc *d, struct view pilots,
                      struct view extras)
{
    uint64_t n_slots = (uint64_t)d->n_index_slots + d->n_extras;
    uint64_t n_extras_all = extras.len / sizeof(struct seg_extra);
    bool index_fits = d->pilot_offset <= pilots.len &&
                      d->n_buckets <= pilots.len - d->pilot_offset &&
                      (d->n_buckets == 0) == (d->n_index_slots == 0);
    /* Extras are keys whose hash the index has already, so without an index there are none. */
    bool extras_fit = d->extra_offset <= n_extras_all &&
                      d->n_extras <= n_extras_all - d->extra_offset &&
                      (d->n_extras == 0 || d->n_index_slots > 0);
    bool rows_fit = d->n_rows <= n_slots &&
                    d->heap_offset == block_group_offset(&s->layout, s->layout.n_groups, n_slots) &&
                    d->heap_offset <= d->data_bytes;
    return index_fits && extras_fit && rows_fit;
}

/* The DATA entries are where blocks say they are: one for each, in order, after the tables. */
must_use static enum code check_data_entries(const struct segment *s, struct err *err)
{
    size_t n_tables = s->n_entries - s->n_blocks;
    for (uint32_t i = 0; i < s->n_blocks; i++) {
        const struct seg_entry *e = &s->entries[n_tables + i];
        const struct seg_block_desc *d = &s->descs[i];
        if (e->kind != SEG_DATA || e->ordinal != i || e->offset != d->data_offset ||
            e->size != d->data_bytes)
            return err_set(err, E_CORRUPT, "footer entry of block %u disagrees with the table", i);
    }
    return OK;
}

static void load_block(struct segment *s, uint32_t i, struct view pilots, struct view extras)
{
    const struct seg_block_desc *d = &s->descs[i];
    const uint8_t *data = s->bytes.ptr + d->data_offset;
    s->blocks[i] = (struct seg_block){
        .pilots = pilots.ptr + d->pilot_offset,
        .rows = data,
        .seed = d->seed,
        .n_buckets = d->n_buckets,
        .n_index_slots = d->n_index_slots,
        .extras = (const struct seg_extra *)extras.ptr + d->extra_offset,
        .heap = data + d->heap_offset,
        .heap_bytes = d->data_bytes - d->heap_offset,
        .n_extras = d->n_extras,
        .n_rows = d->n_rows,
    };
    s->n_slots += seg_block_n_slots(&s->blocks[i]);
}

must_use static enum code read_blocks(struct segment *s, struct err *err)
{
    struct view table = {0}, pilots = {0}, extras = {0};
    TRY(find_payload(s, SEG_BLOCKS, "blocks", &table, err));
    TRY(find_payload(s, SEG_PILOTS, "pilots", &pilots, err));
    TRY(find_payload(s, SEG_EXTRAS, "extras", &extras, err));
    if (table.len != s->n_blocks * sizeof(struct seg_block_desc) || s->n_entries < s->n_blocks)
        return err_set(err, E_CORRUPT, "block table of %zu bytes for %u blocks", table.len,
                       s->n_blocks);
    s->descs = (const struct seg_block_desc *)table.ptr;
    TRY(check_data_entries(s, err));
    TRY(check_pages(s, err));
    s->blocks = mem_zalloc(s->n_blocks * sizeof(*s->blocks));
    uint64_t n_rows = 0;
    for (uint32_t i = 0; i < s->n_blocks; i++) {
        if (!desc_fits(s, &s->descs[i], pilots, extras))
            return err_set(err, E_CORRUPT, "counts of block %u do not fit its data", i);
        load_block(s, i, pilots, extras);
        n_rows += s->descs[i].n_rows;
    }
    if (n_rows != s->n_rows)
        return err_set(err, E_CORRUPT, "blocks have %llu rows, statistics %llu",
                       (unsigned long long)n_rows, (unsigned long long)s->n_rows);
    return OK;
}

must_use static enum code read_segment(struct segment *s, struct err *err)
{
    TRY(check_head(s->bytes, err));
    TRY(read_footer(s, err));
    TRY(read_meta(s, err));
    TRY(read_stats(s, err));
    TRY(read_pages(s, err));
    return read_blocks(s, err);
}

enum code seg_open_bytes(struct view bytes, struct segment **out_segment, struct err *err)
{
    struct segment *s = mem_zalloc(sizeof(*s));
    s->bytes = bytes;
    enum code rc = read_segment(s, err);
    if (rc) {
        seg_close(s);
        return rc;
    }
    *out_segment = s;
    return OK;
}

enum code seg_open(const char *path, struct segment **out_segment, struct err *err)
{
    struct mapped_file map;
    TRY(mapped_file_open(path, &map, err));
    struct segment *s;
    enum code rc = seg_open_bytes(view_of(map.ptr, map.len), &s, err);
    if (rc) {
        mapped_file_close(&map);
        return err_in(err, rc, "segment %s", path);
    }
    s->map = map;
    *out_segment = s;
    return OK;
}

void seg_close(struct segment *s)
{
    if (!s)
        return;
    mapped_file_close(&s->map);
    schema_done(&s->schema);
    seg_layout_done(&s->layout);
    free(s->blocks);
    free(s);
}

uint64_t seg_roots(struct segment *const *segments, size_t n)
{
    AUTO(buf) struct buf all = {0};
    for (size_t i = 0; i < n; i++)
        buf_put(&all, segments[i]->entries + segments[i]->n_entries, sizeof(uint64_t));
    uint64_t root = hash_checksum(buf_view(&all));
    return root + (root == 0);
}

const uint8_t *seg_group_rows(const struct segment *s, uint32_t block_idx, uint32_t group)
{
    const struct seg_block *b = &s->blocks[block_idx];
    return b->rows + block_group_offset(&s->layout, group, seg_block_n_slots(b));
}

uint64_t seg_index_bytes(const struct segment *s)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < s->n_entries; i++) {
        uint32_t kind = s->entries[i].kind;
        if (kind == SEG_BLOCKS || kind == SEG_PILOTS || kind == SEG_EXTRAS)
            sum += s->entries[i].size;
    }
    return sum;
}
