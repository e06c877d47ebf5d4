#include "remote/sigv4.h"

#include "base/mem.h"
#include "remote/uri.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <time.h>

enum { DIGEST_BYTES = 32, DAY_CHARS = 8 };

static void put_hex(struct buf *out, const uint8_t *bytes, size_t n)
{
    static const char hex[] = "0123456789abcdef";
    for (size_t i = 0; i < n; i++) {
        buf_put_u8(out, (uint8_t)hex[bytes[i] >> 4]);
        buf_put_u8(out, (uint8_t)hex[bytes[i] & 15]);
    }
}

char *sigv4_time(int64_t unix_s, char out[static SIGV4_TIME_CAP])
{
    time_t secs = (time_t)unix_s;
    struct tm tm;
    gmtime_r(&secs, &tm);
    if (strftime(out, SIGV4_TIME_CAP, "%Y%m%dT%H%M%SZ", &tm) == 0)
        out[0] = '\0';
    return out;
}

static void digest(struct view bytes, uint8_t out[static DIGEST_BYTES])
{
    unsigned len = DIGEST_BYTES;
    if (EVP_Digest(bytes.ptr, bytes.len, out, &len, EVP_sha256(), NULL) != 1)
        abort(); /* no memory, or an OpenSSL without SHA-256 */
}

void sigv4_hash(struct view bytes, char out[static SIGV4_HASH_CAP])
{
    uint8_t sum[DIGEST_BYTES];
    AUTO(buf) struct buf text = {0};
    digest(bytes, sum);
    put_hex(&text, sum, sizeof(sum));
    memcpy(out, buf_cstr(&text), SIGV4_HASH_CAP);
}

/* --------------------------------------------------------------------------- canonical request */

static int view_compare(struct view a, struct view b)
{
    int order = memcmp(a.ptr, b.ptr, a.len < b.len ? a.len : b.len);
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

static int query_compare(const void *a, const void *b)
{
    const struct sig_pair *x = a, *y = b;
    int order = view_compare(x->name, y->name);
    return order ? order : view_compare(x->value, y->value);
}

/* By the rules, encoded names and values are sorted, not plain ones: '%' comes before letters. */
void sigv4_put_query(struct buf *out, const struct sig_pair *query, size_t n_query)
{
    AUTO(buf) struct buf text = {0};
    AUTO(ptr) struct sig_pair *pairs = mem_alloc((n_query + 1) * sizeof(*pairs));
    for (size_t i = 0; i < n_query; i++) { /* only lengths for now, since the buffer may move */
        size_t start = text.len;
        uri_put_value(&text, query[i].name);
        pairs[i].name.len = text.len - start;
        uri_put_value(&text, query[i].value);
        pairs[i].value.len = text.len - start - pairs[i].name.len;
    }
    buf_cstr(&text);
    const uint8_t *at = text.ptr;
    for (size_t i = 0; i < n_query; i++) {
        pairs[i].name.ptr = at;
        pairs[i].value.ptr = at + pairs[i].name.len;
        at += pairs[i].name.len + pairs[i].value.len;
    }
    if (n_query)
        qsort(pairs, n_query, sizeof(*pairs), query_compare);
    for (size_t i = 0; i < n_query; i++) {
        buf_puts(out, i ? "&" : "");
        buf_put(out, pairs[i].name.ptr, pairs[i].name.len);
        buf_puts(out, "=");
        buf_put(out, pairs[i].value.ptr, pairs[i].value.len);
    }
}

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

static int name_compare(struct view a, struct view b)
{
    for (size_t i = 0; i < a.len && i < b.len; i++)
        if (lower(a.ptr[i]) != lower(b.ptr[i]))
            return lower(a.ptr[i]) - lower(b.ptr[i]);
    return (a.len > b.len) - (a.len < b.len);
}

/* Sort the headers by name. Those of one name must keep their order, which qsort does not
 * promise. */
static struct sig_pair *sort_headers(const struct sigv4_request *req)
{
    struct sig_pair *sorted = mem_alloc((req->n_headers + 1) * sizeof(*sorted));
    for (size_t i = 0; i < req->n_headers; i++) {
        size_t at = i;
        for (; at > 0 && name_compare(sorted[at - 1].name, req->headers[i].name) > 0; at--)
            sorted[at] = sorted[at - 1];
        sorted[at] = req->headers[i];
    }
    return sorted;
}

static void put_lower(struct buf *out, struct view name)
{
    for (size_t i = 0; i < name.len; i++)
        buf_put_u8(out, lower(name.ptr[i]));
}

/* Without blanks at both ends, and with one blank for several inside. */
static void put_trimmed(struct buf *out, struct view value)
{
    bool pending = false, any = false;
    for (size_t i = 0; i < value.len; i++) {
        if (strchr(" \t\r\n", value.ptr[i])) {
            pending = any;
            continue;
        }
        if (pending)
            buf_put_u8(out, ' ');
        buf_put_u8(out, value.ptr[i]);
        pending = false;
        any = true;
    }
}

static void put_headers(struct buf *out, const struct sig_pair *sorted, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        bool again = i && name_compare(sorted[i - 1].name, sorted[i].name) == 0;
        if (!again) {
            buf_puts(out, i ? "\n" : "");
            put_lower(out, sorted[i].name);
        }
        buf_puts(out, again ? "," : ":");
        put_trimmed(out, sorted[i].value);
    }
    buf_puts(out, "\n");
}

static void put_names(struct buf *out, const struct sig_pair *sorted, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (i && name_compare(sorted[i - 1].name, sorted[i].name) == 0)
            continue;
        buf_puts(out, i ? ";" : "");
        put_lower(out, sorted[i].name);
    }
}

void sigv4_put_canonical(struct buf *out, const struct sigv4_request *req)
{
    AUTO(ptr) struct sig_pair *sorted = sort_headers(req);
    buf_printf(out, "%s\n", req->method);
    uri_put_path(out, req->path);
    buf_puts(out, "\n");
    sigv4_put_query(out, req->query, req->n_query);
    buf_puts(out, "\n");
    put_headers(out, sorted, req->n_headers);
    buf_puts(out, "\n");
    put_names(out, sorted, req->n_headers);
    buf_printf(out, "\n%s", req->body_hash);
}

/* ----------------------------------------------------------------------------------- signature */

static void put_scope(struct buf *out, const struct sigv4_key *key, const char *time)
{
    buf_printf(out, "%.*s/%s/%s/aws4_request", DAY_CHARS, time, key->region, key->service);
}

void sigv4_put_string_to_sign(struct buf *out, const struct sigv4_request *req,
                              const struct sigv4_key *key, const char *time)
{
    AUTO(buf) struct buf canonical = {0};
    char hash[SIGV4_HASH_CAP];
    sigv4_put_canonical(&canonical, req);
    sigv4_hash(buf_view(&canonical), hash);
    buf_printf(out, "AWS4-HMAC-SHA256\n%s\n", time);
    put_scope(out, key, time);
    buf_printf(out, "\n%s", hash);
}

static void hmac(const void *key, size_t key_len, struct view text, uint8_t out[DIGEST_BYTES])
{
    unsigned len = DIGEST_BYTES;
    if (!HMAC(EVP_sha256(), key, (int)key_len, text.ptr, text.len, out, &len))
        abort();
}

static void signing_key(const struct sigv4_key *key, const char *time, uint8_t out[DIGEST_BYTES])
{
    AUTO(buf) struct buf secret = {0};
    uint8_t a[DIGEST_BYTES], b[DIGEST_BYTES];
    buf_printf(&secret, "AWS4%s", key->secret_access_key);
    hmac(secret.ptr, secret.len, view_of(time, DAY_CHARS), a);
    hmac(a, sizeof(a), view_cstr(key->region), b);
    hmac(b, sizeof(b), view_cstr(key->service), a);
    hmac(a, sizeof(a), view_cstr("aws4_request"), out);
}

void sigv4_put_authorization(struct buf *out, const struct sigv4_request *req,
                             const struct sigv4_key *key, const char *time)
{
    AUTO(ptr) struct sig_pair *sorted = sort_headers(req);
    AUTO(buf) struct buf text = {0};
    uint8_t derived[DIGEST_BYTES], signature[DIGEST_BYTES];
    sigv4_put_string_to_sign(&text, req, key, time);
    signing_key(key, time, derived);
    hmac(derived, sizeof(derived), buf_view(&text), signature);
    buf_printf(out, "AWS4-HMAC-SHA256 Credential=%s/", key->access_key_id);
    put_scope(out, key, time);
    buf_puts(out, ", SignedHeaders=");
    put_names(out, sorted, req->n_headers);
    buf_puts(out, ", Signature=");
    put_hex(out, signature, sizeof(signature));
}
