#include "remote/s3_config.h"

#include <stdlib.h>

void s3_config_done(struct s3_config *c)
{
    char *strings[] = {c->bucket,        c->prefix,   c->region,      c->endpoint,
                       c->ca_file,       c->proxy,    c->profile,     c->access_key_id,
                       c->session_token, c->role_arn, c->external_id, c->secret_access_key};
    for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++)
        free(strings[i]);
    *c = (struct s3_config){0};
}
