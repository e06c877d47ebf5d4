#include "engine/refresh/change.h"

#include "base/buf.h"
#include "base/mem.h"

#include <stdio.h>
#include <string.h>

/* A file under the name that says whether two are the same. */
struct named {
    char *name; /* owned */
    size_t at;
};

static int compare(const void *a, const void *b)
{
    return strcmp(((const struct named *)a)->name, ((const struct named *)b)->name);
}

/* A file that went and came back under its name has a new sequence number: it is a later file, which
 * earlier deletes spare. */
static struct named *names_of_data(const struct publication *p)
{
    struct named *names = mem_alloc((p->n_data_files + 1) * sizeof(*names));
    for (size_t i = 0; i < p->n_data_files; i++) {
        const struct data_file *f = &p->data_files[i];
        AUTO(buf) struct buf name = {0};
        buf_printf(&name, "%s %lld", f->uri, (long long)f->sequence_number);
        names[i] = (struct named){mem_strdup(buf_cstr(&name)), i};
    }
    qsort(names, p->n_data_files, sizeof(*names), compare);
    return names;
}

/* A vector is a part of a file. */
static struct named *names_of_deletes(const struct publication *p)
{
    struct named *names = mem_alloc((p->n_delete_files + 1) * sizeof(*names));
    for (size_t i = 0; i < p->n_delete_files; i++) {
        const struct delete_file *d = &p->delete_files[i];
        AUTO(buf) struct buf name = {0};
        buf_printf(&name, "%s/%s %d %llu %lld", d->store->identity, d->info.name, (int)d->kind,
                   (unsigned long long)d->offset, (long long)d->sequence_number);
        names[i] = (struct named){mem_strdup(buf_cstr(&name)), i};
    }
    qsort(names, p->n_delete_files, sizeof(*names), compare);
    return names;
}

static void names_free(struct named *names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        free(names[i].name);
    free(names);
}

static int compare_sizes(const void *a, const void *b)
{
    size_t x = *(const size_t *)a, y = *(const size_t *)b;
    return (x > y) - (x < y);
}

static void compare_data(struct change *c, const struct publication *before,
                         const struct publication *after)
{
    size_t n_before = before->n_data_files, n_after = after->n_data_files;
    struct named *old = names_of_data(before), *new = names_of_data(after);
    c->added = mem_alloc((n_after + 1) * sizeof(*c->added));
    c->removed = mem_alloc((n_before + 1) * sizeof(*c->removed));
    c->common_before = mem_alloc((n_before + 1) * sizeof(*c->common_before));
    c->common_after = mem_alloc((n_before + 1) * sizeof(*c->common_after));
    for (size_t i = 0, k = 0; i < n_before || k < n_after;) {
        int order = i == n_before ? 1 : k == n_after ? -1 : compare(&old[i], &new[k]);
        if (order < 0) {
            c->removed[c->n_removed++] = old[i++].at;
        } else if (order > 0) {
            c->added[c->n_added++] = new[k++].at;
        } else {
            c->common_before[c->n_common] = old[i++].at;
            c->common_after[c->n_common++] = new[k++].at;
        }
    }
    /* Of two rows with one key, the one of the later file counts. */
    qsort(c->added, c->n_added, sizeof(*c->added), compare_sizes);
    names_free(old, n_before);
    names_free(new, n_after);
}

static void compare_deletes(struct change *c, const struct publication *before,
                            const struct publication *after)
{
    size_t n_before = before->n_delete_files, n_after = after->n_delete_files;
    struct named *old = names_of_deletes(before), *new = names_of_deletes(after);
    c->new_deletes = mem_zalloc(n_after + 1);
    c->old_deletes = mem_zalloc(n_before + 1);
    for (size_t i = 0, k = 0; i < n_before || k < n_after;) {
        int order = i == n_before ? 1 : k == n_after ? -1 : compare(&old[i], &new[k]);
        if (order < 0)
            c->old_deletes[old[i].at] = true;
        if (order > 0)
            c->new_deletes[new[k].at] = true;
        c->n_old_deletes += order < 0;
        c->n_new_deletes += order > 0;
        i += order <= 0;
        k += order >= 0;
    }
    names_free(old, n_before);
    names_free(new, n_after);
}

void change_init(struct change *c, const struct publication *before,
                 const struct publication *after)
{
    *c = (struct change){0};
    compare_data(c, before, after);
    compare_deletes(c, before, after);
}

void change_done(struct change *c)
{
    free(c->added);
    free(c->removed);
    free(c->common_before);
    free(c->common_after);
    free(c->new_deletes);
    free(c->old_deletes);
    *c = (struct change){0};
}
