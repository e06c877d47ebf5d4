#include "model/dtype.h"

enum kind {
    KIND_TEXT,
    KIND_BOOL,
    KIND_SIGNED,
    KIND_UNSIGNED,
    KIND_FLOAT,
    KIND_BYTES, /* of any length */
    KIND_DATE,
    KIND_TIME, /* has a unit */
    KIND_DECIMAL,
    KIND_OTHER, /* has other parameters */
};

static const struct {
    const char *name;
    uint8_t width; /* bytes; 0: the dtype alone does not say */
    uint8_t kind;
} dtypes[] = {
    [DT_UTF8] = {"utf8", 0, KIND_TEXT},
    [DT_BOOL] = {"bool", 1, KIND_BOOL},
    [DT_INT8] = {"int8", 1, KIND_SIGNED},
    [DT_INT16] = {"int16", 2, KIND_SIGNED},
    [DT_INT32] = {"int32", 4, KIND_SIGNED},
    [DT_INT64] = {"int64", 8, KIND_SIGNED},
    [DT_UINT8] = {"uint8", 1, KIND_UNSIGNED},
    [DT_UINT16] = {"uint16", 2, KIND_UNSIGNED},
    [DT_UINT32] = {"uint32", 4, KIND_UNSIGNED},
    [DT_UINT64] = {"uint64", 8, KIND_UNSIGNED},
    [DT_FLOAT32] = {"float32", 4, KIND_FLOAT},
    [DT_FLOAT64] = {"float64", 8, KIND_FLOAT},
    [DT_BINARY] = {"binary", 0, KIND_BYTES},
    [DT_FLOAT16] = {"float16", 2, KIND_FLOAT},
    [DT_DATE32] = {"date32", 4, KIND_DATE},
    [DT_TIMESTAMP] = {"timestamp", 8, KIND_TIME},
    [DT_DECIMAL128] = {"decimal128", 16, KIND_DECIMAL},
    [DT_LIST] = {"list", 0, KIND_OTHER},
    [DT_FIXED_BINARY] = {"fixed_binary", 0, KIND_OTHER},
    [DT_TIME32] = {"time32", 4, KIND_TIME},
    [DT_TIME64] = {"time64", 8, KIND_TIME},
    [DT_DECIMAL256] = {"decimal256", 32, KIND_DECIMAL},
    [DT_DURATION] = {"duration", 8, KIND_TIME},
};

_Static_assert(sizeof(dtypes) / sizeof(dtypes[0]) == DT_COUNT, "a row for each dtype");

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
    return dtypes[t].kind == KIND_SIGNED || dtypes[t].kind == KIND_UNSIGNED;
}

bool dtype_is_signed(enum dtype t)
{
    return dtypes[t].kind == KIND_SIGNED;
}

bool dtype_is_float(enum dtype t)
{
    return dtypes[t].kind == KIND_FLOAT;
}

bool dtype_is_decimal(enum dtype t)
{
    return dtypes[t].kind == KIND_DECIMAL;
}

bool dtype_has_unit(enum dtype t)
{
    return dtypes[t].kind == KIND_TIME;
}

bool dtype_is_key(enum dtype t)
{
    switch (t) {
    case DT_UTF8:
    case DT_INT8:
    case DT_INT16:
    case DT_INT32:
    case DT_INT64:
    case DT_UINT8:
    case DT_UINT16:
    case DT_UINT32:
    case DT_UINT64:
    case DT_DATE32:
    case DT_TIMESTAMP:
    case DT_TIME32:
    case DT_TIME64:
    case DT_DECIMAL128:
    case DT_DECIMAL256:
    case DT_FIXED_BINARY:
        return true;
    case DT_BOOL:
    case DT_FLOAT16:
    case DT_FLOAT32:
    case DT_FLOAT64:
    case DT_BINARY:
    case DT_LIST:
    case DT_DURATION:
        return false;
    }
    return false;
}

bool dtype_has_parameters(enum dtype t)
{
    return dtype_has_unit(t) || dtype_is_decimal(t) || dtypes[t].kind == KIND_OTHER;
}

/* An unsigned type widens into a signed one only if that is wider: the sign costs a bit. */
bool dtype_widens(enum dtype from, enum dtype to)
{
    if (from == to || (from == DT_UTF8 && to == DT_BINARY))
        return true;
    bool wider = dtypes[to].width > dtypes[from].width;
    if (dtypes[from].kind == dtypes[to].kind)
        return wider && (dtype_is_int(from) || dtype_is_float(from));
    return wider && dtypes[from].kind == KIND_UNSIGNED && dtypes[to].kind == KIND_SIGNED;
}
