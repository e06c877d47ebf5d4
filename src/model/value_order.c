#include "model/value_order.h"

#include "model/half.h"

#include <math.h>
#include <string.h>

#define ORDER(a, b) (((a) > (b)) - ((a) < (b)))

bool type_is_ordered(const struct type *t)
{
    return t->dtype != DT_LIST;
}

static int64_t signed_of(struct view v)
{
    int8_t i8;
    int16_t i16;
    int32_t i32;
    int64_t i64;
    switch (v.len) {
    case 1:
        return memcpy(&i8, v.ptr, 1), i8;
    case 2:
        return memcpy(&i16, v.ptr, 2), i16;
    case 4:
        return memcpy(&i32, v.ptr, 4), i32;
    default:
        return memcpy(&i64, v.ptr, 8), i64;
    }
}

/* Little-endian, zero-extended. */
static uint64_t unsigned_of(struct view v)
{
    uint64_t out = 0;
    memcpy(&out, v.ptr, v.len);
    return out;
}

static double float_of(enum dtype t, struct view v)
{
    uint16_t half;
    float single;
    double wide;
    if (t == DT_FLOAT16)
        return memcpy(&half, v.ptr, sizeof(half)), (double)half_to_float(half);
    if (t == DT_FLOAT32)
        return memcpy(&single, v.ptr, sizeof(single)), (double)single;
    return memcpy(&wide, v.ptr, sizeof(wide)), wide;
}

static int compare_floats(double a, double b)
{
    if (isnan(a) || isnan(b))
        return !isnan(a) - !isnan(b);
    return ORDER(a, b);
}

/* Two's complement, little-endian. */
static int compare_decimals(struct view a, struct view b)
{
    size_t top = a.len - 1;
    if (a.ptr[top] != b.ptr[top])
        return ORDER((int8_t)a.ptr[top], (int8_t)b.ptr[top]);
    while (top > 0 && a.ptr[top - 1] == b.ptr[top - 1])
        top--;
    return top ? ORDER(a.ptr[top - 1], b.ptr[top - 1]) : 0;
}

static int compare_bytes(struct view a, struct view b)
{
    size_t len = a.len < b.len ? a.len : b.len;
    int order = len ? memcmp(a.ptr, b.ptr, len) : 0;
    return order ? order : ORDER(a.len, b.len);
}

int value_compare(const struct type *t, struct view a, struct view b)
{
    switch (t->dtype) {
    case DT_UTF8:
    case DT_BINARY:
    case DT_FIXED_BINARY:
    case DT_LIST:
        return compare_bytes(a, b);
    case DT_BOOL:
    case DT_UINT8:
    case DT_UINT16:
    case DT_UINT32:
    case DT_UINT64:
        return ORDER(unsigned_of(a), unsigned_of(b));
    case DT_INT8:
    case DT_INT16:
    case DT_INT32:
    case DT_INT64:
    case DT_DATE32:
    case DT_TIMESTAMP:
    case DT_TIME32:
    case DT_TIME64:
    case DT_DURATION:
        return ORDER(signed_of(a), signed_of(b));
    case DT_FLOAT16:
    case DT_FLOAT32:
    case DT_FLOAT64:
        return compare_floats(float_of(t->dtype, a), float_of(t->dtype, b));
    case DT_DECIMAL128:
    case DT_DECIMAL256:
        return compare_decimals(a, b);
    }
    return 0;
}
