#include "model/dtype.h"

static const struct {
    const char *name;
    uint8_t width;
    char kind; /* s(tring) b(ool) i(nt) u(nsigned) f(loat) r(aw bytes) p(arametric) d(ate) */
} dtypes[DT_COUNT] = {
    [DT_UTF8] = {"utf8", 0, 's'},
    [DT_BOOL] = {"bool", 1, 'b'},
    [DT_INT8] = {"int8", 1, 'i'},
    [DT_INT16] = {"int16", 2, 'i'},
    [DT_INT32] = {"int32", 4, 'i'},
    [DT_INT64] = {"int64", 8, 'i'},
    [DT_UINT8] = {"uint8", 1, 'u'},
    [DT_UINT16] = {"uint16", 2, 'u'},
    [DT_UINT32] = {"uint32", 4, 'u'},
    [DT_UINT64] = {"uint64", 8, 'u'},
    [DT_FLOAT32] = {"float32", 4, 'f'},
    [DT_FLOAT64] = {"float64", 8, 'f'},
    [DT_BINARY] = {"binary", 0, 'r'},
    [DT_FLOAT16] = {"float16", 2, 'f'},
    [DT_DATE32] = {"date32", 4, 'd'},
    [DT_TIMESTAMP] = {"timestamp", 8, 'p'},
    [DT_DECIMAL128] = {"decimal128", 16, 'p'},
    [DT_LIST] = {"list", 0, 'p'},
    [DT_FIXED_BINARY] = {"fixed_binary", 0, 'p'},
    [DT_TIME32] = {"time32", 4, 'p'},
    [DT_TIME64] = {"time64", 8, 'p'},
    [DT_DECIMAL256] = {"decimal256", 32, 'p'},
    [DT_DURATION] = {"duration", 8, 'p'},
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
    switch (t) {
    case DT_DATE32:
    case DT_TIMESTAMP:
    case DT_TIME32:
    case DT_TIME64:
    case DT_DECIMAL128:
    case DT_DECIMAL256:
    case DT_FIXED_BINARY:
        return true;
    default:
        return t == DT_UTF8 || dtype_is_int(t);
    }
}

bool dtype_has_parameters(enum dtype t)
{
    return dtypes[t].kind == 'p';
}

bool dtype_widens(enum dtype from, enum dtype to)
{
    if (from == to || (from == DT_UTF8 && to == DT_BINARY))
        return true;
    bool wider = dtypes[to].width > dtypes[from].width;
    char kind = dtypes[from].kind;
    if (kind == dtypes[to].kind)
        return wider && (kind == 'i' || kind == 'u' || kind == 'f');
    return wider && kind == 'u' && dtypes[to].kind == 'i';
}
