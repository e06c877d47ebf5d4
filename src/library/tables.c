/* Tables (include/murr.h): creating, listing, describing and dropping them. */
#include "library/library_priv.h"

#include "base/file.h"
#include "base/mem.h"
#include "engine/store/manifest.h"
#include "format/arrow/c_export.h"
#include "format/arrow/c_import.h"

/* ------------------------------------------------------------------------------------- creating */

/* Whether a column belongs to the key. Key columns are never nullable, whatever their flag says:
 * most programs set it for all fields. */
static bool is_named(struct view name, const char *const *key, size_t n_key)
{
    for (size_t i = 0; i < n_key; i++)
        if (view_eq_cstr(name, key[i]))
            return true;
    return false;
}

must_use static enum code add_fields(struct schema *s, const struct c_import *columns,
                                     const struct ArrowSchema *from, const char *const *key,
                                     size_t n_key, struct err *err)
{
    char shown[128];
    for (size_t i = 0; i < c_import_n_columns(columns); i++) {
        const struct arrow_array *c = c_import_column(columns, i);
        bool nullable = from->children[i]->flags & ARROW_FLAG_NULLABLE;
        if (!c->supported || c->is_null)
            return err_set(err, E_INVALID, "column '%s' has type %s, which a table cannot have",
                           view_printable(c->name, shown, sizeof(shown)), c->type_text);
        schema_add(s, c->name, &c->type, nullable && !is_named(c->name, key, n_key));
    }
    return OK;
}

must_use static enum code add_key(struct schema *s, const char *name, struct err *err)
{
    char shown[128];
    ptrdiff_t i = schema_find(s, view_cstr(name));
    if (i < 0)
        return err_set(err, E_INVALID, "the key column '%s' is not in the schema",
                       view_printable(view_cstr(name), shown, sizeof(shown)));
    schema_add_key(s, (size_t)i);
    return OK;
}

must_use static enum code import_schema(const struct ArrowSchema *from, const char *const *key,
                                        size_t n_key, struct schema *out, struct err *err)
{
    struct c_import *c;
    for (size_t i = 0; i < n_key; i++)
        TRY(library_given(key[i], "a name of the key", err));
    TRY(c_import_open(from, 0, &c, err));
    enum code rc = add_fields(out, c, from, key, n_key, err);
    c_import_close(c);
    for (size_t i = 0; !rc && i < n_key; i++)
        rc = add_key(out, key[i], err);
    return rc;
}

must_use static enum code create(struct murr *db, const char *table,
                                 const struct ArrowSchema *schema, const char *const *key,
                                 size_t n_key, struct err *err)
{
    AUTO(schema) struct schema imported = {0};
    const struct write_request request = {.verb = WRITE_CREATE, .create = {table, &imported}};
    TRY(library_check_writable(db, table, err));
    TRY(library_given(schema, "schema", err));
    TRY(library_given(key, "key", err));
    TRY(import_schema(schema, key, n_key, &imported, err));
    return library_request(db, table, &request, err);
}

enum murr_result murr_create(struct murr *db, const char *table, const struct ArrowSchema *schema,
                             const char *const *key, size_t n_key, char error[MURR_ERROR_BYTES])
{
    struct err err;
    return library_result(create(db, table, schema, key, n_key, &err), &err, error);
}

enum murr_result murr_drop(struct murr *db, const char *table, char error[MURR_ERROR_BYTES])
{
    static const struct write_request drop = {.verb = WRITE_DROP};
    struct err err;
    return library_result(library_request(db, table, &drop, &err), &err, error);
}

/* -------------------------------------------------------------------------------------- listing */

/* Copy names into one block, first the pointers and then the characters, so that one free() is
 * enough. */
static char **block_of(const char *const *names, size_t n)
{
    size_t bytes = n * sizeof(char *);
    for (size_t i = 0; i < n; i++)
        bytes += strlen(names[i]) + 1;
    char **block = mem_zalloc(bytes), *at = (char *)(block + n);
    for (size_t i = 0; i < n; i++) {
        block[i] = at;
        at = stpcpy(at, names[i]) + 1;
    }
    return block;
}

void murr_free(void *block)
{
    free(block);
}

static void list_registry(struct murr *db, char ***out_names, size_t *out_n)
{
    AUTO(arena) struct arena arena = {0};
    size_t n, n_loaded = 0;
    const struct table_status *all = registry_status(db->registry, &arena, &n);
    const char **names = arena_alloc(&arena, n * sizeof(*names));
    for (size_t i = 0; i < n; i++)
        if (all[i].loaded)
            names[n_loaded++] = all[i].name;
    *out_names = block_of(names, n_loaded);
    *out_n = n_loaded;
}

static bool has_data(const struct murr *db, const char *name)
{
    char dir[PATH_CAP];
    struct manifest m;
    return table_name_check(view_cstr(name), NULL) == OK &&
           path_format(dir, NULL, "%s/%s", db->data_dir, name) == OK &&
           manifest_read(dir, &m, NULL) == OK && m.generation;
}

must_use static enum code list_dir(struct murr *db, char ***out_names, size_t *out_n,
                                   struct err *err)
{
    AUTO(dir_names) struct dir_names found = {0};
    size_t n = 0;
    TRY(dir_list(db->data_dir, &found, err));
    AUTO(ptr) const char **names = mem_alloc(found.n * sizeof(*names));
    for (size_t i = 0; i < found.n; i++)
        if (has_data(db, found.names[i]))
            names[n++] = found.names[i];
    *out_names = block_of(names, n);
    *out_n = n;
    return OK;
}

must_use static enum code list(struct murr *db, char ***out_names, size_t *out_n, struct err *err)
{
    TRY(library_given(db, "db", err));
    TRY(library_given(out_names, "out_names", err));
    TRY(library_given(out_n, "out_n", err));
    if (!db->registry)
        return list_dir(db, out_names, out_n, err);
    list_registry(db, out_names, out_n);
    return OK;
}

enum murr_result murr_list(struct murr *db, char ***out_names, size_t *out_n,
                           char error[MURR_ERROR_BYTES])
{
    struct err err;
    return library_result(list(db, out_names, out_n, &err), &err, error);
}

/* ----------------------------------------------------------------------------------- describing */

static void export_schema(const struct schema *s, struct ArrowSchema *out)
{
    struct column *columns = mem_zalloc(s->n_fields * sizeof(*columns));
    for (size_t i = 0; i < s->n_fields; i++)
        columns[i] = (struct column){.name = s->fields[i].name, .type = s->fields[i].type};
    c_export_schema(columns, s->n_fields, out);
    for (size_t i = 0; i < s->n_fields; i++)
        out->children[i]->flags = s->fields[i].nullable ? ARROW_FLAG_NULLABLE : 0;
    free(columns);
}

static char **key_block(const struct schema *s)
{
    const char **names = mem_alloc(s->n_key * sizeof(*names));
    for (size_t i = 0; i < s->n_key; i++)
        names[i] = s->fields[s->key[i]].name;
    char **block = block_of(names, s->n_key);
    free(names);
    return block;
}

must_use static enum code describe(struct murr *db, const char *table,
                                   struct ArrowSchema *out_schema, char ***out_key,
                                   size_t *out_n_key, struct err *err)
{
    struct snapshot *s;
    TRY(library_given(out_schema, "out_schema", err));
    TRY(library_given(out_key, "out_key", err));
    TRY(library_given(out_n_key, "out_n_key", err));
    TRY(library_snapshot(db, table, &s, err));
    export_schema(snapshot_schema(s), out_schema);
    *out_key = key_block(snapshot_schema(s));
    *out_n_key = snapshot_schema(s)->n_key;
    snapshot_unref(s);
    return OK;
}

enum murr_result murr_schema(struct murr *db, const char *table, struct ArrowSchema *out_schema,
                             char ***out_key, size_t *out_n_key, char error[MURR_ERROR_BYTES])
{
    struct err err;
    return library_result(describe(db, table, out_schema, out_key, out_n_key, &err), &err, error);
}

must_use static enum code count(struct murr *db, const char *table, uint64_t *out_n_rows,
                                struct err *err)
{
    struct snapshot *s;
    TRY(library_given(out_n_rows, "out_n_rows", err));
    TRY(library_snapshot(db, table, &s, err));
    *out_n_rows = snapshot_n_rows(s);
    snapshot_unref(s);
    return OK;
}

enum murr_result murr_count(struct murr *db, const char *table, uint64_t *out_n_rows,
                            char error[MURR_ERROR_BYTES])
{
    struct err err;
    return library_result(count(db, table, out_n_rows, &err), &err, error);
}
