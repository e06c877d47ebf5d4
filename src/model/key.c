#include "model/key.h"

#include "base/cursor.h"

#include <assert.h>

static const struct type *component_type(const struct schema *s, size_t k)
{
    return &s->fields[s->key[k]].type;
}

static enum dtype component_dtype(const struct schema *s, size_t k)
{
    return s->fields[s->key[k]].type.dtype;
}

void key_put_int(struct buf *out, const struct schema *s, size_t k, uint64_t value)
{
    assert(dtype_is_int(component_dtype(s, k)));
    buf_put(out, &value, dtype_width(component_dtype(s, k)));
}

void key_put_fixed(struct buf *out, const struct schema *s, size_t k, const void *value)
{
    assert(component_dtype(s, k) != DT_UTF8);
    buf_put(out, value, type_width(component_type(s, k)));
}

/* The length in front keeps ("ab", "c") and ("a", "bc") apart. The last component needs none, as
 * the key ends there. */
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
    uint64_t len = type_width(component_type(s, k));
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
