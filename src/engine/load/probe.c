#include "engine/load/probe.h"

#include "base/clock.h"
#include "base/mem.h"
#include "engine/load/source_file.h"
#include "source/kinds/open.h"

/* For everything together: catalog, listing, metadata, footer. */
static const uint64_t timeout_ns = 60000000000u;

struct probing {
    struct transfer_loop *loop;
    struct source *source;
    struct source_answer found;
};

static void probing_done(struct probing *p)
{
    source_answer_done(&p->found);
    source_close(p->source);
    transfer_loop_close(p->loop);
}

void probe_done(struct probe *p)
{
    free(p->shown);
    free(p->label);
    *p = (struct probe){0};
}

must_use static enum code read_first(const struct publication *p, const struct remote_op *op,
                                     struct err *err)
{
    struct source_file file = {0};
    struct pq_limits limits = pq_limits_default();
    if (p->n_data_files == 0)
        return OK;
    enum code rc = source_file_start(&p->data_files[0], op, &file, err);
    if (!rc)
        rc = source_file_open(&file, op, &limits, err);
    source_file_close(&file);
    return rc;
}

enum code probe_table(const struct table_spec *spec, struct probe *out, struct err *err)
{
    AUTO(probing) struct probing p = {0};
    const struct remote_op op = {.deadline_ns = clock_mono_ns() + timeout_ns};
    static const struct source_query any = {0};
    if (source_requests(&spec->source))
        TRY(transfer_loop_open(source_requests(&spec->source), &p.loop, err));
    TRY(source_open(&spec->source, p.loop, &p.source, err));
    TRY(source_find_newest(p.source, &any, &op, &p.found, err));
    const struct publication *found = &p.found.publication;
    TRY(read_first(found, &op, err));
    *out = (struct probe){
        .shown = mem_strdup(source_shown(p.source)),
        .label = mem_strdup(found->label),
        .published_at_ms = found->published_at_ms,
        .n_files = found->n_data_files,
        .n_delete_files = found->n_delete_files,
        .n_bytes = publication_bytes(found),
    };
    return OK;
}
