#include "format/arrow/ipc_message.h"

#include "format/arrow/fbs.h"

enum { FILE_HEAD_BYTES = 8, FILE_MAGIC_BYTES = 6, FILE_TAIL_BYTES = 4 + FILE_MAGIC_BYTES };

static const uint32_t continuation = 0xFFFFFFFF;
static const char file_magic[] = "ARROW1";

enum code ipc_not_a_stream(struct err *err, const char *why)
{
    return err_set(err, E_INVALID, "not an Arrow IPC stream: %s", why);
}

/* A file is read as the stream it contains. The footer would only give random access, which nobody
 * needs here, so it is cut off, as its first bytes could be taken for a message. */
struct cursor ipc_messages(struct view bytes)
{
    struct cursor c = cur_of(bytes);
    uint32_t footer_bytes;
    if (bytes.len < FILE_HEAD_BYTES + FILE_TAIL_BYTES ||
        memcmp(bytes.ptr, file_magic, FILE_MAGIC_BYTES) != 0 ||
        memcmp(bytes.ptr + bytes.len - FILE_MAGIC_BYTES, file_magic, FILE_MAGIC_BYTES) != 0)
        return c;
    struct view inside =
        view_of(bytes.ptr + FILE_HEAD_BYTES, bytes.len - FILE_HEAD_BYTES - FILE_TAIL_BYTES);
    memcpy(&footer_bytes, inside.ptr + inside.len, sizeof(footer_bytes));
    if (footer_bytes <= inside.len)
        inside.len -= footer_bytes;
    return cur_of(inside);
}

must_use static enum code read_metadata(struct view metadata, struct ipc_message *out,
                                        uint64_t *out_body_bytes, struct err *err)
{
    struct fb_table root;
    uint64_t version;
    if (!fb_root(metadata, &root) || !fb_scalar(&root, MESSAGE_VERSION, 2, 0, &version) ||
        !fb_scalar(&root, MESSAGE_HEADER_TYPE, 1, 0, &out->header_type) ||
        !fb_table(&root, MESSAGE_HEADER, &out->header) || !out->header.present ||
        !fb_scalar(&root, MESSAGE_BODY_LENGTH, 8, 0, out_body_bytes))
        return ipc_not_a_stream(err, "the metadata of a message is damaged");
    if (version != METADATA_V4 && version != METADATA_V5)
        return err_set(err, E_UNSUPPORTED,
                       "the Arrow stream has metadata of version %llu, versions 4 and 5 are read",
                       (unsigned long long)version + 1);
    out->is_v4 = version == METADATA_V4;
    return OK;
}

enum code ipc_message_next(struct cursor *c, struct ipc_message *out, bool *out_more,
                           struct err *err)
{
    uint32_t metadata_bytes;
    uint64_t body_bytes;
    struct view metadata;
    *out_more = false;
    if (cur_left(c) == 0)
        return OK;
    if (!cur_u32le(c, &metadata_bytes) ||
        (metadata_bytes == continuation && !cur_u32le(c, &metadata_bytes)))
        return ipc_not_a_stream(err, "it ends inside the length of a message");
    if (metadata_bytes == 0) {
        c->pos = c->end; /* bytes after the end marker do not belong to the stream */
        return OK;
    }
    if (!cur_bytes(c, metadata_bytes, &metadata))
        return ipc_not_a_stream(err, "it ends inside a message");
    TRY(read_metadata(metadata, out, &body_bytes, err));
    if (!cur_bytes(c, body_bytes, &out->body))
        return ipc_not_a_stream(err, "it ends inside the body of a message");
    *out_more = true;
    return OK;
}
