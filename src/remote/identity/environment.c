#include "remote/identity/environment.h"

enum code credentials_of_environment(struct credentials *out, bool *out_found, struct err *err)
{
    const char *id = env_value("AWS_ACCESS_KEY_ID");
    const char *secret = env_value("AWS_SECRET_ACCESS_KEY");
    *out_found = id || secret;
    if (!id && !secret)
        return OK;
    if (!id || !secret)
        return err_set(err, E_INVALID, "%s is set, but %s is not",
                       id ? "AWS_ACCESS_KEY_ID" : "AWS_SECRET_ACCESS_KEY",
                       id ? "AWS_SECRET_ACCESS_KEY" : "AWS_ACCESS_KEY_ID");
    enum code rc = credentials_of_texts(id, secret, env_value("AWS_SESSION_TOKEN"), out, err);
    return rc ? err_in(err, rc, "environment") : OK;
}
