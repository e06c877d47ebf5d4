/* Any bytes as the head of a request, at once and byte by byte: the same end, and strings that lie
 * in it. */
#include "net/http1/head.h"

#include <string.h>
#include <strings.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum head_progress scan_bytewise(struct view bytes, size_t *seen)
{
    enum head_progress progress = HEAD_PARTIAL;
    for (size_t len = 0; len <= bytes.len && progress == HEAD_PARTIAL; len++)
        progress = head_scan(view_of(bytes.ptr, len), seen);
    return progress;
}

/* What was taken says one thing only: no byte of a head that another reader could take for an end
 * of a line. */
static void check_head(const struct http_head *h)
{
    size_t n_lengths = 0, n_hosts = 0;
    for (size_t i = 0; i < h->n_fields; i++) {
        if (!h->fields[i].name[0] || strpbrk(h->fields[i].name, " \t\r\n:") ||
            strpbrk(h->fields[i].value, "\r\n"))
            abort();
        n_lengths += strcasecmp(h->fields[i].name, "Content-Length") == 0;
        n_hosts += strcasecmp(h->fields[i].name, "Host") == 0;
    }
    if (n_lengths > 1 || n_hosts > 1 || (n_lengths && h->is_chunked) || !h->path[0] ||
        strpbrk(h->path, " ?#\r\n") || (h->host && !h->host[0]))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(arena) struct arena arena = {0};
    struct view bytes = view_of(data, size);
    struct http_head head;
    struct err err;
    size_t seen = 0, seen_bytewise = 0;
    enum head_progress progress = head_scan(bytes, &seen);
    if (scan_bytewise(bytes, &seen_bytewise) != progress ||
        (progress == HEAD_WHOLE && seen != seen_bytewise))
        abort();
    if (progress != HEAD_WHOLE)
        return 0;
    char *text = arena_strndup(&arena, data, seen);
    if (head_parse(text, seen, &arena, &head, &err) == OK)
        check_head(&head);
    return 0;
}
