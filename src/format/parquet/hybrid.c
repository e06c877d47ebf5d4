#include "format/parquet/hybrid.h"

#include "format/parquet/bits.h"

enum code pq_hybrid_init(struct pq_hybrid *h, struct view bytes, unsigned width, struct err *err)
{
    if (width > 32)
        return err_set(err, E_CORRUPT, "a bit width of %u, at most 32 is possible", width);
    h->cur = cur_of(bytes);
    h->width = width;
    h->n_same = 0;
    h->n_packed = 0;
    h->ahead_at = UINT64_MAX;
    return OK;
}

/*
 * Both kinds of runs are handed out piece by piece. Of a packed run, groups of 32 values are
 * unpacked straight to the caller where they fit; a group that a call ends in the middle of is
 * unpacked to `ahead`, from where the next call goes on. A hostile header may announce any number
 * of groups: the bytes that are left decide.
 */

static enum code start_same(struct pq_hybrid *h, uint64_t count, struct err *err)
{
    struct view bytes;
    if (!cur_bytes(&h->cur, (h->width + 7) / 8, &bytes))
        return err_set(err, E_CORRUPT, "a run of equal values is cut off");
    h->same = 0;
    if (bytes.len)
        memcpy(&h->same, bytes.ptr, bytes.len);
    if (h->width < 32 && h->same >> h->width)
        return err_set(err, E_CORRUPT, "a run of %u, more than %u bits", h->same, h->width);
    h->n_same = count;
    return OK;
}

static void start_packed(struct pq_hybrid *h, uint64_t n_groups)
{
    uint64_t left = cur_left(&h->cur);
    if (h->width == 0) { /* eight zeros a group, and no bytes */
        h->same = 0;
        h->n_same = n_groups > UINT64_MAX / 8 ? UINT64_MAX : n_groups * 8;
        return;
    }
    uint64_t bytes = n_groups > left / h->width ? left : n_groups * h->width;
    h->packed = h->cur.pos;
    h->packed_bytes = bytes;
    h->n_packed = bytes * 8 / h->width;
    h->packed_idx = 0;
    h->ahead_at = UINT64_MAX;
    h->cur.pos += bytes;
}

/* Step to a run that has values. Every run takes at least one byte, so the loop ends. */
static enum code next_run(struct pq_hybrid *h, struct err *err)
{
    while (h->n_same == 0 && h->n_packed == 0) {
        uint64_t head;
        if (cur_left(&h->cur) == 0 && h->width == 0) { /* some writers omit the only run */
            h->same = 0;
            h->n_same = UINT64_MAX;
        } else if (!cur_uleb(&h->cur, &head)) {
            return err_set(err, E_CORRUPT, "its runs end too early");
        } else if (head & 1) {
            start_packed(h, head >> 1);
        } else {
            TRY(start_same(h, head >> 1, err));
        }
    }
    return OK;
}

enum code pq_hybrid_same(struct pq_hybrid *h, size_t n, size_t *out_n, uint32_t *out_value,
                         struct err *err)
{
    TRY(next_run(h, err));
    size_t take = h->n_same < n ? (size_t)h->n_same : n;
    h->n_same -= take;
    *out_n = take;
    *out_value = h->same;
    return OK;
}

/* Unpack the 32 values around packed_idx, of which the last may be missing, aside. */
static void look_ahead(struct pq_hybrid *h)
{
    uint64_t at = h->packed_idx / 32 * 32;
    size_t off = (size_t)(at / 8 * h->width);
    size_t want = 4 * (size_t)h->width;
    if (h->packed_bytes - off >= want) {
        bits_unpack32(h->packed + off, h->width, h->ahead);
    } else {
        uint8_t padded[4 * 32] = {0};
        memcpy(padded, h->packed + off, h->packed_bytes - off);
        bits_unpack32(padded, h->width, h->ahead);
    }
    h->ahead_at = at;
}

void pq_hybrid_packed(struct pq_hybrid *h, uint32_t *out, size_t n, size_t *out_n)
{
    size_t take = h->n_packed < n ? (size_t)h->n_packed : n;
    for (size_t done = 0; done < take;) {
        size_t in_block = h->packed_idx % 32;
        if (in_block == 0 && take - done >= 32) {
            bits_unpack32(h->packed + h->packed_idx / 8 * h->width, h->width, out + done);
            h->packed_idx += 32;
            done += 32;
            continue;
        }
        if (h->ahead_at != h->packed_idx - in_block)
            look_ahead(h);
        size_t some = 32 - in_block < take - done ? 32 - in_block : take - done;
        memcpy(out + done, h->ahead + in_block, some * sizeof(*out));
        h->packed_idx += some;
        done += some;
    }
    h->n_packed -= take;
    *out_n = take;
}

static size_t count_set(const uint8_t *bytes, size_t n)
{
    size_t n_set = 0;
    for (size_t i = 0; i < n; i++)
        n_set += bytes[i];
    return n_set;
}

enum code pq_hybrid_bools(struct pq_hybrid *h, uint8_t *out, size_t n, size_t *out_set,
                          struct err *err)
{
    size_t n_set = 0;
    for (size_t done = 0; done < n;) {
        TRY(next_run(h, err));
        size_t left = n - done;
        uint64_t in_run = h->n_same ? h->n_same : h->n_packed;
        size_t take = in_run < left ? (size_t)in_run : left;
        if (h->n_same) {
            memset(out + done, (int)h->same, take);
            n_set += h->same ? take : 0;
            h->n_same -= take;
        } else {
            bits_to_bytes(h->packed, (size_t)h->packed_idx, take, out + done);
            n_set += count_set(out + done, take);
            h->packed_idx += take;
            h->n_packed -= take;
        }
        done += take;
    }
    *out_set = n_set;
    return OK;
}
