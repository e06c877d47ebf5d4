#include "http_client.h"

#include "base/buf.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

int http_dial(unsigned port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((in_port_t)port)};
    struct timeval patience = {.tv_sec = 60};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

bool http_send(int fd, struct view bytes)
{
    while (bytes.len) {
        ssize_t n = send(fd, bytes.ptr, bytes.len, MSG_NOSIGNAL);
        if (n <= 0)
            return false;
        bytes = view_of(bytes.ptr + n, bytes.len - (size_t)n);
    }
    return true;
}

static void receive_all(int fd, struct buf *out)
{
    ssize_t n;
    while ((n = recv(fd, buf_reserve(out, 65536), 65536, 0)) > 0)
        out->len += (size_t)n;
}

static struct http_answer take_apart(struct buf *text, struct arena *arena)
{
    struct http_answer answer = {.head = ""};
    const char *start = buf_cstr(text), *end = strstr(start, "\r\n\r\n");
    if (!end || sscanf(start, "HTTP/1.1 %u", &answer.status) != 1)
        return (struct http_answer){.head = ""};
    size_t head_len = (size_t)(end - start) + 2, body_len = text->len - head_len - 2;
    answer.head = arena_strndup(arena, start, head_len);
    answer.body = view_of(arena_strndup(arena, end + 4, body_len), body_len);
    return answer;
}

struct http_answer http_receive(int fd, struct arena *arena)
{
    AUTO(buf) struct buf text = {0};
    receive_all(fd, &text);
    return take_apart(&text, arena);
}

struct http_answer http_ask(unsigned port, const char *method, const char *path,
                            const char *headers, struct view body, struct arena *arena)
{
    AUTO(buf) struct buf text = {0};
    int fd = http_dial(port);
    if (fd < 0)
        return (struct http_answer){.head = ""};
    buf_printf(&text,
               "%s %s HTTP/1.1\r\nHost: test\r\nConnection: close\r\nContent-Length: %zu\r\n%s\r\n",
               method, path, body.len, headers);
    buf_put(&text, body.ptr, body.len);
    http_send(fd, buf_view(&text));
    struct http_answer answer = http_receive(fd, arena);
    close(fd);
    return answer;
}
