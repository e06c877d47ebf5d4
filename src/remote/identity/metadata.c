/*
 * Credentials from the surroundings: the agent of a container (ECS, EKS Pod Identity), or the
 * metadata service of an EC2 instance (IMDSv2). Both are plain HTTP on addresses that only this
 * machine reaches, and go past any proxy.
 */
#include "remote/identity/metadata.h"

#include "base/file.h"
#include "base/mem.h"
#include "remote/identity/call.h"
#include "remote/uri.h"

static const size_t token_bytes_max = 64u << 10;
static const int64_t container_timeout_ms = 2000;
/* If this is not an instance, nobody answers at all. So wait only a second. */
static const int64_t instance_timeout_ms = 1000;
enum { CONTAINER_TRIES = 3, INSTANCE_TRIES = 2 };
static const char container_host[] = "http://169.254.170.2";
static const char instance_host[] = "http://169.254.169.254";

static void trim(struct buf *text)
{
    struct view v = view_trim(buf_view(text));
    if (v.len && text->ptr)
        memmove(text->ptr, v.ptr, v.len);
    text->len = v.len;
}

/* Plain HTTP sends credentials in the clear, so it is allowed only to this machine and to the
 * agents' own addresses. */
static bool is_trusted(const struct uri *u)
{
    static const char *const hosts[] = {"localhost",     "127.0.0.1",      "[::1]",
                                        "169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"};
    for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++)
        if (view_eq_cstr(u->host, hosts[i]))
            return true;
    return u->scheme.len == strlen("https");
}

/* The value of the Authorization header. A file wins over the variable, since it can be replaced
 * while we run. */
must_use static enum code container_token(struct buf *out, struct err *err)
{
    const char *file = env_value("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
    const char *token = env_value("AWS_CONTAINER_AUTHORIZATION_TOKEN");
    if (file)
        TRY(file_read(file, token_bytes_max, out, err));
    else if (token)
        buf_puts(out, token);
    trim(out);
    return OK;
}

must_use static enum code ask_container(const struct identity_search *s, const char *url,
                                        struct credentials *out, struct err *err)
{
    struct uri u;
    AUTO(buf) struct buf token = {0}, headers = {0}, body = {0};
    TRY(uri_parse(url, &u, err));
    if (!is_trusted(&u))
        return err_set(err, E_INVALID,
                       "%.200s: refusing to get credentials by plain HTTP from another machine",
                       url);
    TRY(container_token(&token, err));
    if (token.len)
        buf_printf(&headers, "Authorization: %s\n", buf_cstr(&token));
    struct identity_call call = {
        .method = "GET",
        .url = url,
        .headers = buf_cstr(&headers),
        .timeout_ms = container_timeout_ms,
        .tries = CONTAINER_TRIES,
        .no_proxy = true,
    };
    TRY(identity_call(s, &call, &body, err));
    return credentials_of_json(buf_view(&body), "Token", out, err);
}

enum code credentials_of_container(const struct identity_search *s, struct credentials *out,
                                   bool *out_found, struct err *err)
{
    AUTO(buf) struct buf url = {0};
    const char *relative = env_value("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    const char *full = env_value("AWS_CONTAINER_CREDENTIALS_FULL_URI");
    *out_found = relative || full;
    if (!relative && !full)
        return OK;
    buf_printf(&url, "%s%s", relative ? container_host : "", relative ? relative : full);
    enum code rc = ask_container(s, buf_cstr(&url), out, err);
    return rc ? err_in(err, rc, "container") : OK;
}

/* ------------------------------------------------------------------------------------ instance */

must_use static enum code ask_instance(const struct identity_search *s, const char *method,
                                       const char *path, const char *header, const char *value,
                                       struct buf *out, struct err *err)
{
    AUTO(buf) struct buf url = {0}, headers = {0};
    const char *host = env_value("AWS_EC2_METADATA_SERVICE_ENDPOINT");
    buf_puts(&url, host ? host : instance_host);
    while (url.len && url.ptr[url.len - 1] == '/')
        url.len--;
    buf_puts(&url, path);
    buf_printf(&headers, "%s: %s\n", header, value);
    struct identity_call call = {
        .method = method,
        .url = buf_cstr(&url),
        .headers = buf_cstr(&headers),
        .timeout_ms = instance_timeout_ms,
        .tries = INSTANCE_TRIES,
        .no_proxy = true,
    };
    return identity_call(s, &call, out, err);
}

must_use static enum code instance_role(const struct identity_search *s, const char *session,
                                        struct credentials *out, struct err *err)
{
    static const char path[] = "/latest/meta-data/iam/security-credentials/";
    static const char header[] = "X-aws-ec2-metadata-token";
    AUTO(buf) struct buf role = {0}, url_path = {0}, body = {0};
    TRY(ask_instance(s, "GET", path, header, session, &role, err));
    trim(&role);
    buf_puts(&url_path, path);
    uri_put_path(&url_path, buf_view(&role));
    TRY(ask_instance(s, "GET", buf_cstr(&url_path), header, session, &body, err));
    return credentials_of_json(buf_view(&body), "Token", out, err);
}

enum code credentials_of_instance(const struct identity_search *s, struct credentials *out,
                                  bool *out_found, struct err *err)
{
    AUTO(buf) struct buf session = {0};
    const char *disabled = env_value("AWS_EC2_METADATA_DISABLED");
    *out_found = false;
    if (disabled && strcmp(disabled, "true") == 0)
        return OK;
    struct err ignored;
    if (ask_instance(s, "PUT", "/latest/api/token", "X-aws-ec2-metadata-token-ttl-seconds", "21600",
                     &session, &ignored))
        return OK; /* nobody answered: this is not an instance */
    trim(&session);
    *out_found = true;
    enum code rc = instance_role(s, buf_cstr(&session), out, err);
    return rc ? err_in(err, rc, "instance metadata") : OK;
}
