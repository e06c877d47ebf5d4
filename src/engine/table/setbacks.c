#include "engine/table/setbacks.h"

#include "base/mem.h"

enum { SETBACKS_MAX = 64 };

void setbacks_done(struct setbacks *s)
{
    for (size_t i = 0; i < s->n; i++)
        free(s->items[i].label);
    free(s->items);
    *s = (struct setbacks){0};
}

struct setback *setbacks_find(const struct setbacks *s, uint64_t fingerprint)
{
    for (size_t i = 0; i < s->n; i++)
        if (s->items[i].fingerprint == fingerprint)
            return &s->items[i];
    return NULL;
}

static void remove_at(struct setbacks *s, size_t i)
{
    free(s->items[i].label);
    s->n--;
    memmove(&s->items[i], &s->items[i + 1], (s->n - i) * sizeof(*s->items));
}

struct setback *setbacks_note(struct setbacks *s, const struct publication *p, enum code code,
                              const struct err *why)
{
    struct setback *b = setbacks_find(s, p->fingerprint);
    if (!b) {
        if (s->n == SETBACKS_MAX)
            remove_at(s, 0);
        s->items = mem_realloc(s->items, (s->n + 1) * sizeof(*s->items));
        b = &s->items[s->n++];
        *b = (struct setback){.fingerprint = p->fingerprint};
    }
    free(b->label);
    b->label = mem_strdup(p->label);
    b->code = code;
    b->why = *why;
    b->n_tries++;
    b->is_seen = true;
    return b;
}

void setbacks_forget(struct setbacks *s, uint64_t fingerprint)
{
    for (size_t i = s->n; i-- > 0;)
        if (s->items[i].fingerprint == fingerprint)
            remove_at(s, i);
}

void setbacks_forget_unseen(struct setbacks *s)
{
    for (size_t i = s->n; i-- > 0;)
        if (!s->items[i].is_seen)
            remove_at(s, i);
        else
            s->items[i].is_seen = false;
}

void setbacks_retry(struct setbacks *s)
{
    for (size_t i = 0; i < s->n; i++)
        s->items[i].retry_ns = 0;
}

const struct setback *setbacks_newest_refused(const struct setbacks *s)
{
    const struct setback *newest = NULL;
    for (size_t i = 0; i < s->n; i++) {
        const struct setback *b = &s->items[i];
        if (b->code == E_REFUSED && (!newest || strcmp(b->label, newest->label) > 0))
            newest = b;
    }
    return newest;
}

bool setback_is_of_data(enum code code)
{
    return code == E_INVALID || code == E_CORRUPT || code == E_LIMIT || code == E_UNSUPPORTED ||
           code == E_REFUSED;
}
