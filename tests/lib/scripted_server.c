#include "scripted_server.h"

#include "base/mem.h"
#include "net/http1/server.h"

#include <pthread.h>
#include <stdio.h>

enum { ANSWERS_MAX = 16 };

struct scripted_server {
    struct http_server *http;
    char url[64];
    pthread_mutex_t lock; /* guards the rest */
    struct scripted_answer answers[ANSWERS_MAX];
    unsigned n_used[ANSWERS_MAX];
    size_t n;
    struct buf asked, shown;
};

static void note(struct scripted_server *s, const struct http_request *req)
{
    static const char *const queries[] = {"warehouse", "snapshots"};
    static const char *const headers[] = {"authorization", "if-none-match",
                                          "x-iceberg-access-delegation", "x-test"};
    buf_printf(&s->asked, "%s %s", req->method, req->path);
    for (size_t i = 0; i < 2; i++) {
        struct http_values v = http_request_query_values(req, queries[i]);
        if (v.n)
            buf_printf(&s->asked, "?%s=%.*s", queries[i], VIEW_ARG(v.values[0]));
    }
    if (req->body.len)
        buf_printf(&s->asked, " %.*s", VIEW_ARG(req->body));
    for (size_t i = 0; i < 4; i++) {
        const char *value = http_request_header(req, headers[i]);
        if (value)
            buf_printf(&s->asked, " %s=%s", headers[i], value);
    }
    buf_puts(&s->asked, "\n");
}

static void put_body(const struct scripted_server *s, const char *body, struct http_response *res)
{
    struct buf out = {0};
    const char *at;
    while ((at = strstr(body, "%BASE%"))) {
        buf_put(&out, body, (size_t)(at - body));
        buf_puts(&out, s->url);
        body = at + strlen("%BASE%");
    }
    buf_puts(&out, body);
    res->body_len = out.len;
    res->body = out.len ? buf_detach(&out) : NULL;
    buf_done(&out);
}

static void answer(void *app, const struct http_request *req, struct http_response *res)
{
    struct scripted_server *s = app;
    pthread_mutex_lock(&s->lock);
    note(s, req);
    res->status = 404;
    for (size_t i = 0; i < s->n; i++) {
        const struct scripted_answer *a = &s->answers[i];
        if (strcmp(a->path, req->path) != 0 || (a->n && s->n_used[i] == a->n))
            continue;
        s->n_used[i]++;
        res->status = a->status;
        put_body(s, a->body ? a->body : "", res);
        if (a->header[0]) {
            struct http_response ignored = {0};
            struct buf value = {0};
            put_body(s, a->header[1], &ignored);
            buf_put(&value, ignored.body, ignored.body_len);
            char *text = arena_strndup(req->arena, buf_cstr(&value), value.len);
            res->headers[res->n_headers].name = a->header[0];
            res->headers[res->n_headers++].value = text;
            free(ignored.body);
            buf_done(&value);
        }
        break;
    }
    pthread_mutex_unlock(&s->lock);
}

struct scripted_server *scripted_server_open(void)
{
    struct scripted_server *s = mem_zalloc(sizeof(*s));
    struct http_config http = {.host = "127.0.0.1",
                               .threads = 2,
                               .max_body_bytes = 10000,
                               .max_answer_bytes = 1 << 24,
                               .max_connections = 50,
                               .timeout_ms = 10000,
                               .idle_timeout_ms = 10000,
                               .max_upload_files = 10};
    struct err err;
    pthread_mutex_init(&s->lock, NULL);
    if (http_server_open(&http, answer, s, &s->http, &err))
        abort();
    snprintf(s->url, sizeof(s->url), "http://127.0.0.1:%u", http_server_port(s->http));
    return s;
}

void scripted_server_close(struct scripted_server *s)
{
    http_server_close(s->http);
    pthread_mutex_destroy(&s->lock);
    buf_done(&s->asked);
    buf_done(&s->shown);
    free(s);
}

const char *scripted_server_url(const struct scripted_server *s)
{
    return s->url;
}

void scripted_server_play(struct scripted_server *s, const struct scripted_answer *answers,
                          size_t n)
{
    if (n > ANSWERS_MAX)
        abort();
    pthread_mutex_lock(&s->lock);
    memcpy(s->answers, answers, n * sizeof(*answers));
    memset(s->n_used, 0, sizeof(s->n_used));
    s->n = n;
    buf_reset(&s->asked);
    pthread_mutex_unlock(&s->lock);
}

const char *scripted_server_asked(struct scripted_server *s)
{
    pthread_mutex_lock(&s->lock);
    buf_reset(&s->shown);
    buf_put(&s->shown, s->asked.ptr, s->asked.len);
    buf_reset(&s->asked);
    const char *text = buf_cstr(&s->shown);
    pthread_mutex_unlock(&s->lock);
    return text;
}
