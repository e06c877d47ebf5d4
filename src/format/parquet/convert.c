#include "format/parquet/convert.h"

bool pq_is_narrow(enum dtype dtype)
{
    return dtype == DT_INT8 || dtype == DT_INT16 || dtype == DT_UINT8 || dtype == DT_UINT16;
}

/* Convert all and look for misfits afterwards, so that the loop has no branch. */
#define NARROW(type)                                                                            \
    do {                                                                                        \
        int32_t off = 0;                                                                        \
        for (size_t i = 0; i < n; i++) {                                                        \
            ((type *)out)[i] = (type)in[i];                                                     \
            off |= in[i] ^ (int32_t)(type)in[i];                                                \
        }                                                                                       \
        for (size_t i = 0; off && i < n; i++)                                                   \
            if (in[i] != (int32_t)(type)in[i])                                                  \
                return err_set(err, E_CORRUPT, "%d does not fit %s", in[i], dtype_name(dtype)); \
    } while (0)

enum code pq_narrow(enum dtype dtype, const int32_t *in, size_t n, void *out, struct err *err)
{
    if (dtype == DT_INT8)
        NARROW(int8_t);
    else if (dtype == DT_INT16)
        NARROW(int16_t);
    else if (dtype == DT_UINT8)
        NARROW(uint8_t);
    else
        NARROW(uint16_t);
    return OK;
}

/*
 * From the back, so that no value is overwritten before it moved. When as many values are left as
 * rows, all in front stay where they are. Without a branch on `valid`: nulls come as they please.
 */
#define SPREAD(type)                                        \
    do {                                                    \
        type *rows = values;                                \
        size_t from = n_set;                                \
        for (size_t i = n; i-- > from;) {                   \
            from -= valid[i];                               \
            rows[i] = rows[from] & (type) - (type)valid[i]; \
        }                                                   \
    } while (0)

static void spread_views(struct view *rows, const uint8_t *valid, size_t n, size_t n_set)
{
    size_t from = n_set;
    for (size_t i = n; i-- > from;) {
        from -= valid[i];
        rows[i] = valid[i] ? rows[from] : (struct view){0};
    }
}

void pq_spread(void *values, size_t width, const uint8_t *valid, size_t n, size_t n_set)
{
    if (width == 1)
        SPREAD(uint8_t);
    else if (width == 2)
        SPREAD(uint16_t);
    else if (width == 4)
        SPREAD(uint32_t);
    else if (width == 8)
        SPREAD(uint64_t);
    else
        spread_views(values, valid, n, n_set);
}
