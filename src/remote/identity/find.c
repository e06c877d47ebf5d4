#include "remote/identity/find.h"

#include "base/clock.h"
#include "base/mem.h"
#include "remote/identity/aws_profile.h"
#include "remote/identity/environment.h"
#include "remote/identity/metadata.h"
#include "remote/identity/profile.h"
#include "remote/identity/sts.h"

/*
 * The search runs on the searching thread of a chain (credentials.c) and may block for seconds. It
 * keeps nothing from one run to the next, so that rotated files and variables are seen.
 */

/* Without an identity, search again after a minute: a metadata service may start later than we
 * do. */
static const int64_t anonymous_ms = 60 * 1000;

must_use static enum code of_env_web_identity(const struct identity_search *s,
                                              struct credentials *out, bool *out_found,
                                              struct err *err)
{
    const char *file = env_value("AWS_WEB_IDENTITY_TOKEN_FILE");
    struct role role = {env_value("AWS_ROLE_ARN"), env_value("AWS_ROLE_SESSION_NAME"), NULL};
    *out_found = file != NULL;
    if (!file)
        return OK;
    if (!role.arn)
        return err_set(err, E_INVALID,
                       "AWS_WEB_IDENTITY_TOKEN_FILE is set, but AWS_ROLE_ARN is not");
    return credentials_of_web_identity(s, &role, file, out, err);
}

/* The configuration itself; a profile that it names goes before the environment. */
must_use static enum code of_config(const struct identity_search *s, struct credentials *out,
                                    bool *out_found, struct err *err)
{
    const struct s3_config *c = s->config;
    *out_found = true;
    if (c->anonymous)
        return OK;
    if (c->access_key_id[0]) {
        enum code rc = credentials_of_texts(c->access_key_id, c->secret_access_key,
                                            c->session_token, out, err);
        return rc ? err_in(err, rc, "configuration") : OK;
    }
    *out_found = false;
    return c->profile[0] ? credentials_of_profile(s, out, out_found, err) : OK;
}

must_use static enum code walk(const struct identity_search *s, struct credentials *out,
                               struct err *err)
{
    bool found = false;
    TRY(of_config(s, out, &found, err));
    if (!found)
        TRY(credentials_of_environment(out, &found, err));
    if (!found)
        TRY(of_env_web_identity(s, out, &found, err));
    if (!found)
        TRY(credentials_of_profile(s, out, &found, err));
    if (!found)
        TRY(credentials_of_container(s, out, &found, err));
    if (!found)
        TRY(credentials_of_instance(s, out, &found, err));
    if (!found) /* anonymous, for the time being */
        out->expires_at_ms = clock_wall_ms() + anonymous_ms;
    return OK;
}

enum code credentials_find(const struct identity_search *s, struct credentials *out,
                           struct err *err)
{
    AUTO(credentials) struct credentials found = {0};
    TRY(walk(s, &found, err));
    struct role role = {s->config->role_arn, NULL, s->config->external_id};
    if (role.arn[0])
        return credentials_of_role(s, &role, &found, out, err);
    *out = found;
    found = (struct credentials){0};
    return OK;
}

char *credentials_region(const struct s3_config *config)
{
    AUTO(aws_profiles) struct aws_profiles profiles = {0};
    struct err ignored; /* the search for credentials reports it, if it needs the file */
    const char *region = config->region[0] ? config->region : env_value("AWS_REGION");
    if (!region)
        region = env_value("AWS_DEFAULT_REGION");
    if (!region && aws_profiles_load(&profiles, &ignored) == OK)
        region = aws_profiles_get(&profiles, aws_profile_name(config->profile), "region");
    return mem_strdup(region ? region : "us-east-1");
}
