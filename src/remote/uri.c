#include "remote/uri.h"

static bool is_unreserved(uint8_t c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

static void put_encoded(struct buf *out, struct view bytes, uint8_t kept)
{
    static const char hex[] = "0123456789ABCDEF";
    for (size_t i = 0; i < bytes.len; i++) {
        uint8_t c = bytes.ptr[i];
        if (is_unreserved(c) || c == kept) {
            buf_put_u8(out, c);
            continue;
        }
        buf_put_u8(out, '%');
        buf_put_u8(out, (uint8_t)hex[c >> 4]);
        buf_put_u8(out, (uint8_t)hex[c & 15]);
    }
}

void uri_put_path(struct buf *out, struct view bytes)
{
    put_encoded(out, bytes, '/');
}

void uri_put_value(struct buf *out, struct view bytes)
{
    put_encoded(out, bytes, '~'); /* '~' is unreserved: nothing else is kept */
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

void uri_put_decoded(struct buf *out, struct view text)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.ptr[i];
        int high = c == '%' && i + 2 < text.len ? hex_digit(text.ptr[i + 1]) : -1;
        int low = high >= 0 ? hex_digit(text.ptr[i + 2]) : -1;
        if (low >= 0) {
            buf_put_u8(out, (uint8_t)(high << 4 | low));
            i += 2;
        } else {
            buf_put_u8(out, c == '+' ? ' ' : c);
        }
    }
}

static struct view until(struct view v, const char *stops)
{
    size_t n = 0;
    while (n < v.len && !strchr(stops, v.ptr[n]))
        n++;
    return view_of(v.ptr, n);
}

static struct view after(struct view v, size_t n)
{
    return view_of(v.ptr + n, v.len - n);
}

enum code uri_parse(const char *url, struct uri *out_uri, struct err *err)
{
    struct uri u = {0};
    bool secure = strncmp(url, "https://", 8) == 0;
    if (!secure && strncmp(url, "http://", 7) != 0)
        return err_set(err, E_INVALID, "must begin with http:// or https://");
    u.scheme = view_of(url, secure ? 5 : 4);
    struct view rest = view_cstr(url + u.scheme.len + 3);
    struct view authority = until(rest, "/?#");
    u.path = after(rest, authority.len);
    bool bracketed = authority.len && authority.ptr[0] == '[';
    u.host = until(authority, bracketed ? "]" : ":");
    if (bracketed && u.host.len < authority.len)
        u.host.len++;
    struct view port = after(authority, u.host.len);
    if (port.len && port.ptr[0] == ':')
        u.port = after(port, 1);
    for (size_t i = 0; i < u.port.len; i++)
        if (u.port.ptr[i] < '0' || u.port.ptr[i] > '9')
            return err_set(err, E_INVALID, "has a port that is not a number");
    for (size_t i = 0; i < u.host.len; i++)
        if (u.host.ptr[i] <= ' ' || u.host.ptr[i] == '@')
            return err_set(err, E_INVALID, "has a host with a blank or an '@' in it");
    if (u.host.len == 0)
        return err_set(err, E_INVALID, "has no host");
    *out_uri = u;
    return OK;
}

bool uri_host_is_bare(struct view host)
{
    bool has_dot = false, only_digits = true;
    if (host.len && host.ptr[0] == '[')
        return true;
    for (size_t i = 0; i < host.len; i++) {
        uint8_t c = host.ptr[i];
        has_dot = has_dot || c == '.';
        only_digits = only_digits && (c == '.' || (c >= '0' && c <= '9'));
    }
    return only_digits || !has_dot;
}
