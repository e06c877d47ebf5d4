#include "remote/identity/identity.h"

#include "base/mem.h"
#include "remote/aws_xml.h"

#include <jansson.h>
#include <stdlib.h>

void credentials_done(struct credentials *c)
{
    free(c->access_key_id);
    free(c->secret_access_key);
    free(c->session_token);
    *c = (struct credentials){0};
}

static char *copy_or_null(const char *s)
{
    return s && s[0] ? mem_strdup(s) : NULL;
}

void credentials_copy(const struct credentials *from, struct credentials *out)
{
    *out = (struct credentials){copy_or_null(from->access_key_id),
                                copy_or_null(from->secret_access_key),
                                copy_or_null(from->session_token), from->expires_at_ms};
}

const char *env_value(const char *name)
{
    const char *value = getenv(name);
    return value && value[0] ? value : NULL;
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
