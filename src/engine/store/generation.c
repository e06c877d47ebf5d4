#include "engine/store/generation.h"

#include "base/log.h"
#include "base/mem.h"
#include "engine/store/json_file.h"
#include "format/json/schema.h"
#include "segment/reader.h"

#include <inttypes.h>
#include <stdio.h>

enum code generation_path(const char *table_dir, uint64_t number, char out[static PATH_CAP],
                          struct err *err)
{
    return path_format(out, err, "%s/%010" PRIu64, table_dir, number);
}

static json_t *schema_json(const struct schema *schema)
{
    AUTO(buf) struct buf text = {0};
    json_put_schema(&text, schema);
    return json_loadb((const char *)text.ptr, text.len, 0, NULL);
}

enum code segment_path(const char *dir, uint32_t part, char out[static PATH_CAP], struct err *err)
{
    return path_format(out, err, "%s/%08u.seg", dir, part);
}

must_use static enum code open_parts(const char *dir, uint32_t n_parts, struct segment **segments,
                                     struct err *err)
{
    for (uint32_t part = 0; part < n_parts; part++) {
        char path[PATH_CAP];
        TRY(segment_path(dir, part, path, err));
        TRY(seg_open(path, &segments[part], err));
    }
    return OK;
}

/* Compute info->root from the segments as they are on disk, not from what the build believes it
 * wrote. */
must_use static enum code read_root(const char *dir, struct generation_info *info, struct err *err)
{
    AUTO(ptr) struct segment **segments = mem_zalloc(info->n_parts * sizeof(*segments));
    enum code rc = open_parts(dir, info->n_parts, segments, err);
    if (!rc)
        info->root = seg_roots(segments, info->n_parts);
    for (uint32_t part = 0; part < info->n_parts; part++)
        seg_close(segments[part]);
    return rc;
}

void generation_info_done(struct generation_info *info)
{
    free(info->label);
    *info = (struct generation_info){0};
}

void generation_info_copy(const struct generation_info *from, struct generation_info *out)
{
    *out = *from;
    out->label = from->label ? mem_strdup(from->label) : NULL;
}

enum code generation_write_info(const char *dir, struct generation_info *info,
                                const struct schema *schema, struct err *err)
{
    char path[PATH_CAP], fingerprint[17], source[17], spec_hash[17], roots[17];
    TRY(path_format(path, err, "%s/table.json", dir));
    TRY(read_root(dir, info, err));
    snprintf(roots, sizeof(roots), "%016" PRIx64, info->root);
    snprintf(fingerprint, sizeof(fingerprint), "%016" PRIx64, info->fingerprint);
    snprintf(source, sizeof(source), "%016" PRIx64, info->source_hash);
    snprintf(spec_hash, sizeof(spec_hash), "%016" PRIx64, info->spec_hash);
    AUTO(json)
    json_t *root = json_pack(
        "{s:I, s:b, s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:b, s:I, s:I, s:I, s:f, s:I, s:o}",
        "generation", (json_int_t)info->number, "has_source", (int)info->has_source, "partition",
        info->label ? info->label : "", "fingerprint", fingerprint, "source", source, "spec_hash",
        spec_hash, "root", roots, "parts", (json_int_t)info->n_parts, "rows",
        (json_int_t)info->n_rows, "duplicates", (int)info->has_duplicates, "disk_bytes",
        (json_int_t)info->disk_bytes, "published_at_ms", (json_int_t)info->published_at_ms,
        "loaded_at_ms", (json_int_t)info->loaded_at_ms, "load_seconds", info->load_seconds,
        "sequence_number", (json_int_t)info->sequence_number, "schema", schema_json(schema));
    return json_file_save(path, root, 1, err);
}

enum code generation_read_info(const char *dir, struct generation_info *out_info, struct err *err)
{
    char path[PATH_CAP];
    TRY(path_format(path, err, "%s/table.json", dir));
    AUTO(json) json_t *root = NULL;
    TRY(json_file_read(path, &root, err));
    struct generation_info info = {0};
    json_int_t sequence_number = 0, number, n_parts, n_rows, disk_bytes, published_at_ms,
               loaded_at_ms;
    int has_source = -1;       /* missing in files of earlier releases */
    int has_duplicates = true; /* likewise: nobody looked */
    const char *label, *fingerprint, *spec_hash, *source = "0", *roots = NULL;
    json_error_t why;
    if (json_unpack_ex(
            root, &why, 0,
            "{s:I, s?b, s:s, s:s, s:s, s:I, s:I, s?b, s:I, s:I, s:I, s:F, s?s, s?s, s?I}",
            "generation", &number, "has_source", &has_source, "partition", &label, "fingerprint",
            &fingerprint, "spec_hash", &spec_hash, "parts", &n_parts, "rows", &n_rows, "duplicates",
            &has_duplicates, "disk_bytes", &disk_bytes, "published_at_ms", &published_at_ms,
            "loaded_at_ms", &loaded_at_ms, "load_seconds", &info.load_seconds, "source", &source,
            "root", &roots, "sequence_number", &sequence_number) < 0)
        return err_set(err, E_CORRUPT, "%s: %s", path, why.text);
    if (number < 1 || n_parts < 1 || n_parts > 4096 ||
        sscanf(fingerprint, "%" SCNx64, &info.fingerprint) != 1 ||
        sscanf(source, "%" SCNx64, &info.source_hash) != 1 ||
        sscanf(spec_hash, "%" SCNx64, &info.spec_hash) != 1 ||
        (roots && sscanf(roots, "%" SCNx64, &info.root) != 1))
        return err_set(err, E_CORRUPT, "%s: a value is out of range", path);
    /* Earlier releases knew dated sources only: there a generation came from a source if it has a
     * date. */
    info.has_source = has_source < 0 ? label[0] != '\0' : has_source;
    info.label = label[0] ? mem_strdup(label) : NULL;
    info.number = (uint64_t)number;
    info.n_parts = (uint32_t)n_parts;
    info.n_rows = (uint64_t)n_rows;
    info.has_duplicates = has_duplicates;
    info.disk_bytes = (uint64_t)disk_bytes;
    info.published_at_ms = published_at_ms;
    info.sequence_number = sequence_number;
    info.loaded_at_ms = loaded_at_ms;
    *out_info = info;
    return OK;
}

enum code generation_mend_info(const char *dir, struct err *err)
{
    char path[PATH_CAP];
    AUTO(json) json_t *root = NULL;
    TRY(path_format(path, err, "%s/table.json", dir));
    if (json_file_is_doubled(path))
        return OK;
    TRY(json_file_read(path, &root, err));
    TRY(json_file_save(path, root, json_file_sequence(root) + 1, err));
    log_warn("one of the two copies of table.json was missing or damaged; both were written again",
             log_str("path", path));
    return OK;
}

void generation_list_done(struct generation_list *list)
{
    free(list->numbers);
    *list = (struct generation_list){0};
}

/* As "%010" prints it: ten digits, or more without leading zeros; eighteen always fit. Other names
 * are not ours. */
static bool parse_number(const char *name, uint64_t *out)
{
    uint64_t value = 0;
    size_t len = strlen(name);
    if (len < 10 || len > 18 || (len > 10 && *name == '0'))
        return false;
    for (const char *c = name; *c; c++) {
        if (*c < '0' || *c > '9')
            return false;
        value = value * 10 + (uint64_t)(*c - '0');
    }
    *out = value;
    return value > 0;
}

static int newest_first(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x < y) - (x > y);
}

enum code generation_list(const char *table_dir, struct generation_list *out_list, struct err *err)
{
    AUTO(dir_names) struct dir_names names = {0};
    TRY(dir_list(table_dir, &names, err));
    struct generation_list list = {.numbers = mem_alloc(names.n * sizeof(*list.numbers))};
    for (size_t i = 0; i < names.n; i++)
        if (parse_number(names.names[i], &list.numbers[list.n]))
            list.n++;
    if (list.n)
        qsort(list.numbers, list.n, sizeof(*list.numbers), newest_first);
    *out_list = list;
    return OK;
}

must_use static enum code remove_generation(const char *table_dir, uint64_t number, struct err *err)
{
    char path[PATH_CAP];
    TRY(generation_path(table_dir, number, path, err));
    return tree_remove(path, err);
}

static bool is_debris(const char *name, uint64_t live)
{
    uint64_t number = 0;
    size_t len = strlen(name);
    bool is_tmp = len > 4 && strcmp(name + len - 4, ".tmp") == 0;
    return is_tmp || (live > 0 && parse_number(name, &number) && number > live);
}

enum code generation_remove_entry(const char *table_dir, const char *name, struct err *err)
{
    char path[PATH_CAP];
    TRY(path_format(path, err, "%s/%s", table_dir, name));
    return tree_remove(path, err);
}

enum code generation_remove_debris(const char *table_dir, uint64_t live, struct err *err)
{
    AUTO(dir_names) struct dir_names names = {0};
    TRY(dir_list(table_dir, &names, err));
    enum code rc = OK;
    for (size_t i = 0; i < names.n; i++)
        if (is_debris(names.names[i], live) &&
            generation_remove_entry(table_dir, names.names[i], err))
            rc = E_IO;
    return rc;
}

enum code generation_prune(const char *table_dir, uint64_t live, unsigned keep, struct err *err)
{
    AUTO(generation_list) struct generation_list list = {0};
    TRY(generation_list(table_dir, &list, err));
    unsigned n_kept = 0;
    for (size_t i = 0; i < list.n; i++) {
        if (list.numbers[i] >= live)
            continue;
        if (n_kept < keep)
            n_kept++;
        else
            TRY(remove_generation(table_dir, list.numbers[i], err));
    }
    return OK;
}
