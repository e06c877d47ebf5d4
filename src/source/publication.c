#include "source/publication.h"

#include "base/mem.h"
#include "base/view.h"

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

const char *label_shown(const char *label, char out[static LABEL_SHOWN_CAP])
{
    return view_printable(view_cstr(label ? label : ""), out, LABEL_SHOWN_CAP);
}
