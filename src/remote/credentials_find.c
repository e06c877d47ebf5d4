#include "remote/credentials_priv.h"

#include "base/mem.h"

enum code credentials_find(const struct s3_config *config, const char *region,
                           struct credentials *out, struct err *err)
{
    (void)err;
    (void)region;
    const char *id = config->access_key_id[0] ? config->access_key_id : getenv("AWS_ACCESS_KEY_ID");
    const char *secret =
        config->access_key_id[0] ? config->secret_access_key : getenv("AWS_SECRET_ACCESS_KEY");
    const char *token =
        config->access_key_id[0] ? config->session_token : getenv("AWS_SESSION_TOKEN");
    if (id && secret && !config->anonymous)
        *out = (struct credentials){mem_strdup(id), mem_strdup(secret),
                                    token && token[0] ? mem_strdup(token) : NULL, 0};
    else
        *out = (struct credentials){0};
    return OK;
}

char *credentials_region(const struct s3_config *config)
{
    const char *names[] = {"AWS_REGION", "AWS_DEFAULT_REGION"};
    if (config->region[0])
        return mem_strdup(config->region);
    for (size_t i = 0; i < 2; i++) {
        const char *value = getenv(names[i]);
        if (value && value[0])
            return mem_strdup(value);
    }
    return mem_strdup("us-east-1");
}
