#include "engine/refresh/subset.h"

#include "base/mem.h"

static const size_t not_there = SIZE_MAX;

/* Everything that data files share. */
static void borrow(struct subset *s, const struct publication *whole)
{
    s->publication = *whole;
    s->publication.data_files = NULL;
    s->publication.delete_files = NULL;
    s->publication.n_data_files = s->publication.n_delete_files = 0;
}

/* Whether a delete by position or equality may apply to one of the files. */
static bool may_apply(const struct publication *p, const struct delete_file *d)
{
    for (size_t i = 0; i < p->n_data_files; i++) {
        const struct data_file *f = &p->data_files[i];
        if (d->kind == DELETE_POSITIONS && d->partition == f->partition && !f->has_vector &&
            d->sequence_number >= f->sequence_number)
            return true;
        for (size_t g = 0; d->kind == DELETE_EQUALITY && g < f->n_equalities; g++)
            if (f->equalities[g] == d->equality && d->sequence_number > f->sequence_number)
                return true;
    }
    return false;
}

/* Without deletes by equality their columns need not be read. */
static void forget_equalities(struct publication *p)
{
    for (size_t i = 0; i < p->n_delete_files; i++)
        if (p->delete_files[i].kind == DELETE_EQUALITY)
            return;
    p->n_equalities = 0;
    for (size_t i = 0; i < p->n_data_files; i++)
        p->data_files[i].n_equalities = 0;
}

void subset_init(struct subset *s, const struct publication *whole, const size_t *files, size_t n,
                 const bool *wanted)
{
    struct publication *p = &s->publication;
    AUTO(ptr) size_t *place = mem_alloc((whole->n_data_files + 1) * sizeof(*place));
    borrow(s, whole);
    for (size_t i = 0; i < whole->n_data_files; i++)
        place[i] = not_there;
    p->data_files = mem_alloc((n + 1) * sizeof(*p->data_files));
    for (; p->n_data_files < n; p->n_data_files++) {
        place[files[p->n_data_files]] = p->n_data_files;
        p->data_files[p->n_data_files] = whole->data_files[files[p->n_data_files]];
    }
    p->delete_files = mem_alloc((whole->n_delete_files + 1) * sizeof(*p->delete_files));
    for (size_t i = 0; i < whole->n_delete_files; i++) {
        struct delete_file d = whole->delete_files[i];
        bool is_vector = d.kind == DELETE_VECTOR;
        if (is_vector)
            d.data_file = place[d.data_file];
        if ((!wanted || wanted[i]) && (is_vector ? d.data_file != not_there : may_apply(p, &d)))
            p->delete_files[p->n_delete_files++] = d;
    }
    forget_equalities(p);
}

void subset_init_deletes(struct subset *s, const struct publication *whole, const bool *wanted,
                         size_t equality)
{
    struct publication *p = &s->publication;
    borrow(s, whole);
    p->data_files = mem_zalloc((whole->n_delete_files + 1) * sizeof(*p->data_files));
    for (size_t i = 0; i < whole->n_delete_files; i++) {
        const struct delete_file *d = &whole->delete_files[i];
        if (d->kind == DELETE_EQUALITY && d->equality == equality && wanted[i])
            p->data_files[p->n_data_files++] = (struct data_file){
                .store = d->store, .info = d->info, .name = d->uri, .uri = d->uri};
    }
    p->n_equalities = 0;
}

void subset_done(struct subset *s)
{
    free(s->publication.data_files);
    free(s->publication.delete_files);
    *s = (struct subset){0};
}
