#include "engine/table/create.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/build/build.h"
#include "engine/store/layer.h"
#include "engine/table/commit.h"
#include "engine/table/restore.h"
#include "engine/table/table.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/random.h>

static const char debris_prefix[] = ".dropped-";

static struct table *new_created(struct view name, enum storage_kind storage)
{
    struct table_spec *spec = mem_zalloc(sizeof(*spec));
    spec->name = mem_strndup(name.ptr, name.len);
    spec->source.kind = SOURCE_NONE;
    spec->parts = 1;
    spec->scrub_ms = SCRUB_DEFAULT_MS;
    spec->storage = storage;
    spec->writes = true;
    struct table *t = table_new(spec);
    t->own_spec = spec;
    return t;
}

/* ----------------------------------------------------------------------------------- creating */

/* The layout of an empty table says nothing about its later rows. So the longest possible row is
 * laid out once, with mask, stamp, a null bit for every column and the widest key cell, and must
 * fit. A write could otherwise fail for its schema. */
must_use static enum code check_row_fits(const struct schema *schema, struct err *err)
{
    AUTO(schema) struct schema longest = {0};
    AUTO(seg_layout) struct seg_layout layout = {0};
    struct key_lengths lengths = {0};
    layer_schema(schema, true, &longest);
    AUTO(ptr) uint64_t *n_nulls = mem_zalloc(longest.n_fields * sizeof(*n_nulls));
    for (size_t i = 0; i < longest.n_fields; i++)
        n_nulls[i] = 1;
    key_lengths_add(&lengths, 1);
    key_lengths_add(&lengths, SEG_KEY_LONG - 1);
    if (seg_layout_choose(&longest, false, &lengths, n_nulls, &layout, NULL))
        return err_set(err, E_INVALID, "a row of %zu columns can be longer than %d bytes",
                       schema->n_fields, SEG_MAX_STRIDE);
    return OK;
}

must_use static enum code check_schema(const struct schema *schema, struct err *err)
{
    TRY(schema_check(schema, err));
    if (schema->n_fields >= SEG_MAX_FIELDS - 1) /* masks and stamps take two */
        return err_set(err, E_INVALID, "%zu columns, at most %d fit", schema->n_fields,
                       SEG_MAX_FIELDS - 2);
    for (size_t i = 0; i < schema->n_fields; i++)
        if (table_column_is_reserved(view_cstr(schema->fields[i].name)))
            return err_set(err, E_INVALID, "the column name '%s' is reserved",
                           schema->fields[i].name);
    TRY(seg_layout_check_key(schema, err));
    return check_row_fits(schema, err);
}

static enum code take_nothing(struct record_source *s, unsigned worker, size_t bin,
                              uint8_t **out_bytes, size_t *out_len, struct err *err)
{
    (void)s;
    (void)worker;
    (void)bin;
    (void)err;
    *out_bytes = NULL;
    *out_len = 0;
    return OK;
}

must_use static enum code random_seed(uint64_t *out, struct err *err)
{
    if (getrandom(out, sizeof(*out), 0) != sizeof(*out))
        return err_errno(err, E_IO, "cannot get random bytes for the hash seed");
    *out |= *out == 0;
    return OK;
}

must_use static enum code build_empty(const struct schema *schema, const char *dir,
                                      struct build_result *out, struct err *err)
{
    struct record_source none = {take_nothing};
    struct load_progress progress = {0};
    struct key_lengths lengths = {0};
    AUTO(record_format) struct record_format format = {0};
    AUTO(seg_layout) struct seg_layout layout = {0};
    AUTO(ptr) uint64_t *n_nulls = mem_zalloc(schema->n_fields * sizeof(*n_nulls));
    struct build_config config = {
        .dir = dir,
        .schema = schema,
        .layout = &layout,
        .format = &format,
        .source = &none,
        .n_blocks = 1,
        .n_parts = 1,
        .worker_bytes = 1 << 20,
        .setting = "write.memory",
    };
    TRY(random_seed(&config.hash_seed, err));
    TRY(record_format_init(&format, schema, err));
    TRY(seg_layout_choose(schema, false, &lengths, n_nulls, &layout, err));
    struct pool *pool = pool_new(1);
    enum code rc = build_run(&config, pool, &progress, out, err);
    pool_free(pool);
    return rc;
}

must_use static enum code make_first_generation(struct table *t, const struct schema *schema,
                                                struct err *err)
{
    char tmp_dir[PATH_CAP];
    struct build_result built = {0};
    struct generation_info info = {.n_parts = 1, .loaded_at_ms = clock_wall_ms()};
    TRY(commit_make_tmp(t, &info.number, tmp_dir, err));
    enum code rc = build_empty(schema, tmp_dir, &built, err);
    info.disk_bytes = built.disk_bytes;
    if (!rc)
        rc = generation_write_info(tmp_dir, &info, schema, err);
    if (!rc)
        return commit_base(t, tmp_dir, info.number, err);
    commit_remove_tmp(tmp_dir);
    return rc;
}

/* A creation that a crash interrupted may have left an empty directory, which is no obstacle. */
must_use static enum code check_free(struct table *t, struct err *err)
{
    AUTO(dir_names) struct dir_names names = {0};
    TRY(dir_list(t->dir, &names, err));
    for (size_t i = 0; i < names.n; i++)
        if (!strstr(names.names[i], ".tmp"))
            return err_set(err, E_EXISTS, "the data directory already has files of a table '%s'",
                           t->spec->name);
    return OK;
}

/* The name has the time in it, since the files of an earlier table of this name may still be
 * there. */
enum code table_put_aside(const struct table *t, const char *data_dir, char aside[static PATH_CAP],
                          struct err *err)
{
    TRY(path_format(aside, err, "%s/%s%s-%" PRIu64, data_dir, debris_prefix, t->spec->name,
                    (uint64_t)clock_wall_us()));
    if (rename(t->dir, aside) < 0)
        return err_errno(err, code_of_errno(), "cannot rename %s to %s", t->dir, aside);
    return dir_sync(data_dir, err);
}

/* Remove a table that could not be created, so that the next attempt finds the name free. */
static void remove_half_made(const struct table *t, const char *data_dir)
{
    struct err err;
    char aside[PATH_CAP];
    if (table_put_aside(t, data_dir, aside, &err) == OK ? tree_remove(aside, &err)
                                                        : tree_remove(t->dir, &err))
        log_warn("files of a table that could not be created were not removed",
                 log_str("table", t->spec->name), log_str("error", err.msg));
}

enum code table_create(struct view name, const struct schema *schema, enum storage_kind storage,
                       const char *data_dir, struct table **out_table, struct err *err)
{
    TRY(table_name_check(name, err));
    TRY(check_schema(schema, err));
    struct table *t = new_created(name, storage);
    t->next_number = 1;
    t->is_serving = true;
    enum code rc = table_make_dir(t, data_dir, err);
    if (!rc)
        rc = check_free(t, err);
    if (!rc) {
        rc = make_first_generation(t, schema, err);
        if (rc)
            remove_half_made(t, data_dir);
    }
    if (rc)
        table_close(t);
    else
        *out_table = t;
    return rc;
}

/* ------------------------------------------------------------------------------------ opening */

enum code table_open_created(const char *name, enum storage_kind storage, const char *data_dir,
                             struct table **out_table, struct err *err)
{
    struct table *t = new_created(view_cstr(name), storage);
    enum code rc = table_make_dir(t, data_dir, err);
    if (rc) {
        table_close(t);
        return err_in(err, rc, "table %s", name);
    }
    table_restore(t);
    *out_table = t;
    return OK;
}

/* ----------------------------------------------------------------------------------- dropping */

enum code table_remove_debris(const char *data_dir, struct err *err)
{
    AUTO(dir_names) struct dir_names names = {0};
    TRY(dir_list(data_dir, &names, err));
    for (size_t i = 0; i < names.n; i++) {
        char path[PATH_CAP];
        if (strncmp(names.names[i], debris_prefix, strlen(debris_prefix)) != 0)
            continue;
        TRY(path_format(path, err, "%s/%s", data_dir, names.names[i]));
        struct err why;
        if (tree_remove(path, &why)) /* the server starts all the same */
            log_warn("files of a dropped table were not removed", log_str("path", path),
                     log_str("error", why.msg));
    }
    return OK;
}
