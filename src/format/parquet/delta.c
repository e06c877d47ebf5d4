#include "format/parquet/delta.h"

#include "format/parquet/bits.h"

enum { unit = 32 }; /* values unpacked at a time */

static const uint64_t max_per_block = 1u << 30;

enum code pq_delta_init(struct pq_delta *d, struct view bytes, struct err *err)
{
    uint64_t per_block, n_minis, n_values;
    int64_t first;
    struct cursor cur = cur_of(bytes);
    if (bytes.len == 0) { /* a page of nulls alone */
        *d = (struct pq_delta){.cur = cur, .per_mini = unit, .n_minis = 1, .mini_idx = 1};
        return OK;
    }
    if (!cur_uleb(&cur, &per_block) || !cur_uleb(&cur, &n_minis) || !cur_uleb(&cur, &n_values) ||
        !cur_zigzag(&cur, &first))
        return err_set(err, E_CORRUPT, "delta header is cut off");
    if (n_values == 0 && per_block == 0) /* pyarrow writes this head for a page without values */
        per_block = unit, n_minis = 1;
    if (n_minis == 0 || per_block == 0 || per_block > max_per_block || per_block % n_minis != 0 ||
        per_block / n_minis % unit != 0)
        return err_set(err, E_CORRUPT, "delta blocks of %llu values in %llu miniblocks",
                       (unsigned long long)per_block, (unsigned long long)n_minis);
    d->cur = cur;
    d->n_left = n_values;
    d->per_mini = per_block / n_minis;
    d->n_minis = n_minis;
    d->mini_idx = n_minis;
    d->mini_left = 0;
    d->last = (uint64_t)first;
    d->first = n_values > 0;
    d->n_ready = 0;
    d->ready_at = 0;
    return OK;
}

/*
 * A value is the sum of all differences before it, so nothing can be skipped: the page is decoded
 * in order. 32 values are unpacked at a time, since miniblocks are multiples of 32; those that a
 * call does not take wait in ready[]. Sums wrap around, which the format requires: a difference may
 * not fit the type.
 */

static enum code next_block(struct pq_delta *d, struct err *err)
{
    int64_t least;
    struct view widths;
    if (!cur_zigzag(&d->cur, &least) || !cur_bytes(&d->cur, d->n_minis, &widths))
        return err_set(err, E_CORRUPT, "delta block is cut off");
    d->least = (uint64_t)least;
    d->widths = widths.ptr;
    d->mini_idx = 0;
    return OK;
}

static enum code next_mini(struct pq_delta *d, struct err *err)
{
    if (d->mini_idx == d->n_minis)
        TRY(next_block(d, err));
    d->width = d->widths[d->mini_idx++];
    if (d->width > 64)
        return err_set(err, E_CORRUPT, "delta bit width of %u, at most 64 is possible", d->width);
    d->mini_left = d->per_mini;
    return OK;
}

/* Unpack the next 32 differences; the file may end after the last one that counts. */
static enum code unpack_unit(struct pq_delta *d, uint64_t out[static unit], struct err *err)
{
    if (d->mini_left == 0)
        TRY(next_mini(d, err));
    size_t want = (size_t)unit / 8 * d->width;
    struct view packed;
    if (cur_bytes(&d->cur, want, &packed)) {
        bits_unpack32_wide(packed.ptr, d->width, out);
    } else {
        size_t need = d->n_left < unit ? bits_bytes((size_t)d->n_left * d->width) : want;
        uint8_t padded[unit / 8 * 64] = {0};
        if (cur_left(&d->cur) < need)
            return err_set(err, E_CORRUPT, "delta miniblock is cut off");
        memcpy(padded, d->cur.pos, cur_left(&d->cur));
        d->cur.pos = d->cur.end;
        bits_unpack32_wide(padded, d->width, out);
    }
    d->mini_left -= unit;
    uint64_t last = d->last;
    for (unsigned i = 0; i < unit; i++)
        out[i] = last += out[i] + d->least;
    d->last = last;
    return OK;
}

/* Hand out from ready[]. */
static size_t take_ready(struct pq_delta *d, uint64_t *out, size_t n)
{
    size_t take = d->n_ready < n ? d->n_ready : n;
    memcpy(out, d->ready + d->ready_at, take * sizeof(*out));
    d->ready_at += (unsigned)take;
    d->n_ready -= (unsigned)take;
    d->n_left -= take;
    return take;
}

enum code pq_delta_read(struct pq_delta *d, uint64_t *out, size_t n, struct err *err)
{
    if (n > d->n_left)
        return err_set(err, E_CORRUPT, "%zu delta values wanted, %llu left", n,
                       (unsigned long long)d->n_left);
    size_t done = 0;
    if (n && d->first) {
        out[done++] = d->last;
        d->first = false;
        d->n_left--;
    }
    while (done < n) {
        if (d->n_ready) {
            done += take_ready(d, out + done, n - done);
        } else if (n - done >= unit) {
            TRY(unpack_unit(d, out + done, err));
            d->n_left -= unit;
            done += unit;
        } else {
            TRY(unpack_unit(d, d->ready, err));
            d->ready_at = 0;
            d->n_ready = d->n_left < unit ? (unsigned)d->n_left : unit;
        }
    }
    return OK;
}

/* Skip the miniblocks without unpacking them, so that the work depends on the bytes, not on the
 * announced number of values. */
enum code pq_delta_tail(const struct pq_delta *d, struct view *out_tail, struct err *err)
{
    struct pq_delta walk = *d;
    uint64_t n = walk.n_left - walk.first;
    n -= walk.n_ready;
    while (n > 0) {
        if (walk.mini_left == 0)
            TRY(next_mini(&walk, err));
        if (!cur_skip(&walk.cur, walk.mini_left / 8 * walk.width))
            return err_set(err, E_CORRUPT, "delta miniblock is cut off");
        n -= walk.mini_left < n ? walk.mini_left : n;
        walk.mini_left = 0;
    }
    /* The miniblock that holds the last value is there to its end. */
    if (!cur_skip(&walk.cur, walk.mini_left / 8 * walk.width))
        return err_set(err, E_CORRUPT, "delta miniblock is cut off");
    *out_tail = view_of(walk.cur.pos, cur_left(&walk.cur));
    return OK;
}
