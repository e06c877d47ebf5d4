#include "source/iceberg/catalog_answer.h"

#include <stdlib.h>

void vended_credentials_done(struct vended_credentials *v)
{
    char *strings[] = {v->prefix,        v->access_key_id, v->secret_access_key,
                       v->session_token, v->endpoint,      v->region};
    for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++)
        free(strings[i]);
}

void catalog_answer_done(struct catalog_answer *a)
{
    free(a->metadata_location);
    buf_done(&a->metadata);
    free(a->version);
    for (size_t i = 0; i < a->n_vended; i++)
        vended_credentials_done(&a->vended[i]);
    free(a->vended);
    *a = (struct catalog_answer){0};
}
