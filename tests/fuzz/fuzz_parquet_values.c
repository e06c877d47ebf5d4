/*
 * The input is the values of a page in any encoding of any physical type:
 *
 *     u8   physical type, lowest 3 bits; bit 3: text; bit 4: read in small pieces
 *     u8   encoding
 *     u8   width of FIXED, less 1
 *     u8   entries of the dictionary
 *     u16  bytes of the dictionary, which follow; then the values
 */
#include "base/mem.h"
#include "format/parquet/values.h"

#include <assert.h>

enum { max_values = 5000, piece = 700 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile unsigned seen; /* so that bytes are really read */

struct input {
    struct pq_leaf leaf;
    bool small_pieces;
    uint8_t encoding, n_entries;
    struct view dictionary, values;
};

static bool take_input(struct view bytes, struct input *in)
{
    struct cursor c = cur_of(bytes);
    uint8_t head, width, low, high;
    if (!cur_u8(&c, &head) || !cur_u8(&c, &in->encoding) || !cur_u8(&c, &width) ||
        !cur_u8(&c, &in->n_entries) || !cur_u8(&c, &low) || !cur_u8(&c, &high) ||
        !cur_bytes(&c, low | (uint64_t)high << 8, &in->dictionary))
        return false;
    in->leaf.physical = (enum pq_physical)(head & 7);
    in->leaf.fixed_width = width + 1u;
    in->leaf.type.dtype = head & 8 ? DT_UTF8 : DT_BINARY;
    in->small_pieces = head & 16;
    in->values = view_of(c.pos, cur_left(&c));
    return true;
}

static enum code load_dictionary(struct pq_dict *dict, const struct input *in, struct err *err)
{
    bool is_text = in->leaf.type.dtype == DT_UTF8;
    if (in->leaf.physical == PQ_BYTE_ARRAY)
        return pq_dict_load_strings(dict, in->dictionary, in->n_entries, is_text, err);
    return pq_dict_load(dict, in->dictionary, in->n_entries, pq_values_width(&in->leaf), err);
}

static void check_strings(const struct input *in, const struct view *strings, size_t n)
{
    unsigned sum = 0;
    for (size_t i = 0; i < n; i++) {
        assert(in->leaf.type.dtype != DT_UTF8 || view_is_utf8(strings[i]));
        sum += strings[i].len ? strings[i].ptr[strings[i].len - 1] : 0u;
    }
    seen += sum;
}

static void read_values(struct pq_values *v, struct pq_joined *joined, const struct input *in)
{
    struct err err;
    size_t n = in->small_pieces ? 7 : piece;
    AUTO(ptr) uint8_t *out = mem_alloc(n * v->width);
    for (size_t done = 0; done < max_values; done += n) {
        pq_joined_turn(joined);
        if (pq_values_read(v, out, n, &err))
            return;
        if (in->leaf.physical == PQ_BYTE_ARRAY)
            check_strings(in, (const struct view *)(const void *)out, n);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in;
    struct err err;
    struct pq_dict dict = {0};
    struct pq_joined joined = {.max_bytes = 1 << 20};
    struct pq_values v;
    if (!take_input(view_of(data, size), &in))
        return 0;
    if (in.dictionary.len == 0 || load_dictionary(&dict, &in, &err) == OK)
        if (pq_values_init(&v, &in.leaf, in.encoding, in.values, &dict, &joined, &err) == OK)
            read_values(&v, &joined, &in);
    pq_dict_done(&dict);
    pq_joined_done(&joined);
    return 0;
}
