#include "format/parquet/levels.h"

#include "format/parquet/bits.h"
#include "format/parquet/values.h"

static unsigned width_of(uint8_t max)
{
    return max > 1 ? 2 : max;
}

void pq_levels_none(struct pq_levels *l, uint8_t max)
{
    l->kind = PQ_LEVELS_NONE;
    l->max = max;
}

enum code pq_levels_hybrid(struct pq_levels *l, uint8_t max, struct view bytes, struct err *err)
{
    l->kind = PQ_LEVELS_HYBRID;
    l->max = max;
    return pq_hybrid_init(&l->hybrid, bytes, width_of(max), err);
}

enum code pq_levels_cut(struct pq_levels *l, uint8_t max, int32_t encoding, size_t n,
                        struct cursor *body, struct err *err)
{
    uint32_t len;
    struct view bytes;
    if (encoding == PQ_BIT_PACKED) {
        l->kind = PQ_LEVELS_BIT_PACKED;
        l->max = max;
        l->idx = 0;
        if (!cur_bytes(body, bits_bytes(n * width_of(max)), &l->bits))
            return err_set(err, E_CORRUPT, "levels are cut off");
        return OK;
    }
    if (encoding != PQ_RLE)
        return err_set(err, E_UNSUPPORTED, "encoding %d of levels is not supported", encoding);
    if (!cur_u32le(body, &len) || !cur_bytes(body, len, &bytes))
        return err_set(err, E_CORRUPT, "levels are cut off");
    return pq_levels_hybrid(l, max, bytes, err);
}

/* Most significant bit first, no gaps. */
static void read_bit_packed(struct pq_levels *l, uint8_t *out, size_t n)
{
    unsigned width = width_of(l->max);
    for (size_t i = 0; i < n; i++) {
        unsigned level = 0;
        for (unsigned b = 0; b < width; b++) {
            size_t at = l->idx++;
            level = level << 1 | (l->bits.ptr[at / 8] >> (7 - at % 8) & 1);
        }
        out[i] = (uint8_t)level;
    }
}

static enum code read_hybrid(struct pq_levels *l, uint8_t *out, size_t n, struct err *err)
{
    for (size_t done = 0; done < n;) {
        size_t some;
        uint32_t same;
        TRY(pq_hybrid_same(&l->hybrid, n - done, &some, &same, err));
        if (some > 0) {
            memset(out + done, (int)(same > UINT8_MAX ? UINT8_MAX : same), some);
            done += some;
            continue;
        }
        uint32_t packed[256];
        pq_hybrid_packed(&l->hybrid, packed, n - done < 256 ? n - done : 256, &some);
        for (size_t i = 0; i < some; i++)
            out[done + i] = (uint8_t)packed[i];
        done += some;
    }
    return OK;
}

enum code pq_levels_read(struct pq_levels *l, uint8_t *out, size_t n, struct err *err)
{
    if (l->kind == PQ_LEVELS_NONE) {
        memset(out, l->max, n);
        return OK;
    }
    if (l->kind == PQ_LEVELS_BIT_PACKED)
        read_bit_packed(l, out, n);
    else
        TRY(read_hybrid(l, out, n, err));
    uint8_t most = 0;
    for (size_t i = 0; i < n; i++)
        most = out[i] > most ? out[i] : most;
    if (most > l->max)
        return err_set(err, E_CORRUPT, "a level of %u, at most %u is possible", most, l->max);
    return OK;
}

enum code pq_levels_bools(struct pq_levels *l, uint8_t *out, size_t n, size_t *out_set,
                          struct err *err)
{
    if (l->kind == PQ_LEVELS_HYBRID)
        return pq_hybrid_bools(&l->hybrid, out, n, out_set, err);
    if (l->kind == PQ_LEVELS_NONE) {
        memset(out, 1, n);
        *out_set = n;
        return OK;
    }
    TRY(pq_levels_read(l, out, n, err));
    size_t n_set = 0;
    for (size_t i = 0; i < n; i++)
        n_set += out[i];
    *out_set = n_set;
    return OK;
}
