#include "format/parquet/dict.h"

#include "base/mem.h"
#include "format/parquet/strings.h"

enum { keep_views = 1 << 19 }; /* 8 MiB of them wait for the next chunk */

static void drop_views(struct pq_dict *d)
{
    pq_budget_give(d->budget, d->views_cap * sizeof(*d->views));
    free(d->views);
    d->views = NULL;
    d->views_cap = 0;
}

void pq_dict_done(struct pq_dict *d)
{
    drop_views(d);
    *d = (struct pq_dict){0};
}

void pq_dict_reset(struct pq_dict *d)
{
    if (d->views_cap > keep_views)
        drop_views(d);
    *d = (struct pq_dict){.views = d->views, .views_cap = d->views_cap, .budget = d->budget};
}

static enum code make_room(struct pq_dict *d, size_t n, struct err *err)
{
    if (n <= d->views_cap)
        return OK;
    drop_views(d);
    TRY(pq_budget_resize(d->budget, 0, n * sizeof(*d->views), err));
    d->views = mem_try_zalloc(n * sizeof(*d->views));
    if (!d->views)
        pq_budget_give(d->budget, n * sizeof(*d->views));
    if (!d->views)
        return err_set(err, E_NOMEM, "no memory for a dictionary of %zu strings", n);
    d->views_cap = n;
    return OK;
}

enum code pq_dict_load_strings(struct pq_dict *d, struct view page, size_t n, bool is_text,
                               struct err *err)
{
    if (n > page.len / 4)
        return err_set(err, E_CORRUPT, "dictionary of %zu strings in %zu bytes", n, page.len);
    TRY(make_room(d, n, err));
    struct cursor cur = cur_of(page);
    TRY(pq_strings_plain(&cur, d->views, n, err));
    if (is_text && !pq_strings_ascii(page))
        TRY(pq_strings_check(d->views, n, err));
    d->values = d->views;
    d->width = sizeof(*d->views);
    d->n = n;
    d->loaded = true;
    return OK;
}

enum code pq_dict_load(struct pq_dict *d, struct view page, size_t n, size_t width, struct err *err)
{
    if (n > page.len / width)
        return err_set(err, E_CORRUPT, "dictionary of %zu values in %zu bytes", n, page.len);
    d->values = page.ptr;
    d->width = width;
    d->n = n;
    d->loaded = true;
    return OK;
}

static enum code outside(const struct pq_dict *d, uint32_t idx, struct err *err)
{
    return err_set(err, E_CORRUPT, "index %u into a dictionary of %zu entries", idx, d->n);
}

/* The largest index is checked before the copies, so that the loops have no branch. */
#define GATHER(type)               \
    for (size_t i = 0; i < n; i++) \
    memcpy((type *)out + i, (const uint8_t *)d->values + idx[i] * sizeof(type), sizeof(type))

enum code pq_dict_gather(const struct pq_dict *d, const uint32_t *idx, size_t n, void *out,
                         struct err *err)
{
    uint32_t most = 0;
    for (size_t i = 0; i < n; i++)
        most = idx[i] > most ? idx[i] : most;
    if (n && most >= d->n)
        return outside(d, most, err);
    if (d->width == 4)
        GATHER(uint32_t);
    else if (d->width == 8)
        GATHER(uint64_t);
    else if (d->width == sizeof(struct view))
        GATHER(struct view); /* and whatever else has 16 bytes */
    else
        for (size_t i = 0; i < n; i++)
            memcpy((uint8_t *)out + i * d->width, (const uint8_t *)d->values + idx[i] * d->width,
                   d->width);
    return OK;
}

#define FILL(type)                                                                     \
    do {                                                                               \
        type value;                                                                    \
        memcpy(&value, (const uint8_t *)d->values + idx * sizeof(type), sizeof(type)); \
        for (size_t i = 0; i < n; i++)                                                 \
            ((type *)out)[i] = value;                                                  \
    } while (0)

enum code pq_dict_fill(const struct pq_dict *d, uint32_t idx, size_t n, void *out, struct err *err)
{
    if (idx >= d->n)
        return outside(d, idx, err);
    if (d->width == 4)
        FILL(uint32_t);
    else if (d->width == 8)
        FILL(uint64_t);
    else if (d->width == sizeof(struct view))
        FILL(struct view);
    else
        for (size_t i = 0; i < n; i++)
            memcpy((uint8_t *)out + i * d->width, (const uint8_t *)d->values + idx * d->width,
                   d->width);
    return OK;
}
