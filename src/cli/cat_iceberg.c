#include "cli/cat_iceberg.h"

#include "base/mem.h"
#include "config/iceberg.h"
#include "engine/load/table_scan.h"
#include "source/kinds/open.h"

#include <stdio.h>

static const struct remote_op no_bound;

/* What is open while a table is printed. */
struct table_cat {
    struct source_spec spec;
    struct transfer_loop *loop;
    struct source *source;
    struct source_answer found;
    struct pool *pool;
    struct table_scan *scan;
};

static void table_cat_done(struct table_cat *c)
{
    table_scan_close(c->scan);
    source_answer_done(&c->found);
    source_close(c->source);
    transfer_loop_close(c->loop);
    pool_free(c->pool);
    source_spec_done(&c->spec);
}

bool cat_iceberg_uri(const char *argument, const char **out_uri)
{
    static const char scheme[] = "iceberg:";
    *out_uri = argument + strlen(scheme);
    return strncmp(argument, scheme, strlen(scheme)) == 0;
}

static void set_string(char **to, struct view text)
{
    free(*to);
    *to = mem_strndup(text.ptr, text.len);
}

must_use static enum code set_rewrite(const char *rule, struct iceberg_spec *spec, struct err *err)
{
    const char *equals = strchr(rule, '=');
    if (!equals || equals == rule || !equals[1])
        return err_set(err, E_INVALID, "--rewrite: '%.200s' is not FROM=TO", rule);
    set_string(&spec->rewrite.from, view_of(rule, (size_t)(equals - rule)));
    set_string(&spec->rewrite.to, view_cstr(equals + 1));
    return OK;
}

must_use static enum code set_snapshot(const char *text, struct iceberg_spec *spec, struct err *err)
{
    char *end;
    long long id = strtoll(text, &end, 10);
    if (id <= 0 || *end)
        return err_set(err, E_INVALID, "--snapshot: '%.100s' is not the number of a snapshot",
                       text);
    spec->snapshot = id;
    return OK;
}

must_use static enum code make_spec(const struct cat_iceberg *what, struct source_spec *out,
                                    struct err *err)
{
    TRY(iceberg_of_uri(what->uri, out, err));
    if (what->snapshot && what->ref)
        return err_set(err, E_INVALID, "only one of --snapshot and --ref may be given");
    if (what->rewrite)
        TRY(set_rewrite(what->rewrite, &out->iceberg, err));
    if (what->snapshot)
        TRY(set_snapshot(what->snapshot, &out->iceberg, err));
    if (what->locations)
        set_string(&out->iceberg.locations, view_cstr(what->locations));
    if (what->ref)
        set_string(&out->iceberg.ref, view_cstr(what->ref));
    return OK;
}

must_use static enum code open_scan(struct table_cat *c, const struct scan_config *config,
                                    struct err *err)
{
    static const struct source_query any = {0};
    TRY(transfer_loop_open(source_requests(&c->spec), &c->loop, err));
    TRY(source_open(&c->spec, c->loop, &c->source, err));
    TRY(source_find_newest(c->source, &any, &no_bound, &c->found, err));
    c->pool = pool_new(0);
    const struct table_scan_config scan = {
        .publication = &c->found.publication,
        .columns = config->columns,
        .n_columns = config->n_columns,
        .max_rows = config->max_rows,
        .shares = config->shares,
        .pool = c->pool,
        .op = &no_bound,
        .temp_dir = config->temp_dir,
    };
    return table_scan_open(&scan, &c->scan, err);
}

must_use static enum code put_rows(struct table_scan *scan, struct output *output, struct err *err)
{
    for (;;) {
        struct ipc_stream stream = {0};
        size_t n_rows;
        TRY(table_scan_next(scan, &stream, &n_rows, err));
        if (!stream.bytes)
            return output_end(output, err);
        enum code rc = output_batch(output, &stream, n_rows, err);
        ipc_stream_done(&stream);
        TRY(rc);
    }
}

enum code cat_iceberg(const struct cat_iceberg *what, const struct scan_config *config,
                      struct output *output, struct err *err)
{
    AUTO(table_cat) struct table_cat c = {0};
    TRY(make_spec(what, &c.spec, err));
    enum code rc = open_scan(&c, config, err);
    if (rc)
        return err_in(err, rc, "%s", what->uri);
    if (config->n_columns == 0 && table_scan_skipped(c.scan)[0])
        fprintf(stderr, "murr: note: left out: %s\n", table_scan_skipped(c.scan));
    rc = put_rows(c.scan, output, err);
    return rc ? err_in(err, rc, "%s", what->uri) : OK;
}
