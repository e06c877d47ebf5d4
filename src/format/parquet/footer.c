/*
 * The end of a Parquet file, and the FileMetaData in it.
 *
 *   ... | footer, Thrift FileMetaData | footer length u32 | "PAR1"
 *
 * "PARE" in place of "PAR1" means that the footer is encrypted.
 */
#include "format/parquet/file_priv.h"
#include "format/parquet/page.h"
#include "format/parquet/thrift_ids.h"

#include <stdio.h>

enum { magic_bytes = 4, trailer_bytes = 8 };

/* The column chunks may have at most so many times the bytes of the file in total. */
enum { max_overlap = 4 };

/* The least bytes that these structs take with all of their required fields. They limit how many
 * elements a list of given bytes can have, before we allocate for them. */
enum { min_group_bytes = 7, min_chunk_bytes = 16 };

/* parquet-mr before 1.2.9 left the dictionary page's header out of the size of a chunk. */
enum { old_writer_slack = 100 };

struct pq_limits pq_limits_default(void)
{
    return (struct pq_limits){
        .page_bytes = (size_t)256 << 20,
        .held_bytes = (size_t)1 << 30,
        .footer_bytes = (size_t)64 << 20,
        .n_columns = 100000,
        .verify_crc = true,
    };
}

enum code pq_footer_locate(struct view tail, uint64_t file_bytes, const struct pq_limits *limits,
                           uint64_t *out_offset, uint32_t *out_len, struct err *err)
{
    uint64_t least = magic_bytes + trailer_bytes;
    if (file_bytes < least || tail.len < trailer_bytes || tail.len > file_bytes)
        return err_set(err, E_CORRUPT, "not a Parquet file: %llu bytes, at least %llu are needed",
                       (unsigned long long)file_bytes, (unsigned long long)least);
    struct cursor c = cur_of(view_of(tail.ptr + tail.len - trailer_bytes, trailer_bytes));
    struct view magic;
    uint32_t len;
    if (!cur_u32le(&c, &len) || !cur_bytes(&c, magic_bytes, &magic))
        return err_set(err, E_CORRUPT, "not a Parquet file: too short");
    if (view_eq_cstr(magic, "PARE"))
        return err_set(err, E_UNSUPPORTED, "encrypted Parquet files are not supported");
    if (!view_eq_cstr(magic, "PAR1")) {
        char seen[32];
        return err_set(err, E_CORRUPT, "not a Parquet file: ends in \"%s\", expected \"PAR1\"",
                       view_printable(magic, seen, sizeof(seen)));
    }
    if (len > file_bytes - least)
        return err_set(err, E_CORRUPT, "footer of %u bytes in a file of %llu", len,
                       (unsigned long long)file_bytes);
    if (len > limits->footer_bytes)
        return err_set(err, E_LIMIT, "footer of %u bytes, the limit is %zu", len,
                       limits->footer_bytes);
    *out_len = len;
    *out_offset = file_bytes - trailer_bytes - len;
    return OK;
}

static void parse_statistics(struct thrift *t, struct pq_chunk_meta *m)
{
    struct thrift_field f = {0};
    while (thrift_next(t, &f))
        if (f.id == STATISTICS_NULL_COUNT)
            m->n_nulls = thrift_int(t, f);
        else
            thrift_skip(t, f.type);
}

static void parse_chunk_meta(struct thrift *t, struct pq_chunk_meta *m)
{
    struct thrift_field f = {0};
    while (thrift_next(t, &f)) {
        switch (f.id) {
        case COLUMN_TYPE:
            m->physical = thrift_i32(t, f);
            break;
        case COLUMN_CODEC:
            m->codec = thrift_i32(t, f);
            break;
        case COLUMN_NUM_VALUES:
            m->n_values = thrift_size(t, f);
            break;
        case COLUMN_TOTAL_COMPRESSED_SIZE:
            m->bytes = thrift_size(t, f);
            break;
        case COLUMN_DATA_PAGE_OFFSET:
            m->data_off = thrift_int(t, f);
            break;
        case COLUMN_DICTIONARY_PAGE_OFFSET:
            m->dict_off = thrift_int(t, f);
            break;
        case COLUMN_STATISTICS:
            if (thrift_struct(t, f))
                parse_statistics(t, m);
            break;
        default:
            thrift_skip(t, f.type);
        }
    }
    m->has_meta = true;
}

static void parse_chunk(struct thrift *t, struct pq_chunk_meta *m)
{
    *m = (struct pq_chunk_meta){.physical = -1, .codec = -1, .n_nulls = -1};
    struct thrift_field f = {0};
    while (thrift_next(t, &f)) {
        if (f.id == CHUNK_FILE_PATH) {
            m->elsewhere = thrift_binary(t, f).len > 0;
        } else if (f.id == CHUNK_META_DATA && thrift_struct(t, f)) {
            parse_chunk_meta(t, m);
        } else {
            m->encrypted |= f.id == CHUNK_CRYPTO_METADATA;
            thrift_skip(t, f.type);
        }
    }
}

static void parse_chunks(struct pq_file *file, struct thrift *t, struct thrift_field list,
                         struct pq_row_group *g)
{
    size_t n = thrift_structs(t, list, min_chunk_bytes);
    g->chunks = arena_alloc(&file->arena, n * sizeof(*g->chunks));
    g->n_chunks = n;
    for (size_t i = 0; i < n; i++)
        parse_chunk(t, &g->chunks[i]);
}

static void parse_group(struct pq_file *file, struct thrift *t, struct pq_row_group *g)
{
    *g = (struct pq_row_group){0};
    struct thrift_field f = {0};
    while (thrift_next(t, &f))
        if (f.id == GROUP_COLUMNS)
            parse_chunks(file, t, f, g);
        else if (f.id == GROUP_NUM_ROWS)
            g->n_rows = thrift_size(t, f);
        else
            thrift_skip(t, f.type);
}

static void parse_groups(struct pq_file *file, struct thrift *t, struct thrift_field list)
{
    size_t n = thrift_structs(t, list, min_group_bytes);
    file->groups = arena_alloc(&file->arena, n * sizeof(*file->groups));
    file->n_groups = n;
    for (size_t i = 0; i < n; i++)
        parse_group(file, t, &file->groups[i]);
}

/* The value of ARROW:schema, if this is it. */
static void parse_key_value(struct pq_file *file, struct thrift *t, struct view *out_arrow)
{
    struct view key = {0}, value = {0};
    struct thrift_field f = {0};
    while (thrift_next(t, &f))
        if (f.id == KEY_VALUE_KEY)
            key = thrift_binary(t, f);
        else if (f.id == KEY_VALUE_VALUE)
            value = thrift_binary(t, f);
        else
            thrift_skip(t, f.type);
    if (view_eq_cstr(key, "ARROW:schema"))
        *out_arrow = value;
    file->has_iceberg_schema |= view_eq_cstr(key, "iceberg.schema");
}

static void parse_key_values(struct pq_file *file, struct thrift *t, struct thrift_field list,
                             struct view *out_arrow)
{
    size_t n = thrift_structs(t, list, 1);
    for (size_t i = 0; i < n && !t->why; i++)
        parse_key_value(file, t, out_arrow);
}

static enum code parse_file(struct pq_file *file, struct view footer, struct err *err)
{
    struct view arrow = {0};
    struct thrift t = thrift_of(cur_of(footer));
    struct thrift_field f = {0};
    file->created_by = "";
    while (thrift_next(&t, &f)) {
        if (f.id == FILE_SCHEMA) {
            TRY(pq_schema_parse(file, &t, f, err));
        } else if (f.id == FILE_NUM_ROWS) {
            file->n_rows = thrift_size(&t, f);
        } else if (f.id == FILE_ROW_GROUPS) {
            parse_groups(file, &t, f);
        } else if (f.id == FILE_KEY_VALUE_METADATA) {
            parse_key_values(file, &t, f, &arrow);
        } else if (f.id == FILE_CREATED_BY) {
            struct view by = thrift_binary(&t, f);
            file->created_by = arena_strndup(&file->arena, by.ptr, by.len);
            file->has_orphans = strncmp(file->created_by, "parquet-cpp version 1.", 22) == 0;
        } else if (f.id == FILE_ENCRYPTION_ALGORITHM) {
            return err_set(err, E_UNSUPPORTED, "encrypted Parquet files are not supported");
        } else {
            thrift_skip(&t, f.type);
        }
    }
    if (t.why)
        return err_set(err, E_CORRUPT, "%s", t.why);
    if (arrow.len && file->columns)
        pq_apply_arrow_schema(file, arrow);
    return OK;
}

/* The numbers in the footer against each other. */
static enum code check_file(const struct pq_file *file, struct err *err)
{
    if (!file->columns)
        return err_set(err, E_CORRUPT, "has no schema");
    uint64_t n_rows = 0;
    uint64_t bytes = 0;
    for (size_t g = 0; g < file->n_groups; g++) {
        const struct pq_row_group *group = &file->groups[g];
        if (group->n_chunks != file->n_leaves)
            return err_set(err, E_CORRUPT, "row group %zu has %zu column chunks for %zu columns", g,
                           group->n_chunks, file->n_leaves);
        if (__builtin_add_overflow(n_rows, group->n_rows, &n_rows))
            return err_set(err, E_CORRUPT, "more rows than can be counted");
        for (size_t i = 0; i < group->n_chunks; i++)
            if (!group->chunks[i].elsewhere &&
                __builtin_add_overflow(bytes, group->chunks[i].bytes, &bytes))
                return err_set(err, E_CORRUPT, "more bytes than can be counted");
    }
    if (n_rows != file->n_rows)
        return err_set(err, E_CORRUPT, "%llu rows announced, %llu in the row groups",
                       (unsigned long long)file->n_rows, (unsigned long long)n_rows);
    /* A footer that names one chunk many times would make us read and decode the file many times.
     * Some writers overstate sizes a little, so the limit is not exact. */
    if (bytes / max_overlap > file->footer_off)
        return err_set(err, E_CORRUPT, "column chunks of %llu bytes in a file of %llu",
                       (unsigned long long)bytes, (unsigned long long)file->footer_off);
    return OK;
}

enum code pq_file_parse(struct view footer, uint64_t file_bytes, const struct pq_limits *limits,
                        struct pq_file **out_file, struct err *err)
{
    if (file_bytes < footer.len || file_bytes - footer.len < magic_bytes + trailer_bytes)
        return err_set(err, E_CORRUPT, "footer of %zu bytes in a file of %llu", footer.len,
                       (unsigned long long)file_bytes);
    if (footer.len > limits->footer_bytes)
        return err_set(err, E_LIMIT, "footer of %zu bytes, the limit is %zu", footer.len,
                       limits->footer_bytes);
    struct pq_file *file = mem_zalloc(sizeof(*file));
    file->limits = *limits;
    file->footer_off = file_bytes - trailer_bytes - footer.len;
    enum code rc = parse_file(file, footer, err);
    if (rc == OK)
        rc = check_file(file, err);
    if (rc)
        goto fail;
    *out_file = file;
    return OK;
fail:
    pq_file_free(file);
    return err_in(err, rc, "footer");
}

void pq_file_free(struct pq_file *f)
{
    if (!f)
        return;
    arena_done(&f->arena);
    free(f);
}

uint64_t pq_file_n_rows(const struct pq_file *f)
{
    return f->n_rows;
}

enum code pq_file_announced(const struct pq_file *f, size_t column, uint64_t *out_bytes,
                            struct err *err)
{
    uint64_t bytes;
    if (__builtin_mul_overflow(f->n_rows, vector_kept_bytes(&f->columns[column].type), &bytes))
        bytes = UINT64_MAX;
    *out_bytes = bytes;
    return pq_budget_announce(f->limits.budget, bytes, err);
}

size_t pq_file_n_row_groups(const struct pq_file *f)
{
    return f->n_groups;
}

uint64_t pq_file_group_rows(const struct pq_file *f, size_t row_group)
{
    return f->groups[row_group].n_rows;
}

/* Statistics count nulls per leaf; in a list, they count elements, so they say nothing about its
 * rows. */
bool pq_file_says_null(const struct pq_file *f, size_t column)
{
    const struct pq_column *col = &f->columns[column];
    bool says = f->n_rows > 0 && col->supported && (col->is_null || col->type.dtype != DT_LIST);
    for (size_t g = 0; says && !col->is_null && g < f->n_groups; g++) {
        const struct pq_chunk_meta *m = &f->groups[g].chunks[col->leaf_idx];
        says = f->groups[g].n_rows == 0 ||
               (m->n_nulls >= 0 && (uint64_t)m->n_nulls == f->groups[g].n_rows);
    }
    return says;
}

/* Reserved by Iceberg for the columns of its delete files. */
enum { ICEBERG_DELETE_PATH = 2147483546, ICEBERG_DELETE_POS = 2147483545 };

const char *pq_file_foreign(const struct pq_file *f)
{
    bool has_ids = false, is_delete = false;
    for (size_t i = 0; i < f->n_columns; i++) {
        int32_t id = f->columns[i].field_id;
        has_ids |= id > 0;
        is_delete |= id == ICEBERG_DELETE_PATH || id == ICEBERG_DELETE_POS;
    }
    if (is_delete)
        return "an Iceberg table's delete file";
    return f->has_iceberg_schema && has_ids ? "a data file of an Iceberg table" : NULL;
}

size_t pq_file_n_columns(const struct pq_file *f)
{
    return f->n_columns;
}

const struct pq_column *pq_file_column(const struct pq_file *f, size_t column)
{
    return &f->columns[column];
}

enum code pq_file_find(const struct pq_file *f, struct view name, size_t *out_column,
                       struct err *err)
{
    char shown[128];
    size_t n_found = 0;
    size_t found = 0;
    for (size_t i = 0; i < f->n_columns; i++)
        if (view_eq(name, view_of(f->columns[i].name, f->columns[i].name_len))) {
            found = i;
            n_found++;
        }
    if (n_found == 0)
        return err_set(err, E_NOTFOUND, "no column %s", view_printable(name, shown, sizeof(shown)));
    if (n_found > 1)
        return err_set(err, E_INVALID, "%zu columns have the name %s", n_found,
                       view_printable(name, shown, sizeof(shown)));
    *out_column = found;
    return OK;
}

/* Dictionary and data pages lie in this order, but not every writer says where the first is. */
static bool chunk_start(const struct pq_chunk_meta *m, uint64_t *out)
{
    int64_t start = m->data_off;
    if (m->dict_off > 0 && (start <= 0 || m->dict_off < start))
        start = m->dict_off;
    *out = (uint64_t)start;
    return start >= magic_bytes;
}

static enum code chunk_range(const struct pq_file *f, const struct pq_chunk_meta *m,
                             uint64_t *out_offset, uint64_t *out_len, struct err *err)
{
    if (m->elsewhere)
        return err_set(err, E_UNSUPPORTED, "its data lies in another file");
    if (m->encrypted)
        return err_set(err, E_UNSUPPORTED, "it is encrypted");
    if (!m->has_meta)
        return err_set(err, E_CORRUPT, "its metadata is missing");
    if (m->bytes == 0 && m->n_values == 0) {
        *out_offset = magic_bytes;
        *out_len = 0;
        return OK;
    }
    uint64_t start;
    if (!chunk_start(m, &start))
        return err_set(err, E_CORRUPT, "data at offset %lld", (long long)m->data_off);
    if (start > f->footer_off || m->bytes > f->footer_off - start)
        return err_set(err, E_CORRUPT, "%llu bytes at %llu, the data ends at %llu",
                       (unsigned long long)m->bytes, (unsigned long long)start,
                       (unsigned long long)f->footer_off);
    uint64_t behind = f->footer_off - start - m->bytes;
    bool old = strncmp(f->created_by, "parquet-mr", 10) == 0;
    *out_offset = start;
    *out_len = m->bytes + (!old ? 0 : behind < old_writer_slack ? behind : old_writer_slack);
    return OK;
}

enum code pq_leaf_range(const struct pq_file *f, size_t row_group, size_t leaf_idx,
                        uint64_t *out_offset, uint64_t *out_len, struct err *err)
{
    enum code rc = chunk_range(f, &f->groups[row_group].chunks[leaf_idx], out_offset, out_len, err);
    return rc ? err_in(err, rc, "leaf %zu", leaf_idx) : OK;
}

/* Only the headers are walked: page sizes must lead exactly from one header to the next. */
static enum code check_pages(struct cursor cur, uint64_t n_values, struct err *err)
{
    while (n_values > 0 && cur_left(&cur) > 0) {
        struct pq_page_header h;
        TRY(pq_page_header_read(&cur, &h, err));
        if (!cur_skip(&cur, h.compressed_bytes))
            return err_set(err, E_CORRUPT, "a page of %u bytes, %zu are left", h.compressed_bytes,
                           cur_left(&cur));
        bool is_data = h.type == PQ_PAGE_DATA || h.type == PQ_PAGE_DATA_V2;
        if (is_data && (uint64_t)h.rep_bytes + h.def_bytes > h.compressed_bytes)
            return err_set(err, E_CORRUPT, "levels of %u and %u bytes in a page of %u", h.rep_bytes,
                           h.def_bytes, h.compressed_bytes);
        if (is_data)
            n_values -= h.n_values < n_values ? h.n_values : n_values;
    }
    return OK;
}

enum code pq_leaf_check(const struct pq_file *f, size_t row_group, size_t leaf_idx,
                        struct view bytes, struct err *err)
{
    const struct pq_chunk_meta *m = &f->groups[row_group].chunks[leaf_idx];
    enum code rc = check_pages(cur_of(bytes), m->n_values, err);
    return rc ? err_in(err, rc, "leaf %zu", leaf_idx) : OK;
}

enum code pq_chunk_range(const struct pq_file *f, size_t row_group, size_t column,
                         uint64_t *out_offset, uint64_t *out_len, struct err *err)
{
    const struct pq_column *col = &f->columns[column];
    char shown[128];
    if (!col->supported)
        return err_set(err, E_UNSUPPORTED, "column %s: %s", pq_column_printable(col, shown),
                       col->why_not);
    const struct pq_chunk_meta *m = &f->groups[row_group].chunks[col->leaf_idx];
    enum code rc = chunk_range(f, m, out_offset, out_len, err);
    return rc ? err_in(err, rc, "column %s", pq_column_printable(col, shown)) : OK;
}
