#include "source/iceberg/filesystem.h"

#include "base/mem.h"
#include "source/iceberg/locations.h"
#include "source/iceberg/metadata_file.h"

struct filesystem_catalog {
    const struct catalog_spec *spec;
    const char *prefix; /* the warehouse */
    struct locations *locations;
};

enum code filesystem_open(const struct catalog_spec *spec, struct transfer_loop *loop,
                          struct filesystem_catalog **out, struct err *err)
{
    struct filesystem_catalog *f = mem_zalloc(sizeof(*f));
    f->spec = spec;
    f->prefix = spec->warehouse;
    struct location_rules rules = {.prefixes = &f->prefix,
                                   .n_prefixes = 1,
                                   .rewrite_from = "",
                                   .rewrite_to = "",
                                   .s3 = &spec->s3,
                                   .loop = loop};
    enum code rc = locations_open(&rules, &f->locations, err);
    if (rc) {
        free(f);
        return rc;
    }
    *out = f;
    return OK;
}

void filesystem_close(struct filesystem_catalog *f)
{
    locations_close(f->locations);
    free(f);
}

/* WAREHOUSE/db/t/metadata/ */
static void put_folder(const struct filesystem_catalog *f, const char *table, struct buf *out)
{
    buf_puts(out, f->prefix);
    while (out->len > 1 && out->ptr[out->len - 1] == '/')
        out->len--;
    buf_puts(out, out->len == 1 && out->ptr[0] == '/' ? "" : "/");
    for (const char *p = table; *p; p++)
        buf_put_u8(out, *p == '.' ? '/' : (uint8_t)*p);
    buf_puts(out, "/metadata/");
}

must_use static enum code ask(struct filesystem_catalog *f, const struct catalog_question *q,
                              const struct remote_op *op, struct catalog_answer *out,
                              bool *out_is_same, struct err *err)
{
    AUTO(buf) struct buf uri = {0};
    AUTO(ptr) char *folder = NULL;
    AUTO(metadata_file) struct metadata_file found = {0};
    struct object_store *store;
    put_folder(f, q->table, &uri);
    TRY(locations_find(f->locations, buf_cstr(&uri), &store, &folder, err));
    TRY(metadata_file_find(store, folder, q->version, op, &found, out_is_same, err));
    if (*out_is_same)
        return OK;
    buf_puts(&uri, found.info.name + strlen(folder));
    out->metadata_location = mem_strdup(buf_cstr(&uri));
    out->version = found.version;
    found.version = NULL;
    return OK;
}

enum code filesystem_ask(struct filesystem_catalog *f, const struct catalog_question *q,
                         const struct remote_op *op, struct catalog_answer *out, bool *out_is_same,
                         struct err *err)
{
    enum code rc = ask(f, q, op, out, out_is_same, err);
    return rc ? err_in(err, rc, "catalog %s: table %.200s", f->spec->name, q->table) : OK;
}
