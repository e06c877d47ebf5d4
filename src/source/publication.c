#include "source/publication.h"

#include "base/mem.h"
#include "base/view.h"

static void data_file_done(struct data_file *f)
{
    object_info_done(&f->info);
    for (size_t i = 0; i < f->n_constants; i++)
        constant_done(&f->constants[i].value);
    free(f->constants);
    free(f->uri);
    free(f->equalities);
}

static void fields_done(struct publication *p)
{
    for (size_t i = 0; i < p->n_fields; i++) {
        free(p->fields[i].name);
        free(p->fields[i].why_not);
        constant_done(&p->fields[i].initial);
    }
    for (size_t i = 0; i < p->n_names; i++)
        free(p->names[i].name);
    free(p->fields);
    free(p->names);
}

static void equality_group_done(struct equality_group *g)
{
    free(g->field_ids);
    free(g->partition_ids);
}

void publication_done(struct publication *p)
{
    for (size_t i = 0; i < p->n_data_files; i++)
        data_file_done(&p->data_files[i]);
    for (size_t i = 0; i < p->n_delete_files; i++) {
        object_info_done(&p->delete_files[i].info);
        free(p->delete_files[i].uri);
    }
    for (size_t i = 0; i < p->n_equalities; i++)
        equality_group_done(&p->equalities[i]);
    fields_done(p);
    free(p->data_files);
    free(p->delete_files);
    free(p->equalities);
    free(p->label);
    *p = (struct publication){0};
}

uint64_t publication_bytes(const struct publication *p)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < p->n_data_files; i++)
        bytes += p->data_files[i].info.size;
    return bytes;
}

const struct publication_field *publication_field(const struct publication *p, int32_t id)
{
    for (size_t i = 0; i < p->n_fields; i++)
        if (p->fields[i].id == id)
            return &p->fields[i];
    return NULL;
}

const char *label_shown(const char *label, char out[static LABEL_SHOWN_CAP])
{
    return view_printable(view_cstr(label ? label : ""), out, LABEL_SHOWN_CAP);
}
