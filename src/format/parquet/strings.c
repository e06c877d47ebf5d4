#include "format/parquet/strings.h"

/* Nothing is copied: views point into the page. The cursor moves only if all strings are there. */
enum code pq_strings_plain(struct cursor *cur, struct view *out, size_t n, struct err *err)
{
    struct cursor c = *cur;
    for (size_t i = 0; i < n; i++) {
        uint32_t len;
        if (!cur_u32le(&c, &len) || !cur_bytes(&c, len, &out[i]))
            return err_set(err, E_CORRUPT, "%zu strings expected, they end after %zu", n, i);
    }
    *cur = c;
    return OK;
}

enum code pq_strings_cut(struct cursor *cur, const uint64_t *lengths, size_t n, struct view *out,
                         struct err *err)
{
    struct cursor c = *cur;
    for (size_t i = 0; i < n; i++)
        if (!cur_bytes(&c, lengths[i], &out[i])) /* a negative length is a very large one */
            return err_set(err, E_CORRUPT, "a string of %lld bytes where %zu are left",
                           (long long)lengths[i], cur_left(&c));
    *cur = c;
    return OK;
}

bool pq_strings_ascii(struct view bytes)
{
    uint64_t all = 0;
    size_t i = 0;
    for (; i + 8 <= bytes.len; i += 8) {
        uint64_t word;
        memcpy(&word, bytes.ptr + i, sizeof(word));
        all |= word;
    }
    for (; i < bytes.len; i++)
        all |= bytes.ptr[i];
    return (all & 0x8080808080808080u) == 0;
}

enum code pq_strings_check(const struct view *strings, size_t n, struct err *err)
{
    for (size_t i = 0; i < n; i++)
        if (!view_is_utf8(strings[i])) {
            char shown[128];
            return err_set(err, E_CORRUPT, "text is not UTF-8: %s",
                           view_printable(strings[i], shown, sizeof(shown)));
        }
    return OK;
}
