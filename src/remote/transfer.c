#include "remote/transfer.h"

#include "base/mem.h"
#include "remote/link_local.h"
#include "remote/transfer_priv.h"

#include <curl/curl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <strings.h>

/*
 * One request and its answer. What a store sends is not trusted to be what was asked for:
 *
 * (1) A 206 must say by Content-Range that it begins where we asked, and that the object has the
 *     listed size; an ETag must be the listed one. Only then does a byte go to the caller's memory,
 *     whose place was computed from the question.
 * (2) A 200 for a range means that the store ignored it. The wanted bytes are taken out of the
 *     whole object, if that is small.
 * (3) Fewer bytes than announced are an error, but those that came are kept: the next attempt asks
 *     for the rest.
 * (4) An answer that goes to `response` is bounded, since nobody knows its size before.
 */

static const uint64_t response_bytes_max = 8u << 20;
static const long receive_buffer_bytes = 512 * 1024;
static const long stalled_bytes_per_s = 1024;
/* (2): a store that ignores Range sends the whole object for each range. */
static const uint64_t whole_bytes_max = 64u << 20;

static void head_copy(char *out, size_t cap, struct view value)
{
    size_t n = value.len < cap ? value.len : 0; /* half of a value would be a wrong value */
    memcpy(out, value.ptr, n);
    out[n] = '\0';
}

static uint64_t digits(struct view v)
{
    uint64_t value = 0;
    for (size_t i = 0; i < v.len && v.ptr[i] >= '0' && v.ptr[i] <= '9' && i < 19; i++)
        value = value * 10 + (v.ptr[i] - '0');
    return value;
}

static int64_t http_date(struct view v)
{
    char text[64];
    head_copy(text, sizeof(text), v);
    time_t t = text[0] ? curl_getdate(text, NULL) : -1;
    return t < 0 ? 0 : (int64_t)t;
}

static void head_line(struct transfer_head *h, const char *name, struct view value)
{
    if (strcasecmp(name, "etag") == 0)
        head_copy(h->etag, sizeof(h->etag), value);
    else if (strcasecmp(name, "x-amz-bucket-region") == 0)
        head_copy(h->region, sizeof(h->region), value);
    else if (strcasecmp(name, "location") == 0)
        head_copy(h->location, sizeof(h->location), value);
    else if (strcasecmp(name, "date") == 0)
        h->date_s = http_date(value);
    else if (strcasecmp(name, "last-modified") == 0)
        h->modified_s = http_date(value);
    else if (strcasecmp(name, "retry-after") == 0)
        h->retry_after_s = (int64_t)digits(value);
    else if (strcasecmp(name, "content-length") == 0)
        h->content_length = digits(value);
}

/* Content-Range, "bytes 0-99/1234"; total is 0 for "*". */
struct content_range {
    uint64_t first, last, total;
};

static bool parse_content_range(const char *text, struct content_range *out)
{
    char total[24];
    if (sscanf(text, "bytes %" SCNu64 "-%" SCNu64 "/%23s", &out->first, &out->last, total) != 3)
        return false;
    out->total = strcmp(total, "*") == 0 ? 0 : digits(view_cstr(total));
    return out->last >= out->first;
}

static size_t header_arrived(char *bytes, size_t size, size_t n, void *owner)
{
    struct transfer *t = owner;
    size_t len = size * n, name_len = 0;
    char name[64];
    if (len >= 5 && memcmp(bytes, "HTTP/", 5) == 0) {
        t->head = (struct transfer_head){0}; /* the head before was a 100 Continue, or a proxy's */
        return len;
    }
    while (name_len < len && bytes[name_len] != ':')
        name_len++;
    if (name_len == len || name_len >= sizeof(name))
        return len;
    memcpy(name, bytes, name_len);
    name[name_len] = '\0';
    struct view value = view_of(bytes + name_len + 1, len - name_len - 1);
    while (value.len && strchr(" \t", value.ptr[0]))
        value = view_of(value.ptr + 1, value.len - 1);
    while (value.len && strchr(" \t\r\n", value.ptr[value.len - 1]))
        value.len--;
    head_line(&t->head, name, value);
    return len;
}

/* The listings of some stores leave out the quotes of ETags. */
static struct view bare_etag(const char *etag)
{
    struct view v = view_cstr(etag);
    bool quoted = v.len >= 2 && v.ptr[0] == '"' && v.ptr[v.len - 1] == '"';
    return quoted ? view_of(v.ptr + 1, v.len - 2) : v;
}

printf_like(2, 3) static void set_fault(struct transfer *t, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vsnprintf(t->loop.fault, sizeof(t->loop.fault), fmt, args);
    va_end(args);
    t->loop.fault_code = E_IO;
}

static bool check_version(struct transfer *t, uint64_t total)
{
    const struct transfer_range *r = &t->range;
    if (r->etag && t->head.etag[0] && !view_eq(bare_etag(t->head.etag), bare_etag(r->etag)))
        set_fault(t, "the object changed: ETag %s, listed as %s", t->head.etag, r->etag);
    else if (total && total != r->object_bytes)
        set_fault(t, "the object changed: %" PRIu64 " bytes, listed with %" PRIu64, total,
                  r->object_bytes);
    else
        return true;
    t->is_changed = true;
    return false;
}

/* Whether a 206 is what was asked for (1). It may have fewer bytes. */
static bool accept_part(struct transfer *t)
{
    const struct transfer_range *r = &t->range;
    struct content_range got = {0};
    struct curl_header *h;
    uint64_t first = r->offset + t->n_received, last = r->offset + r->len - 1;
    if (curl_easy_header(t->loop.easy, "content-range", 0, CURLH_HEADER, -1, &h) != CURLHE_OK ||
        !parse_content_range(h->value, &got)) {
        set_fault(t, "status 206 without a usable Content-Range");
        return false;
    }
    if (!check_version(t, got.total))
        return false;
    if (got.first != first || got.last > last) {
        set_fault(t, "asked for bytes %" PRIu64 "-%" PRIu64 ", got %" PRIu64 "-%" PRIu64, first,
                  last, got.first, got.last);
        return false;
    }
    t->loop.sink = BODY_RANGE;
    return true;
}

/* (2) */
static bool accept_whole(struct transfer *t)
{
    const struct transfer_range *r = &t->range;
    if (!check_version(t, t->head.content_length))
        return false;
    if (t->head.content_length == 0 || r->object_bytes > whole_bytes_max) {
        set_fault(t,
                  "status 200 for a range: the store sends the whole object instead of %" PRIu64
                  " bytes",
                  r->len);
        return false;
    }
    t->loop.n_skip = r->offset + t->n_received;
    t->loop.sink = BODY_RANGE;
    return true;
}

static bool choose_sink(struct transfer *t)
{
    long status = 0;
    curl_easy_getinfo(t->loop.easy, CURLINFO_RESPONSE_CODE, &status);
    if (t->range.len && status == 206)
        return accept_part(t);
    if (t->range.len && status == 200)
        return accept_whole(t);
    t->loop.sink = BODY_RESPONSE;
    return true;
}

static size_t take_range(struct transfer *t, const char *bytes, size_t len)
{
    size_t skipped = t->loop.n_skip < len ? (size_t)t->loop.n_skip : len;
    t->loop.n_skip -= skipped;
    uint64_t left = t->range.len - t->n_received;
    size_t n = len - skipped < left ? len - skipped : (size_t)left;
    if (n)
        memcpy(t->range.out + t->n_received, bytes + skipped, n);
    t->n_received += n;
    if (t->n_received < t->range.len || skipped + n == len)
        return len;
    t->loop.sink = BODY_DONE; /* all wanted bytes are there: abort the rest of a whole body */
    return 0;
}

static size_t body_arrived(char *bytes, size_t size, size_t n, void *owner)
{
    struct transfer *t = owner;
    size_t len = size * n;
    remote_op_count(t->op, t->range.len ? len : 0);
    if (t->loop.sink == BODY_UNKNOWN && !choose_sink(t))
        return 0;
    if (t->loop.sink == BODY_RANGE)
        return take_range(t, bytes, len);
    uint64_t most = t->options->response_max ? t->options->response_max : response_bytes_max;
    if (t->response.len + len > most) {
        set_fault(t, "an answer of more than %" PRIu64 " bytes", most);
        t->loop.fault_code = E_LIMIT;
        return 0;
    }
    buf_put(&t->response, bytes, len);
    return len;
}

/* "Accept:" and "Expect:" without a value keep libcurl from sending its own. With Expect a POST
 * would wait up to a second for a 100 Continue. */
static void put_header_list(struct transfer *t)
{
    struct curl_slist *list = curl_slist_append(NULL, "Accept:");
    list = curl_slist_append(list, "Expect:");
    AUTO(buf) struct buf line = {0};
    for (size_t i = 0, start = 0; i < t->headers.len; i++)
        if (t->headers.ptr[i] == '\n') {
            buf_reset(&line);
            buf_put(&line, t->headers.ptr + start, i - start);
            list = curl_slist_append(list, buf_cstr(&line));
            start = i + 1;
        }
    if (t->range.len && t->range.etag) {
        buf_reset(&line);
        struct view etag = bare_etag(t->range.etag);
        buf_printf(&line, "If-Match: \"%.*s\"", VIEW_ARG(etag));
        list = curl_slist_append(list, buf_cstr(&line));
    }
    t->loop.header_list = list;
    curl_easy_setopt(t->loop.easy, CURLOPT_HTTPHEADER, list);
}

/* Ask for the bytes that are still missing (3). */
static void set_range(struct transfer *t)
{
    char text[64];
    const struct transfer_range *r = &t->range;
    if (r->len == 0)
        return;
    if (r->is_suffix)
        snprintf(text, sizeof(text), "-%" PRIu64, r->len - t->n_received);
    else
        snprintf(text, sizeof(text), "%" PRIu64 "-%" PRIu64, r->offset + t->n_received,
                 r->offset + r->len - 1);
    curl_easy_setopt(t->loop.easy, CURLOPT_RANGE, text);
}

static void set_method(struct transfer *t)
{
    CURL *e = t->loop.easy;
    if (strcmp(t->method, "HEAD") == 0)
        curl_easy_setopt(e, CURLOPT_NOBODY, 1L);
    else if (strcmp(t->method, "GET") != 0) {
        curl_easy_setopt(e, CURLOPT_POST, 1L);
        curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, t->method);
        curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)t->body.len);
        curl_easy_setopt(e, CURLOPT_POSTFIELDS, t->body.len ? (const char *)t->body.ptr : "");
    }
}

static void set_connection(const struct transfer *t)
{
    CURL *e = t->loop.easy;
    const struct transfer_options *o = t->options;
    curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L); /* libcurl would use SIGALRM for DNS timeouts */
    /* A key may have ".." in it. The path must be sent as it was signed. */
    curl_easy_setopt(e, CURLOPT_PATH_AS_IS, 1L);
    /* S3 does not speak HTTP/2. */
    curl_easy_setopt(e, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(e, CURLOPT_BUFFERSIZE, receive_buffer_bytes);
    curl_easy_setopt(e, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, (long)o->connect_timeout_ms);
    curl_easy_setopt(e, CURLOPT_LOW_SPEED_LIMIT, stalled_bytes_per_s);
    curl_easy_setopt(e, CURLOPT_LOW_SPEED_TIME, (long)((o->stall_timeout_ms + 999) / 1000));
    curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)o->timeout_ms);
    if (o->ca_file && o->ca_file[0])
        curl_easy_setopt(e, CURLOPT_CAINFO, o->ca_file);
    if (o->no_proxy)
        curl_easy_setopt(e, CURLOPT_NOPROXY, "*");
    else if (o->proxy && o->proxy[0])
        curl_easy_setopt(e, CURLOPT_PROXY, o->proxy);
}

static curl_socket_t open_socket(void *owner, curlsocktype purpose, struct curl_sockaddr *to)
{
    struct transfer *t = owner;
    (void)purpose;
    if (!addr_is_link_local(&to->addr))
        return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
    set_fault(t, "it leads to a link-local address");
    t->loop.fault_code = E_INVALID;
    return CURL_SOCKET_BAD;
}

static void set_reach(struct transfer *t)
{
    if (!t->options->no_link_local)
        return;
    curl_easy_setopt(t->loop.easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(t->loop.easy, CURLOPT_OPENSOCKETDATA, t);
}

void transfer_easy_open(struct transfer *t)
{
    CURL *e = t->loop.easy = curl_easy_init();
    if (!e)
        abort(); /* no memory */
    t->head = (struct transfer_head){0};
    t->loop.sink = BODY_UNKNOWN;
    t->loop.fault[0] = '\0';
    t->is_changed = false;
    buf_reset(&t->response);
    curl_easy_setopt(e, CURLOPT_URL, buf_cstr(&t->url));
    curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, header_arrived);
    curl_easy_setopt(e, CURLOPT_HEADERDATA, t);
    curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, body_arrived);
    curl_easy_setopt(e, CURLOPT_WRITEDATA, t);
    curl_easy_setopt(e, CURLOPT_PRIVATE, t);
    if (t->loop.share)
        curl_easy_setopt(e, CURLOPT_SHARE, t->loop.share);
    set_connection(t);
    set_reach(t);
    set_method(t);
    set_range(t);
    put_header_list(t);
}

void transfer_easy_close(struct transfer *t)
{
    curl_easy_cleanup(t->loop.easy);
    curl_slist_free_all(t->loop.header_list);
    t->loop.easy = t->loop.header_list = NULL;
}

void transfer_conclude(struct transfer *t, CURLcode result)
{
    long status = 0;
    curl_easy_getinfo(t->loop.easy, CURLINFO_RESPONSE_CODE, &status);
    t->head.status = (int)status;
    /* body_arrived was never called, so nothing has looked at the answer yet. */
    if (result == CURLE_OK && t->range.len && (status == 206 || status == 200) &&
        t->loop.sink == BODY_UNKNOWN)
        set_fault(t, "status %ld with an empty body", status);
    bool is_good = result == CURLE_OK || t->loop.sink == BODY_DONE;
    t->code = OK;
    if (t->loop.fault[0])
        t->code = err_set(&t->err, t->loop.fault_code, "%s", t->loop.fault);
    else if (!is_good)
        t->code = err_set(&t->err, E_IO, "%s", curl_easy_strerror(result));
    else if (t->range.len && (status == 206 || status == 200) && t->n_received < t->range.len)
        t->code = err_set(&t->err, E_IO, "ended after %" PRIu64 " of %" PRIu64 " bytes",
                          t->n_received, t->range.len);
}

static void curl_init(void)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT))
        abort(); /* no memory */
}

void transfer_global_init(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, curl_init);
}

/* Called by libcurl about once a second, and while bytes move. */
static int is_over(void *owner, curl_off_t to_get, curl_off_t got, curl_off_t to_put,
                   curl_off_t put)
{
    struct transfer *t = owner;
    struct err ignored;
    (void)to_get, (void)got, (void)to_put, (void)put;
    return remote_op_check(t->op, &ignored) != OK;
}

void transfer_run(struct transfer *t)
{
    transfer_global_init();
    transfer_easy_open(t);
    curl_easy_setopt(t->loop.easy, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(t->loop.easy, CURLOPT_XFERINFOFUNCTION, is_over);
    curl_easy_setopt(t->loop.easy, CURLOPT_XFERINFODATA, t);
    transfer_conclude(t, curl_easy_perform(t->loop.easy));
    enum code rc = remote_op_check(t->op, &t->err);
    t->code = rc ? rc : t->code;
    transfer_easy_close(t);
}

void transfer_done(struct transfer *t)
{
    buf_done(&t->url);
    buf_done(&t->headers);
    buf_done(&t->response);
}
