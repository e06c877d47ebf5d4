/*
 * The search: the order of the chain, and what its steps share. It runs on a chain's fetching
 * thread and may block for seconds. It keeps nothing from one run to the next, so that rotated
 * files and variables are seen.
 */
#include "remote/identity/credentials_priv.h"

#include "base/clock.h"
#include "base/mem.h"
#include "remote/identity/aws_profile.h"
#include "remote/aws_xml.h"

#include <jansson.h>
#include <time.h>

/* Without an identity, search again after a minute: a metadata service may start later than we
 * do. */
static const int64_t nobody_ms = 60 * 1000;

const char *env_value(const char *name)
{
    const char *value = getenv(name);
    return value && value[0] ? value : NULL;
}

static char *copy_or_null(const char *s)
{
    return s && s[0] ? mem_strdup(s) : NULL;
}

/* Only printable ASCII is taken. A newline from a badly copied secret would end the header that it
 * is sent in. */
must_use static enum code clean(const char *text, const char *what, char **out, struct err *err)
{
    struct view v = view_trim(view_cstr(text ? text : ""));
    for (size_t i = 0; i < v.len; i++)
        if (v.ptr[i] <= ' ' || v.ptr[i] > '~')
            return err_set(err, E_INVALID, "the %s has the byte 0x%02x at position %zu", what,
                           v.ptr[i], i);
    *out = v.len ? mem_strndup(v.ptr, v.len) : NULL;
    return OK;
}

enum code credentials_of_texts(const char *id, const char *secret, const char *token,
                               struct credentials *out, struct err *err)
{
    struct credentials c = {0};
    enum code rc = clean(id, "access key id", &c.access_key_id, err);
    if (!rc)
        rc = clean(secret, "secret access key", &c.secret_access_key, err);
    if (!rc)
        rc = clean(token, "session token", &c.session_token, err);
    if (!rc && (!c.access_key_id || !c.secret_access_key))
        rc = err_set(err, E_INVALID, "the %s is blank",
                     c.access_key_id ? "secret access key" : "access key id");
    if (rc)
        credentials_done(&c);
    else
        *out = c;
    return rc;
}

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
        out->expires_at_ms = clock_wall_ms() + nobody_ms;
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

/* -------------------------------------------------------------------------------- small
 * requests */

must_use static enum code call_once(const struct identity_search *s,
                                    const struct identity_call *call, struct buf *out_body,
                                    struct err *err)
{
    const char *ca_file = env_value("AWS_CA_BUNDLE");
    struct transfer_options options = {
        .ca_file = s->config->ca_file[0] || !ca_file ? s->config->ca_file : ca_file,
        .proxy = s->config->proxy,
        .connect_timeout_ms = call->timeout_ms,
        .stall_timeout_ms = call->timeout_ms,
        .timeout_ms = call->timeout_ms,
        .no_proxy = call->no_proxy,
    };
    struct transfer t = {.method = call->method, .body = call->body, .options = &options};
    t.op = s->op;
    buf_puts(&t.url, call->url);
    buf_puts(&t.headers, call->headers);
    transfer_run(&t);
    enum code rc = t.code;
    struct s3_error e;
    aws_xml_error(buf_view(&t.response), &e);
    if (rc)
        err_write(err, "%s %s: %s", call->method, call->url, t.err.msg);
    else if (t.head.status != 200)
        rc = err_set(err, t.head.status >= 500 || t.head.status == 429 ? E_IO : E_INVALID,
                     "%s %s: status %d%s%s %s", call->method, call->url, t.head.status,
                     e.code[0] ? " " : "", e.code, e.message);
    else
        buf_put(out_body, t.response.ptr, t.response.len);
    transfer_done(&t);
    return rc;
}

enum code identity_call(const struct identity_search *s, const struct identity_call *call,
                        struct buf *out_body, struct err *err)
{
    enum code rc = E_IO;
    for (unsigned i = 0; i < call->tries && rc == E_IO; i++) {
        if (i)
            nanosleep(&(struct timespec){.tv_nsec = 100000000L << (i < 3 ? i : 3)}, NULL);
        rc = call_once(s, call, out_body, err);
    }
    return rc;
}

/* ---------------------------------------------------------------------------------------- JSON */

static void json_done(json_t **j)
{
    json_decref(*j);
}

static const char *text_of(const json_t *object, const char *name)
{
    const char *s = json_string_value(json_object_get(object, name));
    return s && s[0] ? s : NULL;
}

enum code credentials_of_json(struct view json, const char *token, struct credentials *out,
                              struct err *err)
{
    json_error_t why;
    AUTO(json) json_t *root = json_loadb((const char *)json.ptr, json.len, 0, &why);
    if (!root) /* Jansson's message may quote a secret */
        return err_set(err, E_INVALID, "not JSON, in line %d at column %d", why.line, why.column);
    const char *id = text_of(root, "AccessKeyId"), *secret = text_of(root, "SecretAccessKey");
    const char *expires = text_of(root, "Expiration");
    if (!id || !secret)
        return err_set(err, E_INVALID, "the answer has no AccessKeyId or no SecretAccessKey");
    int64_t expires_ms = expires ? iso_time_ms(view_cstr(expires)) : 0;
    if (expires && expires_ms == 0)
        return err_set(err, E_INVALID, "Expiration '%.40s' is not a time", expires);
    *out = (struct credentials){mem_strdup(id), mem_strdup(secret),
                                copy_or_null(text_of(root, token)), expires_ms};
    return OK;
}
