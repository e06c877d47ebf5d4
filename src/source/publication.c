#include "source/publication.h"

#include "base/mem.h"

void publication_done(struct publication *p)
{
    for (size_t i = 0; i < p->n_data_files; i++)
        object_info_done(&p->data_files[i].info);
    for (size_t i = 0; i < p->n_fields; i++)
        free(p->fields[i].name);
    free(p->data_files);
    free(p->fields);
    free(p->label);
    *p = (struct publication){0};
}
