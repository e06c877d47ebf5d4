#include "source/iceberg/rest_answer.h"

#include "base/cursor.h"
#include "base/mem.h"

#include <jansson.h>
#include <stdio.h>

/*
 * The answer about a table is a few short members and the metadata, which may have tens of
 * megabytes. It is not parsed here: member_spans finds where each member begins and ends, the short
 * ones are parsed by Jansson, and the metadata is handed on as bytes.
 */

enum { CREDENTIALS_MAX = 1000, TEXT_MAX = 16384 };

/* --------------------------------------------------------------------------------------- spans */

struct member {
    const char *name;
    struct view value; /* without a pointer: it is not there */
};

static void skip_space(struct cursor *c)
{
    while (c->pos < c->end &&
           (*c->pos == ' ' || *c->pos == '\n' || *c->pos == '\r' || *c->pos == '\t'))
        c->pos++;
}

/* Step over a string, whose first quote was read. */
must_use static bool skip_string(struct cursor *c)
{
    uint8_t b;
    while (cur_u8(c, &b)) {
        if (b == '"')
            return true;
        if (b == '\\' && !cur_u8(c, &b))
            return false;
    }
    return false;
}

/* Step over a value, by its brackets and quotes alone. */
must_use static bool skip_value(struct cursor *c)
{
    size_t depth = 0;
    do {
        uint8_t b;
        skip_space(c);
        if (c->pos < c->end && depth == 0 && strchr(",]}", *c->pos) && *c->pos)
            return false; /* no value at all */
        if (!cur_u8(c, &b) || (b == '"' && !skip_string(c)))
            return false;
        depth += b == '{' || b == '[';
        if ((b == '}' || b == ']') && depth-- == 0)
            return false;
        bool is_word = depth == 0 && b != '"' && b != '}' && b != ']';
        while (is_word && c->pos < c->end && !strchr(",]} \n\r\t", *c->pos))
            c->pos++;
    } while (depth);
    return true;
}

must_use static bool take(struct cursor *c, uint8_t wanted)
{
    uint8_t b;
    skip_space(c);
    return cur_u8(c, &b) && b == wanted;
}

/* One member, `"name": value`. One that is given twice is refused. */
must_use static bool member_span(struct cursor *c, struct member *members, size_t n)
{
    if (!take(c, '"'))
        return false;
    const uint8_t *start = c->pos;
    if (!skip_string(c))
        return false;
    struct view name = view_of(start, (size_t)(c->pos - start) - 1);
    if (!take(c, ':'))
        return false;
    skip_space(c);
    start = c->pos;
    if (!skip_value(c))
        return false;
    for (size_t i = 0; i < n; i++)
        if (view_eq_cstr(name, members[i].name)) {
            if (members[i].value.ptr)
                return false;
            members[i].value = view_of(start, (size_t)(c->pos - start));
        }
    return true;
}

/* Find the values of the named members of the object that is the body. */
must_use static enum code member_spans(struct view body, struct member *members, size_t n,
                                       struct err *err)
{
    struct cursor c = cur_of(body);
    bool good = take(&c, '{');
    skip_space(&c);
    bool is_empty = good && c.pos < c.end && *c.pos == '}';
    good = good && (is_empty || member_span(&c, members, n));
    while (good && !is_empty) {
        skip_space(&c);
        if (c.pos < c.end && *c.pos == '}')
            break;
        good = take(&c, ',') && member_span(&c, members, n);
    }
    good = good && take(&c, '}');
    skip_space(&c);
    return good && c.pos == c.end
               ? OK
               : err_set(err, E_CORRUPT, "the answer is not a JSON object, or is cut off");
}

/* --------------------------------------------------------------------------------------- values */

static void json_done(json_t **j)
{
    json_decref(*j);
}

/* A member that was found; NULL if it was not. Jansson's message may quote a secret. */
must_use static enum code parse(struct view value, const char *what, json_t **out, struct err *err)
{
    json_error_t why;
    *out = NULL;
    if (!value.ptr)
        return OK;
    *out = json_loadb((const char *)value.ptr, value.len, JSON_DECODE_ANY, &why);
    if (*out)
        return OK;
    return err_set(err, E_CORRUPT, "%s is not JSON, in line %d at column %d", what, why.line,
                   why.column);
}

/* A string or number that is not empty; NULL for anything else. */
static char *text_of(const json_t *object, const char *name)
{
    const json_t *v = json_object_get(object, name);
    char number[32];
    if (json_is_integer(v)) {
        snprintf(number, sizeof(number), "%lld", (long long)json_integer_value(v));
        return mem_strdup(number);
    }
    if (json_is_true(v) || json_is_false(v))
        return mem_strdup(json_is_true(v) ? "true" : "false");
    const char *s = json_string_value(v);
    return s && s[0] && json_string_length(v) <= TEXT_MAX ? mem_strdup(s) : NULL;
}

static char *first_text(const json_t *object, const char *a, const char *b)
{
    char *text = text_of(object, a);
    return text ? text : text_of(object, b);
}

static bool is_true(const json_t *object, const char *name)
{
    AUTO(ptr) char *text = text_of(object, name);
    return text && strcmp(text, "true") == 0;
}

bool rest_is_header_text(struct view text)
{
    bool good = text.len > 0;
    for (size_t i = 0; i < text.len; i++)
        good = good && text.ptr[i] > ' ' && text.ptr[i] < 0x7F;
    return good;
}

/* -------------------------------------------------------------------------------------- config */

static void s3_properties_done(struct s3_properties *p)
{
    free(p->endpoint);
    free(p->region);
    free(p->path_style);
}

void rest_config_done(struct rest_config *c)
{
    free(c->prefix);
    free(c->separator);
    free(c->uri);
    free(c->oauth2_server_uri);
    s3_properties_done(&c->defaults);
    s3_properties_done(&c->overrides);
    *c = (struct rest_config){0};
}

static void take_s3(const json_t *map, struct s3_properties *out)
{
    out->endpoint = text_of(map, "s3.endpoint");
    out->region = first_text(map, "s3.region", "client.region");
    out->path_style = text_of(map, "s3.path-style-access");
}

static bool lists_credentials(const json_t *endpoints)
{
    static const char wanted[] =
        "GET /v1/{prefix}/namespaces/{namespace}/tables/{table}/credentials";
    const json_t *e;
    size_t i;
    json_array_foreach(endpoints, i, e)
    {
        const char *text = json_string_value(e);
        if (text && strcmp(text, wanted) == 0)
            return true;
    }
    return false;
}

static char *override_or_default(const json_t *overrides, const json_t *defaults, const char *name)
{
    char *text = text_of(overrides, name);
    return text ? text : text_of(defaults, name);
}

enum code rest_config_parse(struct view body, struct rest_config *out, struct err *err)
{
    json_error_t why;
    AUTO(json) json_t *root = json_loadb((const char *)body.ptr, body.len, 0, &why);
    if (!json_is_object(root))
        return err_set(err, E_CORRUPT, "the answer is not a JSON object");
    const json_t *defaults = json_object_get(root, "defaults");
    const json_t *overrides = json_object_get(root, "overrides");
    *out = (struct rest_config){
        .prefix = override_or_default(overrides, defaults, "prefix"),
        .separator = override_or_default(overrides, defaults, "namespace-separator"),
        .uri = text_of(overrides, "uri"),
        .oauth2_server_uri = text_of(overrides, "oauth2-server-uri"),
        .has_credentials_path = lists_credentials(json_object_get(root, "endpoints")),
    };
    take_s3(defaults, &out->defaults);
    take_s3(overrides, &out->overrides);
    return OK;
}

/* ---------------------------------------------------------------------------------- credentials */

static int64_t expiry_of(const json_t *map)
{
    AUTO(ptr) char *text = first_text(map, "s3.session-token-expires-at-ms", "expiration-time");
    char *end;
    long long ms = text ? strtoll(text, &end, 10) : 0;
    return text && *end == '\0' && ms > 0 ? ms : 0;
}

/* Half a pair of keys, and keys that no header can hold, are refused. */
must_use static enum code check_keys(const struct vended_credentials *v, struct err *err)
{
    const char *texts[] = {v->access_key_id, v->secret_access_key, v->session_token};
    if (!v->access_key_id != !v->secret_access_key)
        return err_set(err, E_CORRUPT, "credentials with only one of the two keys");
    for (size_t i = 0; i < 3; i++)
        if (texts[i] && !rest_is_header_text(view_cstr(texts[i])))
            return err_set(err, E_CORRUPT, "credentials with a byte that no credential has");
    return OK;
}

/* Add what a map of properties says of S3, if that is anything. */
must_use static enum code add_vended(const json_t *map, const char *prefix,
                                     struct catalog_answer *out, struct err *err)
{
    struct s3_properties s3 = {0};
    take_s3(map, &s3);
    struct vended_credentials v = {
        .access_key_id = text_of(map, "s3.access-key-id"),
        .secret_access_key = text_of(map, "s3.secret-access-key"),
        .session_token = text_of(map, "s3.session-token"),
        .endpoint = s3.endpoint,
        .region = s3.region,
        .expires_at_ms = expiry_of(map),
    };
    if (s3.path_style)
        v.addressing =
            strcmp(s3.path_style, "true") == 0 ? S3_ADDRESSING_PATH : S3_ADDRESSING_VIRTUAL;
    bool says_something =
        v.access_key_id || v.secret_access_key || s3.endpoint || s3.region || s3.path_style;
    free(s3.path_style);
    enum code rc = check_keys(&v, err);
    if (rc || !says_something) {
        vended_credentials_done(&v);
        return rc;
    }
    v.prefix = mem_strdup(prefix);
    out->vended = mem_realloc(out->vended, (out->n_vended + 1) * sizeof(v));
    out->vended[out->n_vended++] = v;
    return OK;
}

static int longest_prefix_first(const void *a, const void *b)
{
    const struct vended_credentials *x = a, *y = b;
    size_t m = strlen(x->prefix), n = strlen(y->prefix);
    return (m < n) - (m > n);
}

/* Credentials of other clouds, which have other prefixes, are left out. */
static bool is_of_s3(const char *prefix)
{
    const char *colon = strstr(prefix, "://");
    return !colon || (prefix[0] == 's' && prefix[1] == '3');
}

/* storage-credentials: [{"prefix": ..., "config": {...}}, ...] */
must_use static enum code take_list(const json_t *list, struct catalog_answer *out, struct err *err)
{
    const json_t *one;
    size_t i;
    if (json_array_size(list) > CREDENTIALS_MAX)
        return err_set(err, E_CORRUPT, "more than %d storage-credentials", CREDENTIALS_MAX);
    json_array_foreach(list, i, one)
    {
        AUTO(ptr) char *prefix = text_of(one, "prefix");
        if (prefix && is_of_s3(prefix))
            TRY(add_vended(json_object_get(one, "config"), prefix, out, err));
    }
    if (out->n_vended)
        qsort(out->vended, out->n_vended, sizeof(*out->vended), longest_prefix_first);
    return OK;
}

/* --------------------------------------------------------------------------------------- table */

void rest_table_done(struct rest_table *t)
{
    catalog_answer_done(&t->answer);
    free(t->token);
    free(t->credentials_path);
    *t = (struct rest_table){0};
}

must_use static enum code take_location(struct view value, struct rest_table *out, struct err *err)
{
    json_t *found;
    TRY(parse(value, "metadata-location", &found, err));
    AUTO(json) json_t *location = found;
    if (!location || json_is_null(location))
        return OK;
    if (!json_is_string(location) || json_string_length(location) == 0)
        return err_set(err, E_CORRUPT, "metadata-location is not a URI");
    out->answer.metadata_location = mem_strdup(json_string_value(location));
    return OK;
}

must_use static enum code take_config(struct view value, struct rest_table *out, struct err *err)
{
    json_t *found;
    TRY(parse(value, "config", &found, err));
    AUTO(json) json_t *config = found;
    out->token = text_of(config, "token");
    out->credentials_path = text_of(config, "client.refresh-credentials-endpoint");
    out->signs_itself = is_true(config, "s3.remote-signing-enabled");
    if (out->token && !rest_is_header_text(view_cstr(out->token)))
        return err_set(err, E_CORRUPT, "config has a token with a byte that no token has");
    return add_vended(config, "", &out->answer, err);
}

must_use static enum code take_table(const struct member *m, struct rest_table *out,
                                     struct err *err)
{
    struct view metadata = m[1].value;
    if (!metadata.ptr || metadata.ptr[0] != '{')
        return err_set(err, E_CORRUPT, "the answer has no metadata");
    buf_put(&out->answer.metadata, metadata.ptr, metadata.len);
    TRY(take_location(m[0].value, out, err));
    TRY(take_config(m[2].value, out, err));
    json_t *found;
    TRY(parse(m[3].value, "storage-credentials", &found, err));
    AUTO(json) json_t *list = found;
    return take_list(list, &out->answer, err);
}

enum code rest_table_parse(struct view body, struct rest_table *out, struct err *err)
{
    struct member m[] = {{.name = "metadata-location"},
                         {.name = "metadata"},
                         {.name = "config"},
                         {.name = "storage-credentials"}};
    AUTO(rest_table) struct rest_table t = {0};
    TRY(member_spans(body, m, 4, err));
    TRY(take_table(m, &t, err));
    *out = t;
    t = (struct rest_table){0};
    return OK;
}

enum code rest_credentials_parse(struct view body, struct catalog_answer *out, struct err *err)
{
    json_error_t why;
    AUTO(catalog_answer) struct catalog_answer a = {0};
    AUTO(json) json_t *root = json_loadb((const char *)body.ptr, body.len, 0, &why);
    const json_t *list = json_object_get(root, "storage-credentials");
    if (!json_is_array(list))
        return err_set(err, E_CORRUPT, "the answer has no storage-credentials");
    TRY(take_list(list, &a, err));
    *out = a;
    a = (struct catalog_answer){0};
    return OK;
}

/* ------------------------------------------------------------------------------ tokens, refusals */

enum code rest_token_parse(struct view body, struct rest_token *out, struct err *err)
{
    json_error_t why;
    AUTO(json) json_t *root = json_loadb((const char *)body.ptr, body.len, 0, &why);
    AUTO(ptr) char *token = text_of(root, "access_token");
    json_int_t life = json_integer_value(json_object_get(root, "expires_in"));
    if (!token || !rest_is_header_text(view_cstr(token)))
        return err_set(err, E_CORRUPT, "the answer has no usable access_token");
    *out = (struct rest_token){token, life > 0 && life < INT32_MAX ? (int64_t)life : 0};
    token = NULL;
    return OK;
}

static const char *string_of(const json_t *object, const char *a, const char *b)
{
    const char *text = json_string_value(json_object_get(object, a));
    return text ? text : json_string_value(json_object_get(object, b));
}

bool rest_refusal(struct view body, char out[static REST_REFUSAL_CAP])
{
    json_error_t why;
    AUTO(json) json_t *root = json_loadb((const char *)body.ptr, body.len, 0, &why);
    const json_t *error = json_object_get(root, "error");
    bool is_iceberg = json_is_object(error);
    const char *type =
        is_iceberg ? string_of(error, "type", "code") : string_of(root, "error", "__type");
    const char *message = is_iceberg ? string_of(error, "message", "message")
                                     : string_of(root, "error_description", "message");
    if (!message)
        message = string_of(root, "Message", "detail");
    char type_shown[80] = "", shown[200] = "";
    if (type)
        view_printable(view_cstr(type), type_shown, sizeof(type_shown));
    if (message)
        view_printable(view_cstr(message), shown, sizeof(shown));
    snprintf(out, REST_REFUSAL_CAP, "%s%s%s", type_shown, type && message ? ": " : "", shown);
    return type || message;
}
