#include "source/iceberg/rest_auth.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "remote/uri.h"
#include "source/iceberg/handed_out.h"
#include "source/iceberg/rest_answer.h"

static const size_t secret_bytes_max = 64u << 10;
static const int64_t early_ms = 5 * 60 * 1000;
static const int64_t pause_ms = 30 * 1000; /* after a renewal that failed */

void rest_auth_init(struct rest_auth *a, struct rest_channel *channel)
{
    AUTO(buf) struct buf url = {0};
    *a = (struct rest_auth){.channel = channel};
    pthread_mutex_init(&a->lock, NULL);
    if (channel->spec->oauth2_server_uri[0])
        buf_puts(&url, channel->spec->oauth2_server_uri);
    else
        buf_printf(&url, "%s/v1/oauth/tokens", channel->base);
    a->url = mem_strdup(buf_cstr(&url));
}

void rest_auth_done(struct rest_auth *a)
{
    if (!a->channel)
        return;
    pthread_mutex_destroy(&a->lock);
    free(a->url);
    free(a->token);
    *a = (struct rest_auth){0};
}

static bool has_credential(const struct catalog_spec *spec)
{
    return spec->credential[0] || spec->credential_file[0];
}

enum code rest_auth_move(struct rest_auth *a, const char *url, struct err *err)
{
    const struct catalog_spec *spec = a->channel->spec;
    char shown[200];
    if (!has_credential(spec))
        return OK;
    TRY(handed_out_check("oauth2-server-uri", url, a->channel->base, err));
    if (!url_same_origin(url, a->channel->base) && !url_same_origin(url, spec->oauth2_server_uri))
        return err_set(err, E_INVALID,
                       "the catalog sends us to '%s' for tokens; if that is right, make it the "
                       "oauth2_server_uri of the catalog",
                       view_printable(view_cstr(url), shown, sizeof(shown)));
    pthread_mutex_lock(&a->lock);
    free(a->url);
    a->url = mem_strdup(url);
    pthread_mutex_unlock(&a->lock);
    return OK;
}

/* The text of the configuration, or of the file, trimmed. The caller frees it. */
must_use static enum code read_secret(const char *text, const char *file, char **out,
                                      struct err *err)
{
    AUTO(buf) struct buf bytes = {0};
    if (file[0])
        TRY(file_read(file, secret_bytes_max, &bytes, err));
    struct view trimmed = view_trim(file[0] ? buf_view(&bytes) : view_cstr(text));
    if (trimmed.len == 0)
        return err_set(err, E_INVALID, "%s%s is empty", file[0] ? "file " : "the secret", file);
    *out = mem_strndup(trimmed.ptr, trimmed.len);
    return OK;
}

must_use static enum code read_token(const struct catalog_spec *spec, char **out, struct err *err)
{
    TRY(read_secret(spec->token, spec->token_file, out, err));
    if (rest_is_header_text(view_cstr(*out)))
        return OK;
    free(*out);
    *out = NULL;
    return err_set(err, E_INVALID, "the token%s%s has a blank, or a byte that is not ASCII",
                   spec->token_file[0] ? " in file " : "", spec->token_file);
}

/* -------------------------------------------------------------------------------------- OAuth2 */

static void put_field(struct buf *out, const char *name, struct view value)
{
    buf_printf(out, "&%s=", name);
    uri_put_value(out, value);
}

/* "id:secret", or a secret alone. */
static void put_form(struct buf *out, const char *credential, const char *scope)
{
    const char *colon = strchr(credential, ':');
    buf_puts(out, "grant_type=client_credentials");
    if (colon)
        put_field(out, "client_id", view_of(credential, (size_t)(colon - credential)));
    put_field(out, "client_secret", view_cstr(colon ? colon + 1 : credential));
    if (scope[0])
        put_field(out, "scope", view_cstr(scope));
}

must_use static enum code ask(struct rest_auth *a, struct view form, const struct remote_op *op,
                              struct rest_token *out, struct err *err)
{
    AUTO(transfer) struct transfer t = {.method = "POST", .body = form};
    char refusal[REST_REFUSAL_CAP];
    buf_puts(&t.url, a->url);
    buf_puts(&t.headers, "Content-Type: application/x-www-form-urlencoded\n"
                         "Accept: application/json\n");
    TRY(rest_send(a->channel, &t, op, err));
    if (t.head.status == 200)
        return rest_token_parse(buf_view(&t.response), out, err);
    rest_refusal(buf_view(&t.response), refusal);
    return err_set(err, E_IO, "status %d%s%s", t.head.status, refusal[0] ? " " : "", refusal);
}

static void keep(struct rest_auth *a, const struct rest_token *take_token)
{
    int64_t now_ms = clock_wall_ms(), life_ms = take_token->life_s * 1000;
    int64_t early = life_ms / 10 < early_ms ? life_ms / 10 : early_ms;
    free(a->token);
    a->token = take_token->text;
    a->expires_at_ms = life_ms ? now_ms + life_ms : 0;
    a->renew_at_ms = life_ms ? now_ms + life_ms - early : 0;
}

/* The lock is held. */
must_use static enum code fetch(struct rest_auth *a, const struct remote_op *op, struct err *err)
{
    const struct catalog_spec *spec = a->channel->spec;
    AUTO(buf) struct buf form = {0};
    AUTO(ptr) char *credential = NULL;
    struct rest_token token;
    TRY(read_secret(spec->credential, spec->credential_file, &credential, err));
    put_form(&form, credential, spec->scope);
    enum code rc = ask(a, buf_view(&form), op, &token, err);
    if (rc)
        return err_in(err, rc, "token of %s", a->url);
    keep(a, &token);
    return OK;
}

/* The lock is held. */
must_use static enum code ensure(struct rest_auth *a, const struct remote_op *op, struct err *err)
{
    int64_t now_ms = clock_wall_ms();
    bool is_valid = a->token && (a->expires_at_ms == 0 || now_ms < a->expires_at_ms);
    if (is_valid && (a->renew_at_ms == 0 || now_ms < a->renew_at_ms))
        return OK;
    enum code rc = fetch(a, op, err);
    if (!rc || !is_valid)
        return rc;
    a->renew_at_ms = now_ms + pause_ms;
    log_warn("cannot renew the token of a catalog; the old one is used until it expires",
             log_str("catalog", a->channel->spec->name), log_str("error", err->msg));
    return OK;
}

/* ------------------------------------------------------------------------------------- callers */

enum code rest_auth_token(struct rest_auth *a, const struct remote_op *op, char **out_token,
                          struct err *err)
{
    const struct catalog_spec *spec = a->channel->spec;
    *out_token = NULL;
    if (spec->token[0] || spec->token_file[0])
        return read_token(spec, out_token, err);
    if (!has_credential(spec))
        return OK;
    TRY(remote_op_lock(op, &a->lock, err));
    enum code rc = ensure(a, op, err);
    if (!rc)
        *out_token = mem_strdup(a->token);
    pthread_mutex_unlock(&a->lock);
    return rc;
}

bool rest_auth_refuse(struct rest_auth *a, const char *token)
{
    const struct catalog_spec *spec = a->channel->spec;
    pthread_mutex_lock(&a->lock);
    if (a->token && strcmp(a->token, token) == 0) {
        free(a->token);
        a->token = NULL;
    }
    pthread_mutex_unlock(&a->lock);
    return spec->token_file[0] || has_credential(spec);
}
