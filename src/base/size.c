#include "base/size.h"

#include <inttypes.h>
#include <stdio.h>
#include <strings.h>

/* The binary ones come largest first, as they are printed. */
static const struct unit {
    const char *name;
    uint64_t bytes;
} units[] = {
    {"TiB", 1ull << 40},
    {"GiB", 1ull << 30},
    {"MiB", 1ull << 20},
    {"KiB", 1ull << 10},
    {"TB", 1000000000000},
    {"GB", 1000000000},
    {"MB", 1000000},
    {"kB", 1000},
    {"B", 1},
    {"", 1},
};
enum { N_UNITS = sizeof(units) / sizeof(units[0]), N_BINARY = 4 };

static enum code refuse(struct view text, struct err *err)
{
    char shown[80];
    return err_set(err, E_INVALID, "'%s' is not a size such as 64MB, 1GiB or 4096",
                   view_printable(text, shown, sizeof(shown)));
}

static const struct unit *unit_named(struct view name)
{
    while (name.len && name.ptr[0] == ' ')
        name = view_of(name.ptr + 1, name.len - 1);
    for (size_t i = 0; i < N_UNITS; i++)
        if (strlen(units[i].name) == name.len &&
            strncasecmp(units[i].name, (const char *)name.ptr, name.len) == 0)
            return &units[i];
    return NULL;
}

enum code size_parse(struct view text, uint64_t *out_bytes, struct err *err)
{
    uint64_t value = 0;
    size_t i = 0;
    for (; i < text.len && text.ptr[i] >= '0' && text.ptr[i] <= '9'; i++)
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, text.ptr[i] - '0', &value))
            return refuse(text, err);
    const struct unit *unit = unit_named(view_of(text.ptr + i, text.len - i));
    if (i == 0 || !unit || __builtin_mul_overflow(value, unit->bytes, &value))
        return refuse(text, err);
    *out_bytes = value;
    return OK;
}

char *size_format(uint64_t bytes, char out[static SIZE_CAP])
{
    const struct unit *best = NULL;
    for (size_t i = N_BINARY; i-- > 0;)
        if (bytes && bytes % units[i].bytes == 0)
            best = &units[i];
    uint64_t n = best ? bytes / best->bytes : bytes;
    snprintf(out, SIZE_CAP, "%" PRIu64 "%s", n, best ? best->name : "");
    return out;
}
