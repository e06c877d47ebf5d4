#include "format/arrow/arrow_type.h"

#include <stddef.h>

#define AT(member) offsetof(struct arrow_spec, member)

/*
 * From Arrow's format/Schema.fbs (parameters and their defaults) and format/Columnar.rst, "Buffer
 * Listing for Each Layout". A parameter is {bytes of the field, place in the spec, default, what an
 * enum stands for}.
 */
static const struct arrow_kind_facts kinds[KIND_COUNT] = {
    [0] = {.name = "nothing"},
    [KIND_NULL] = {.name = "null", .n_buffers = 0},
    [KIND_INT] = {.name = "int",
                  .n_buffers = 2,
                  .params = {{4, AT(bits), 0, {0}}, {1, AT(is_signed), 0, {0}}}},
    [KIND_FLOAT] = {.name = "float", .n_buffers = 2, .params = {{2, AT(bits), 0, {16, 32, 64}}}},
    [KIND_BINARY] = {.name = "binary", .n_buffers = 3},
    [KIND_UTF8] = {.name = "utf8", .n_buffers = 3},
    [KIND_BOOL] = {.name = "bool", .n_buffers = 2},
    [KIND_DECIMAL] = {.name = "decimal",
                      .n_buffers = 2,
                      .params = {{4, AT(precision), 0, {0}},
                                 {4, AT(scale), 0, {0}},
                                 {4, AT(bits), 128, {0}}}},
    [KIND_DATE] = {.name = "date", .n_buffers = 2, .params = {{2, AT(bits), 1, {32, 64}}}},
    [KIND_TIME] = {.name = "time",
                   .n_buffers = 2,
                   .params = {{2, AT(unit), UNIT_MS, {0}}, {4, AT(bits), 32, {0}}}},
    [KIND_TIMESTAMP] = {.name = "timestamp",
                        .n_buffers = 2,
                        .params = {{2, AT(unit), UNIT_S, {0}}, {4, AT(zone), 0, {0}}}},
    [KIND_INTERVAL] = {.name = "interval", .n_buffers = 2},
    [KIND_LIST] = {.name = "list", .n_buffers = 2},
    [KIND_STRUCT] = {.name = "struct", .n_buffers = 1},
    [KIND_UNION] = {.name = "union", .n_buffers = 1, .params = {{2, AT(mode), 0, {0}}}},
    [KIND_FIXED_BINARY] = {.name = "fixed_binary",
                           .n_buffers = 2,
                           .params = {{4, AT(size), 0, {0}}}},
    [KIND_FIXED_LIST] = {.name = "fixed_size_list",
                         .n_buffers = 1,
                         .params = {{4, AT(size), 0, {0}}}},
    [KIND_MAP] = {.name = "map", .n_buffers = 2},
    [KIND_DURATION] = {.name = "duration", .n_buffers = 2, .params = {{2, AT(unit), UNIT_MS, {0}}}},
    [KIND_LARGE_BINARY] = {.name = "large_binary", .n_buffers = 3},
    [KIND_LARGE_UTF8] = {.name = "large_utf8", .n_buffers = 3},
    [KIND_LARGE_LIST] = {.name = "large_list", .n_buffers = 2},
    [KIND_RUNS] = {.name = "run_end_encoded", .n_buffers = 0},
    [KIND_BINARY_VIEW] = {.name = "binary_view", .n_buffers = 2, .has_blocks = true},
    [KIND_UTF8_VIEW] = {.name = "utf8_view", .n_buffers = 2, .has_blocks = true},
    [KIND_LIST_VIEW] = {.name = "list_view", .n_buffers = 3},
    [KIND_LARGE_LIST_VIEW] = {.name = "large_list_view", .n_buffers = 3},
};

const struct arrow_kind_facts *arrow_kind_facts(enum arrow_kind kind)
{
    return &kinds[kind];
}

struct arrow_spec arrow_spec_of(const struct type *t)
{
    int64_t bits = 8 * (int64_t)dtype_width(t->dtype);
    switch (t->dtype) {
    case DT_UTF8:
        return (struct arrow_spec){.kind = KIND_UTF8};
    case DT_BINARY:
        return (struct arrow_spec){.kind = KIND_BINARY};
    case DT_BOOL:
        return (struct arrow_spec){.kind = KIND_BOOL};
    case DT_INT8:
    case DT_INT16:
    case DT_INT32:
    case DT_INT64:
        return (struct arrow_spec){.kind = KIND_INT, .bits = bits, .is_signed = true};
    case DT_UINT8:
    case DT_UINT16:
    case DT_UINT32:
    case DT_UINT64:
        return (struct arrow_spec){.kind = KIND_INT, .bits = bits};
    case DT_FLOAT16:
    case DT_FLOAT32:
    case DT_FLOAT64:
        return (struct arrow_spec){.kind = KIND_FLOAT, .bits = bits};
    case DT_DATE32:
        return (struct arrow_spec){.kind = KIND_DATE, .bits = bits};
    case DT_TIME32:
    case DT_TIME64:
        return (struct arrow_spec){.kind = KIND_TIME, .bits = bits, .unit = t->unit};
    case DT_TIMESTAMP:
        return (struct arrow_spec){
            .kind = KIND_TIMESTAMP, .unit = t->unit, .zone = view_cstr(t->zone)};
    case DT_DURATION:
        return (struct arrow_spec){.kind = KIND_DURATION, .unit = t->unit};
    case DT_DECIMAL128:
    case DT_DECIMAL256:
        return (struct arrow_spec){
            .kind = KIND_DECIMAL, .bits = bits, .precision = t->precision, .scale = t->scale};
    case DT_FIXED_BINARY:
        return (struct arrow_spec){.kind = KIND_FIXED_BINARY, .size = t->fixed_width};
    case DT_LIST:
        return t->list_size ? (struct arrow_spec){.kind = KIND_FIXED_LIST, .size = t->list_size}
                            : (struct arrow_spec){.kind = KIND_LIST};
    }
    __builtin_unreachable();
}
