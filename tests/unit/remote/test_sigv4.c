/* The signer against the vectors of aws-c-auth, where they are; and what S3 signs otherwise. */
#include "test.h"

#include "base/file.h"
#include "base/mem.h"
#include "remote/sigv4.h"
#include "remote/uri.h"

#include <jansson.h>
#include <stdio.h>
#include <strings.h>
#include <unistd.h>

static const char vectors_dir[] =
    "../shared/corpus/sigv4/aws-c-auth/tests/aws-signing-test-suite/v4";

enum { MAX_PAIRS = 16 };

/* A vector, parsed. Views point into `text`. */
struct vector_case {
    struct buf text, path, query_text;
    json_t *context;
    char method[16];
    struct sig_pair query[MAX_PAIRS], headers[MAX_PAIRS];
    size_t n_query, n_headers;
    struct view body;
    char time[SIGV4_TIME_CAP], hash[SIGV4_HASH_CAP];
};

static void vector_case_done(struct vector_case *v)
{
    buf_done(&v->text);
    buf_done(&v->path);
    buf_done(&v->query_text);
    json_decref(v->context);
}

static const char *context_string(const struct vector_case *v, const char *name)
{
    const char *s = json_string_value(json_object_get(v->context, name));
    if (!s)
        s = json_string_value(json_object_get(json_object_get(v->context, "credentials"), name));
    return s;
}

static void read_to(const char *name, const char *file, struct buf *out)
{
    char path[PATH_CAP];
    struct err err;
    assert_ok(path_format(path, &err, "%s/%s/%s", vectors_dir, name, file));
    assert_ok(file_read(path, 1 << 20, out, &err));
    buf_cstr(out);
}

/* "/a/../b//c/." as RFC 3986 removes dot segments, and without double slashes: services other than
 * S3 sign that. */
static void normalize(struct buf *path)
{
    AUTO(buf) struct buf out = {0};
    const char *p = buf_cstr(path);
    bool ends_open = path->ptr[path->len - 1] == '/';
    while (*p) {
        p += strspn(p, "/");
        size_t len = strcspn(p, "/");
        ends_open = ends_open || (p[len] == '\0' && len && p[0] == '.');
        if (len == 2 && memcmp(p, "..", 2) == 0) {
            while (out.len && out.ptr[--out.len] != '/') {
            }
        } else if (len && !(len == 1 && p[0] == '.')) {
            buf_puts(&out, "/");
            buf_put(&out, p, len);
        }
        p += len;
    }
    if (out.len == 0 || ends_open)
        buf_puts(&out, "/");
    buf_reset(path);
    buf_put(path, out.ptr, out.len);
}

static void add(struct sig_pair *pairs, size_t *n, struct view name, struct view value)
{
    assert_true(*n < MAX_PAIRS);
    pairs[(*n)++] = (struct sig_pair){name, value};
}

static struct view decoded(struct buf *store, const char *text, size_t len)
{
    size_t start = store->len;
    uri_put_decoded(store, view_of(text, len));
    return view_of(store->ptr + start, store->len - start);
}

static void parse_query(struct vector_case *v, const char *p)
{
    buf_reserve(&v->query_text, strlen(p)); /* so that it does not move */
    while (*p) {
        size_t len = strcspn(p, "&"), name_len = strcspn(p, "=&");
        size_t value_at = name_len < len ? name_len + 1 : len;
        struct view name = decoded(&v->query_text, p, name_len);
        add(v->query, &v->n_query, name, decoded(&v->query_text, p + value_at, len - value_at));
        p += len + (p[len] == '&');
    }
}

/* Lines that begin with a blank go on with the value above. */
static char *parse_headers(struct vector_case *v, char *line)
{
    while (*line && *line != '\n') {
        size_t name_len = strcspn(line, ":\n"), len = strcspn(line, "\n");
        while (line[len] && (line[len + 1] == ' ' || line[len + 1] == '\t'))
            len += 1 + strcspn(line + len + 1, "\n");
        add(v->headers, &v->n_headers, view_of(line, name_len),
            view_of(line + name_len + 1, len - name_len - 1));
        line += len + (line[len] == '\n');
    }
    return line;
}

static void parse_request(struct vector_case *v)
{
    char *line = (char *)v->text.ptr;
    size_t method_len = strcspn(line, " "), line_len = strcspn(line, "\n");
    snprintf(v->method, sizeof(v->method), "%.*s", (int)method_len, line);
    size_t target_len = line_len - strlen(" HTTP/1.1") - method_len - 1;
    AUTO(ptr) char *target = mem_strndup(line + method_len + 1, target_len);
    char *question = strchr(target, '?');
    if (question) {
        *question = '\0';
        parse_query(v, question + 1);
    }
    uri_put_decoded(&v->path, view_cstr(target));
    if (json_is_true(json_object_get(v->context, "normalize")))
        normalize(&v->path);
    char *rest = parse_headers(v, line + line_len + 1);
    v->body = view_cstr(rest + (*rest == '\n'));
}

static void add_signed(struct vector_case *v)
{
    const char *token = context_string(v, "token");
    bool sign_body = json_is_true(json_object_get(v->context, "sign_body"));
    sigv4_hash(v->body, v->hash);
    if (sign_body)
        add(v->headers, &v->n_headers, view_cstr("X-Amz-Content-Sha256"), view_cstr(v->hash));
    add(v->headers, &v->n_headers, view_cstr("X-Amz-Date"), view_cstr(v->time));
    if (token && !json_is_true(json_object_get(v->context, "omit_session_token")))
        add(v->headers, &v->n_headers, view_cstr("X-Amz-Security-Token"), view_cstr(token));
}

/* The seconds of "2015-08-30T12:36:00Z", which all vectors are of. */
static const int64_t vectors_time_s = 1440938160;

static void vector_matches(void **state)
{
    const char *name = *state;
    if (access(vectors_dir, R_OK) != 0) {
        printf("skipped: %s is not here\n", vectors_dir);
        skip();
    }
    AUTO(vector_case) struct vector_case v = {0};
    AUTO(buf) struct buf context = {0}, canonical = {0}, to_sign = {0}, value = {0}, want = {0};
    read_to(name, "request.txt", &v.text);
    read_to(name, "context.json", &context);
    v.context = json_loadb((char *)context.ptr, context.len, 0, NULL);
    assert_string_equal(context_string(&v, "timestamp"), "2015-08-30T12:36:00Z");
    sigv4_time(vectors_time_s, v.time);
    parse_request(&v);
    add_signed(&v);
    struct sigv4_request req = {v.method,  buf_view(&v.path), v.query, v.n_query,
                                v.headers, v.n_headers,       v.hash};
    struct sigv4_key key = {context_string(&v, "access_key_id"),
                            context_string(&v, "secret_access_key"), context_string(&v, "region"),
                            context_string(&v, "service")};
    sigv4_put_canonical(&canonical, &req);
    read_to(name, "header-canonical-request.txt", &want);
    assert_string_equal(buf_cstr(&canonical), buf_cstr(&want));
    buf_reset(&want);
    sigv4_put_string_to_sign(&to_sign, &req, &key, v.time);
    read_to(name, "header-string-to-sign.txt", &want);
    assert_string_equal(buf_cstr(&to_sign), buf_cstr(&want));
    buf_reset(&want);
    sigv4_put_authorization(&value, &req, &key, v.time);
    read_to(name, "header-signature.txt", &want);
    assert_non_null(strstr(buf_cstr(&value), buf_cstr(&want)));
}

static void sigv4_signs_the_path_of_an_odd_key_once_encoded(void **state)
{
    (void)state;
    AUTO(buf) struct buf canonical = {0};
    struct sigv4_request req = {.method = "GET",
                                .path = view_cstr("/b//a b/../%2F+=\xc3\xbc"),
                                .body_hash = SIGV4_EMPTY_HASH};
    sigv4_put_canonical(&canonical, &req);
    assert_non_null(strstr(buf_cstr(&canonical), "GET\n/b//a%20b/../%252F%2B%3D%C3%BC\n\n"));
}

static void sigv4_sorts_the_query_by_what_is_sent(void **state)
{
    (void)state;
    AUTO(buf) struct buf out = {0};
    struct sig_pair query[] = {{view_cstr("prefix"), view_cstr("a/b c")},
                               {view_cstr("list-type"), view_cstr("2")},
                               {view_cstr("delimiter"), view_cstr("/")},
                               {view_cstr("acl"), view_cstr("")}};
    sigv4_put_query(&out, query, 4);
    assert_string_equal(buf_cstr(&out), "acl=&delimiter=%2F&list-type=2&prefix=a%2Fb%20c");
}

static void empty_hash_is_that_of_nothing(void **state)
{
    (void)state;
    char hash[SIGV4_HASH_CAP];
    sigv4_hash((struct view){0}, hash);
    assert_string_equal(hash, SIGV4_EMPTY_HASH);
}

int main(void)
{
#define VECTOR(name)                                                                \
    {                                                                               \
        "sigv4_vector_" name, vector_matches, NULL, NULL, (void *)(uintptr_t)(name) \
    }
    const struct CMUnitTest tests[] = {
        VECTOR("get-header-value-multiline"),
        VECTOR("get-header-value-order"),
        VECTOR("get-header-value-trim"),
        VECTOR("get-relative-relative-normalized"),
        VECTOR("get-relative-relative-unnormalized"),
        VECTOR("get-slash-dot-slash-unnormalized"),
        VECTOR("get-slash-normalized"),
        VECTOR("get-slash-pointless-dot-normalized"),
        VECTOR("get-slash-unnormalized"),
        VECTOR("get-space-normalized"),
        VECTOR("get-space-unnormalized"),
        VECTOR("get-utf8"),
        VECTOR("get-vanilla"),
        VECTOR("get-vanilla-empty-query-key"),
        VECTOR("get-vanilla-query"),
        VECTOR("get-vanilla-query-order-encoded"),
        VECTOR("get-vanilla-query-unreserved"),
        VECTOR("get-vanilla-utf8-query"),
        VECTOR("get-vanilla-with-session-token"),
        VECTOR("post-header-key-sort"),
        VECTOR("post-sts-header-after"),
        VECTOR("post-sts-header-before"),
        VECTOR("post-vanilla"),
        VECTOR("post-vanilla-query"),
        VECTOR("post-x-www-form-urlencoded"),
        cmocka_unit_test(sigv4_signs_the_path_of_an_odd_key_once_encoded),
        cmocka_unit_test(sigv4_sorts_the_query_by_what_is_sent),
        cmocka_unit_test(empty_hash_is_that_of_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
