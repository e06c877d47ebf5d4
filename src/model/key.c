#include "model/key.h"

#include "base/cursor.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

static enum dtype component_dtype(const struct schema *s, size_t k)
{
    return s->fields[s->key[k]].dtype;
}

void key_put_int(struct buf *out, const struct schema *s, size_t k, uint64_t value)
{
    assert(dtype_is_int(component_dtype(s, k)));
    buf_put(out, &value, dtype_width(component_dtype(s, k)));
}

void key_put_utf8(struct buf *out, const struct schema *s, size_t k, struct view value)
{
    assert(component_dtype(s, k) == DT_UTF8);
    if (k + 1 < s->n_key) {
        uint64_t len = value.len;
        for (; len >= 0x80; len >>= 7)
            buf_put_u8(out, (uint8_t)(len | 0x80));
        buf_put_u8(out, (uint8_t)len);
    }
    buf_put(out, value.ptr, value.len);
}

static bool next_component(const struct schema *s, struct cursor *c, size_t k, struct view *out)
{
    uint64_t len = dtype_width(component_dtype(s, k));
    if (component_dtype(s, k) == DT_UTF8) {
        if (k + 1 == s->n_key)
            len = cur_left(c);
        else if (!cur_uleb(c, &len))
            return false;
    }
    return cur_bytes(c, len, out);
}

enum code key_component(const struct schema *s, struct view key, size_t k, struct view *out_bytes,
                        struct err *err)
{
    struct cursor c = cur_of(key);
    struct view found = {0};
    for (size_t i = 0; i <= k; i++)
        if (!next_component(s, &c, i, &found))
            return err_set(err, E_CORRUPT, "key of %zu bytes ends inside component %zu", key.len,
                           i);
    *out_bytes = found;
    return OK;
}

static uint64_t int_of_bytes(enum dtype t, struct view bytes)
{
    uint64_t value = 0;
    memcpy(&value, bytes.ptr, bytes.len);
    unsigned unused_bits = 64 - 8 * (unsigned)bytes.len;
    if (dtype_is_signed(t))
        value = (uint64_t)((int64_t)(value << unused_bits) >> unused_bits);
    return value;
}

static size_t print_component(enum dtype t, struct view bytes, char *out, size_t cap)
{
    int n;
    if (t == DT_UTF8) {
        char shown[160];
        n = snprintf(out, cap, "\"%s\"", view_printable(bytes, shown, sizeof(shown)));
    } else if (dtype_is_signed(t)) {
        n = snprintf(out, cap, "%" PRId64, (int64_t)int_of_bytes(t, bytes));
    } else {
        n = snprintf(out, cap, "%" PRIu64, int_of_bytes(t, bytes));
    }
    return n < 0 ? 0 : (size_t)n < cap ? (size_t)n : cap - 1;
}

const char *key_printable(const struct schema *s, struct view key, char *out, size_t cap)
{
    size_t used = 0;
    struct cursor c = cur_of(key);
    for (size_t k = 0; k < s->n_key && used + 4 < cap; k++) {
        struct view bytes;
        if (!next_component(s, &c, k, &bytes))
            break;
        if (s->n_key > 1)
            out[used++] = k == 0 ? '[' : ',';
        used += print_component(component_dtype(s, k), bytes, out + used, cap - used - 1);
    }
    if (s->n_key > 1 && used + 1 < cap)
        out[used++] = ']';
    out[used] = '\0';
    return out;
}
