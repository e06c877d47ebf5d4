/*
 * Roles from AWS's Security Token Service: AssumeRole, signed with other credentials, and
 * AssumeRoleWithWebIdentity, which proves itself by a token in a file and is not signed.
 */
#include "remote/identity/sts.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "remote/identity/call.h"
#include "remote/aws_xml.h"
#include "remote/sigv4.h"
#include "remote/uri.h"

#include <stdio.h>

static const size_t token_bytes_max = 64u << 10;
static const int64_t sts_timeout_ms = 10000;
enum { STS_TRIES = 3 };
static const char form_type[] = "application/x-www-form-urlencoded";

static void put_url(const struct identity_search *s, struct buf *out)
{
    const char *endpoint = env_value("AWS_ENDPOINT_URL_STS");
    if (!endpoint)
        endpoint = env_value("AWS_ENDPOINT_URL");
    if (endpoint)
        buf_printf(out, "%s%s", endpoint, endpoint[strlen(endpoint) - 1] == '/' ? "" : "/");
    else
        buf_printf(out, "https://sts.%s.amazonaws.com%s/", s->region,
                   strncmp(s->region, "cn-", 3) == 0 ? ".cn" : "");
}

static void put_field(struct buf *out, const char *name, const char *value)
{
    if (!value || !value[0])
        return;
    buf_printf(out, "&%s=", name);
    uri_put_value(out, view_cstr(value));
}

static void put_form(struct buf *out, const char *action, const struct role *role)
{
    buf_printf(out, "Action=%s&Version=2011-06-15", action);
    put_field(out, "RoleArn", role->arn);
    put_field(out, "RoleSessionName", role->session_name ? role->session_name : "murr");
    put_field(out, "ExternalId", role->external_id);
}

must_use static enum code read_answer(struct view xml, struct credentials *out, struct err *err)
{
    static const char *const names[] = {"AccessKeyId", "SecretAccessKey", "SessionToken",
                                        "Expiration"};
    char *texts[4];
    enum code rc = aws_xml_texts(xml, names, 4, texts, err);
    int64_t expires_ms = texts[3] ? iso_time_ms(view_cstr(texts[3])) : 0;
    if (!rc && (!texts[0] || !texts[1] || !texts[2] || expires_ms == 0))
        rc = err_set(err, E_INVALID, "the answer of STS has no complete credentials");
    if (!rc) {
        *out = (struct credentials){texts[0], texts[1], texts[2], expires_ms};
        texts[0] = texts[1] = texts[2] = NULL;
    }
    for (int i = 0; i < 4; i++)
        free(texts[i]);
    return rc;
}

must_use static enum code ask(const struct identity_search *s, const char *url, const char *headers,
                              const struct buf *form, struct credentials *out, struct err *err)
{
    AUTO(buf) struct buf body = {0};
    struct identity_call call = {
        .method = "POST",
        .url = url,
        .headers = headers,
        .body = buf_view(form),
        .timeout_ms = sts_timeout_ms,
        .tries = STS_TRIES,
    };
    TRY(identity_call(s, &call, &body, err));
    return read_answer(buf_view(&body), out, err);
}

enum code credentials_of_web_identity(const struct identity_search *s, const struct role *role,
                                      const char *token_file, struct credentials *out,
                                      struct err *err)
{
    AUTO(buf) struct buf url = {0}, form = {0}, token = {0}, headers = {0};
    enum code rc = file_read(token_file, token_bytes_max, &token, err);
    if (rc)
        return err_in(err, rc, "web identity token");
    put_url(s, &url);
    put_form(&form, "AssumeRoleWithWebIdentity", role);
    struct view trimmed = view_trim(buf_view(&token));
    AUTO(ptr) char *text = mem_strndup(trimmed.ptr, trimmed.len);
    put_field(&form, "WebIdentityToken", text);
    buf_printf(&headers, "Content-Type: %s\n", form_type);
    rc = ask(s, buf_cstr(&url), buf_cstr(&headers), &form, out, err);
    return rc ? err_in(err, rc, "role %s by web identity", role->arn) : OK;
}

/* The headers of a signed POST of the form. */
static void sign(const struct identity_search *s, const struct uri *u, const struct buf *form,
                 const struct credentials *who, struct buf *out)
{
    AUTO(buf) struct buf host = {0};
    char time[SIGV4_TIME_CAP], hash[SIGV4_HASH_CAP];
    buf_printf(&host, "%.*s%s%.*s", VIEW_ARG(u->host), u->port.len ? ":" : "", VIEW_ARG(u->port));
    sigv4_time(clock_wall_ms() / 1000, time);
    sigv4_hash(buf_view(form), hash);
    struct sig_pair headers[4] = {{view_cstr("content-type"), view_cstr(form_type)},
                                  {view_cstr("x-amz-date"), view_cstr(time)},
                                  {view_cstr("host"), buf_view(&host)}};
    size_t n = 3;
    if (who->session_token)
        headers[n++] =
            (struct sig_pair){view_cstr("x-amz-security-token"), view_cstr(who->session_token)};
    struct sigv4_request req = {
        .method = "POST", .path = u->path, .headers = headers, .n_headers = n, .body_hash = hash};
    struct sigv4_key key = {who->access_key_id, who->secret_access_key, s->region, "sts"};
    for (size_t i = 0; i < n; i++)
        if (i != 2)
            buf_printf(out, "%s: %s\n", (const char *)headers[i].name.ptr,
                       (const char *)headers[i].value.ptr);
    buf_puts(out, "Authorization: ");
    sigv4_put_authorization(out, &req, &key, time);
    buf_puts(out, "\n");
}

enum code credentials_of_role(const struct identity_search *s, const struct role *role,
                              const struct credentials *source, struct credentials *out,
                              struct err *err)
{
    AUTO(buf) struct buf url = {0}, form = {0}, headers = {0};
    struct uri u;
    if (credentials_are_anonymous(source))
        return err_set(err, E_INVALID, "role %s: there are no credentials to assume it with",
                       role->arn);
    put_url(s, &url);
    enum code rc = uri_parse(buf_cstr(&url), &u, err);
    if (rc)
        return err_in(err, rc, "STS endpoint '%s'", buf_cstr(&url));
    put_form(&form, "AssumeRole", role);
    sign(s, &u, &form, source, &headers);
    rc = ask(s, buf_cstr(&url), buf_cstr(&headers), &form, out, err);
    return rc ? err_in(err, rc, "role %s", role->arn) : OK;
}
