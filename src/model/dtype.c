#include "model/dtype.h"

static const struct {
    const char *name;
    uint8_t width;
    char kind; /* s(tring) b(ool) i(nt) u(nsigned) f(loat) */
} dtypes[DT_COUNT] = {
    [DT_UTF8] = {"utf8", 0, 's'},       [DT_BOOL] = {"bool", 1, 'b'},
    [DT_INT8] = {"int8", 1, 'i'},       [DT_INT16] = {"int16", 2, 'i'},
    [DT_INT32] = {"int32", 4, 'i'},     [DT_INT64] = {"int64", 8, 'i'},
    [DT_UINT8] = {"uint8", 1, 'u'},     [DT_UINT16] = {"uint16", 2, 'u'},
    [DT_UINT32] = {"uint32", 4, 'u'},   [DT_UINT64] = {"uint64", 8, 'u'},
    [DT_FLOAT32] = {"float32", 4, 'f'}, [DT_FLOAT64] = {"float64", 8, 'f'},
};

const char *dtype_name(enum dtype t)
{
    return dtypes[t].name;
}

bool dtype_parse(struct view name, enum dtype *out)
{
    for (int t = 0; t < DT_COUNT; t++)
        if (view_eq_cstr(name, dtypes[t].name)) {
            *out = (enum dtype)t;
            return true;
        }
    return false;
}

size_t dtype_width(enum dtype t)
{
    return dtypes[t].width;
}

bool dtype_is_int(enum dtype t)
{
    return dtypes[t].kind == 'i' || dtypes[t].kind == 'u';
}

bool dtype_is_signed(enum dtype t)
{
    return dtypes[t].kind == 'i';
}

bool dtype_is_key(enum dtype t)
{
    return t == DT_UTF8 || dtype_is_int(t);
}

bool dtype_widens(enum dtype from, enum dtype to)
{
    if (from == to)
        return true;
    bool wider = dtypes[to].width > dtypes[from].width;
    if (dtypes[from].kind == dtypes[to].kind)
        return wider && dtypes[from].kind != 's';
    return wider && dtypes[from].kind == 'u' && dtypes[to].kind == 'i';
}
