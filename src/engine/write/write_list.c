#include "engine/write/write_list.h"

#include "base/mem.h"

void write_list_put(struct write_list *l, const struct write_request *request)
{
    struct queued_write *w = mem_zalloc(sizeof(*w));
    w->request = *request;
    w->is_alone = request->rules.is_patch; /* a segment has masks in all its rows or in none */
    write_list_append(l, w);
}

void write_list_append(struct write_list *l, struct queued_write *take_write)
{
    take_write->next = NULL;
    if (l->last)
        l->last->next = take_write;
    else
        l->first = take_write;
    l->last = take_write;
    l->n++;
    l->n_bytes += take_write->request.body.bytes.len;
}

struct queued_write *write_list_take(struct write_list *l)
{
    struct queued_write *w = l->first;
    if (!w)
        return NULL;
    l->first = w->next;
    if (!l->first)
        l->last = NULL;
    l->n--;
    l->n_bytes -= w->request.body.bytes.len;
    w->next = NULL;
    return w;
}

void write_list_move(struct write_list *l, struct write_list *from)
{
    for (struct queued_write *w; (w = write_list_take(from));)
        write_list_append(l, w);
}

void queued_write_end(struct queued_write *take_write)
{
    const struct write_request *r = &take_write->request;
    if (r->body.release)
        r->body.release(r->body.owner);
    r->done(r->arg, take_write->rc, &take_write->result, &take_write->err);
    free(take_write);
}

void write_list_end(struct write_list *l, enum code rc, const struct err *err)
{
    for (struct queued_write *w; (w = write_list_take(l));) {
        w->rc = rc;
        w->err = *err;
        queued_write_end(w);
    }
}
