#include "source/iceberg/rest_channel.h"

#include "base/mem.h"
#include "remote/uri.h"

#include <string.h>

/* Metadata of a table with very many snapshots and columns has tens of megabytes. */
static const uint64_t response_bytes_max = 256u << 20;

enum code rest_channel_init(struct rest_channel *c, const struct catalog_spec *spec,
                            const char *url, struct transfer_loop *loop, struct err *err)
{
    const struct s3_config *s3 = &spec->s3;
    struct uri parsed;
    *c = (struct rest_channel){0};
    TRY(uri_parse(url, &parsed, err));
    c->spec = spec;
    c->loop = loop;
    c->options = (struct transfer_options){
        .ca_file = s3->ca_file,
        .proxy = s3->proxy,
        .connect_timeout_ms = s3->connect_timeout_ms,
        .stall_timeout_ms = s3->stall_timeout_ms,
        .response_max = response_bytes_max,
    };
    retry_policy_init(&c->retry, s3->max_attempts, s3->retry_delay_ms);
    size_t len = strlen(url);
    while (len && url[len - 1] == '/')
        len--;
    c->base = mem_strndup(url, len);
    return OK;
}

void rest_channel_done(struct rest_channel *c)
{
    if (!c->spec)
        return;
    retry_policy_done(&c->retry);
    free(c->base);
    *c = (struct rest_channel){0};
}

static bool is_passing(int status)
{
    return status == 429 || status == 500 || status == 502 || status == 503 || status == 504;
}

enum code rest_send(struct rest_channel *c, struct transfer *t, const struct remote_op *op,
                    struct err *err)
{
    uint64_t delay_ms = 0;
    t->options = &c->options;
    t->op = op;
    for (unsigned n_failed = 1;; n_failed++) {
        transfer_call(c->loop, t, delay_ms);
        bool is_broken = t->code == E_IO && t->loop.prepared;
        if (t->code == OK && !is_passing(t->head.status)) {
            retry_policy_succeeded(&c->retry);
            return OK;
        }
        bool may_pass = t->code == OK || is_broken;
        if (may_pass && retry_policy_again(&c->retry, n_failed, t->head.retry_after_s, &delay_ms))
            continue;
        if (is_broken)
            return err_set(err, E_IO, "%s (after %u tries)", t->err.msg, n_failed);
        return t->code ? err_set(err, t->code, "%s", t->err.msg) : OK;
    }
}
