/* Any bytes as a body in chunks, at once and byte by byte: the same body, the same end. */
#include "base/buf.h"
#include "base/mem.h"
#include "net/http1/chunked.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum chunked_progress read_in_steps(struct view text, size_t step, struct buf *out,
                                           size_t *used)
{
    struct chunked c = {0};
    enum chunked_progress progress = CHUNKED_MORE;
    for (size_t at = 0; at < text.len && progress == CHUNKED_MORE; at += step) {
        struct view piece, in = view_of(text.ptr + at, step < text.len - at ? step : text.len - at);
        while ((progress = chunked_next(&c, &in, &piece)) == CHUNKED_PIECE)
            buf_put(out, piece.ptr, piece.len);
        *used = (size_t)(in.ptr - text.ptr);
    }
    return progress;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(buf) struct buf whole = {0}, bytewise = {0};
    size_t used = 0, used_bytewise = 0;
    struct view text = view_of(data, size);
    enum chunked_progress progress = read_in_steps(text, size + 1, &whole, &used);
    if (read_in_steps(text, 1, &bytewise, &used_bytewise) != progress ||
        (progress == CHUNKED_END && used != used_bytewise) ||
        (progress != CHUNKED_MALFORMED && !view_eq(buf_view(&whole), buf_view(&bytewise))))
        abort();
    return 0;
}
