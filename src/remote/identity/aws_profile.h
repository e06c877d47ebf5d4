/*
 * AWS profiles: the shared files of the AWS tools, ~/.aws/credentials with sections [name], and
 * ~/.aws/config with [default] and [profile name]. If both set a key, the credentials file wins.
 */
#ifndef MURR_REMOTE_IDENTITY_AWS_PROFILE_H
#define MURR_REMOTE_IDENTITY_AWS_PROFILE_H

#include "base/buf.h"

/* One line of a profile. A section alone gives one with an empty key. */
struct aws_setting {
    char *profile, *key, *value;
};

/* Zeroed memory is empty. */
struct aws_profiles {
    struct aws_setting *settings; /* those of the credentials file first */
    size_t n;
};

void aws_profiles_done(struct aws_profiles *p);

/* Read both files, as AWS_SHARED_CREDENTIALS_FILE, AWS_CONFIG_FILE or HOME name them. A file that
 * does not exist counts as empty. Fails E_IO, E_LIMIT. */
must_use enum code aws_profiles_load(struct aws_profiles *out, struct err *err);

/* Append the settings in the text of one file. `is_config`: it is the config file. */
void aws_profiles_parse(struct aws_profiles *p, struct view text, bool is_config);

bool aws_profiles_has(const struct aws_profiles *p, const char *profile);

/* The value; NULL if it is not set or empty. Lives as long as `p`. */
const char *aws_profiles_get(const struct aws_profiles *p, const char *profile, const char *key);

/* The profile to use: `configured` unless it is "", else AWS_PROFILE, else "default". */
const char *aws_profile_name(const char *configured);

#endif
