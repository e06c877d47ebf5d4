/*
 * Credentials from a profile of the shared files: keys, a command, or a role that is assumed with
 * the credentials of another profile or source. Profiles may refer to each other, at most CHAIN_MAX
 * deep, so that a loop ends.
 */
#include "remote/identity/profile.h"

#include "base/mem.h"
#include "remote/identity/environment.h"
#include "remote/identity/metadata.h"
#include "remote/identity/process.h"
#include "remote/identity/sts.h"
#include "remote/identity/aws_profile.h"

#include <stdio.h>

enum { CHAIN_MAX = 5 };

must_use static enum code resolve(const struct identity_search *s, const struct aws_profiles *p,
                                  const char *profile, unsigned depth, struct credentials *out,
                                  struct err *err);

must_use static enum code of_keys(const struct aws_profiles *p, const char *profile,
                                  struct credentials *out, struct err *err)
{
    const char *id = aws_profiles_get(p, profile, "aws_access_key_id");
    const char *secret = aws_profiles_get(p, profile, "aws_secret_access_key");
    const char *token = aws_profiles_get(p, profile, "aws_session_token");
    if (!id || !secret)
        return err_set(err, E_INVALID, "has no %s",
                       id ? "aws_secret_access_key" : "aws_access_key_id");
    return credentials_of_texts(id, secret, token, out, err);
}

/* The source that credential_source names. */
must_use static enum code of_named_source(const struct identity_search *s, const char *source,
                                          struct credentials *out, struct err *err)
{
    bool found = false;
    if (strcmp(source, "Environment") == 0)
        TRY(credentials_of_environment(out, &found, err));
    else if (strcmp(source, "Ec2InstanceMetadata") == 0)
        TRY(credentials_of_instance(s, out, &found, err));
    else if (strcmp(source, "EcsContainer") == 0)
        TRY(credentials_of_container(s, out, &found, err));
    else
        return err_set(err, E_INVALID, "credential_source '%.60s' is not known", source);
    return found ? OK : err_set(err, E_INVALID, "credential_source %s has no credentials", source);
}

must_use static enum code of_role(const struct identity_search *s, const struct aws_profiles *p,
                                  const char *profile, unsigned depth, struct credentials *out,
                                  struct err *err)
{
    struct role role = {aws_profiles_get(p, profile, "role_arn"),
                        aws_profiles_get(p, profile, "role_session_name"),
                        aws_profiles_get(p, profile, "external_id")};
    const char *token_file = aws_profiles_get(p, profile, "web_identity_token_file");
    const char *from = aws_profiles_get(p, profile, "source_profile");
    const char *source = aws_profiles_get(p, profile, "credential_source");
    AUTO(credentials) struct credentials base = {0};
    if (token_file)
        return credentials_of_web_identity(s, &role, token_file, out, err);
    if (!from && !source)
        return err_set(err, E_INVALID,
                       "has a role_arn, but no source_profile, credential_source or "
                       "web_identity_token_file");
    if (!from)
        TRY(of_named_source(s, source, &base, err));
    else if (strcmp(from, profile) == 0)
        TRY(of_keys(p, profile, &base, err));
    else
        TRY(resolve(s, p, from, depth + 1, &base, err));
    return credentials_of_role(s, &role, &base, out, err);
}

must_use static enum code resolve_one(const struct identity_search *s, const struct aws_profiles *p,
                                      const char *profile, unsigned depth, struct credentials *out,
                                      struct err *err)
{
    const char *command = aws_profiles_get(p, profile, "credential_process");
    bool has_sso = aws_profiles_get(p, profile, "sso_session") ||
                   aws_profiles_get(p, profile, "sso_start_url");
    if (!aws_profiles_has(p, profile))
        return err_set(err, E_INVALID, "is not in the shared config and credentials files");
    if (depth == CHAIN_MAX)
        return err_set(err, E_INVALID, "is the last of a chain of more than %d profiles",
                       CHAIN_MAX);
    if (aws_profiles_get(p, profile, "role_arn"))
        return of_role(s, p, profile, depth, out, err);
    if (aws_profiles_get(p, profile, "aws_access_key_id"))
        return of_keys(p, profile, out, err);
    if (command)
        return credentials_of_process(s, command, out, err);
    if (has_sso)
        return err_set(err, E_UNSUPPORTED,
                       "uses SSO, which Murr cannot do; set credential_process to "
                       "'aws configure export-credentials'");
    return of_keys(p, profile, out, err);
}

static enum code resolve(const struct identity_search *s, const struct aws_profiles *p,
                         const char *profile, unsigned depth, struct credentials *out,
                         struct err *err)
{
    enum code rc = resolve_one(s, p, profile, depth, out, err);
    return rc ? err_in(err, rc, "profile '%.100s'", profile) : OK;
}

/* A default profile that only sets other things, such as a region, has no identity. */
static bool has_identity(const struct aws_profiles *p, const char *profile)
{
    static const char *const keys[] = {"aws_access_key_id",       "role_arn",
                                       "credential_process",      "sso_session",
                                       "web_identity_token_file", "sso_start_url"};
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        if (aws_profiles_get(p, profile, keys[i]))
            return true;
    return false;
}

enum code credentials_of_profile(const struct identity_search *s, struct credentials *out,
                                 bool *out_found, struct err *err)
{
    AUTO(aws_profiles) struct aws_profiles profiles = {0};
    const char *name = aws_profile_name(s->config->profile);
    bool is_named = s->config->profile[0] || env_value("AWS_PROFILE");
    TRY(aws_profiles_load(&profiles, err));
    *out_found = has_identity(&profiles, name) || s->config->profile[0] ||
                 (is_named && !aws_profiles_has(&profiles, name));
    return *out_found ? resolve(s, &profiles, name, 0, out, err) : OK;
}
