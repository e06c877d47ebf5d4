#include "source/source.h"

#include <stdlib.h>

void source_answer_done(struct source_answer *a)
{
    publication_done(&a->publication);
    publication_done(&a->before);
    free(a->passed_label);
    *a = (struct source_answer){0};
}

enum code source_find_newest(struct source *s, const struct source_query *q,
                             const struct remote_op *op, struct source_answer *out, struct err *err)
{
    return s->ops->find_newest(s, q, op, out, err);
}

const char *source_shown(const struct source *s)
{
    return s->shown;
}

const char *source_kind_name(const struct source *s)
{
    return s->kind;
}

void source_close(struct source *s)
{
    if (!s)
        return;
    free(s->shown);
    free(s->identity);
    s->ops->free(s);
}
