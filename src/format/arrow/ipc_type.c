#include "format/arrow/ipc_type.h"

/* The number that an enum stands for; other fields are numbers themselves. */
static int64_t decoded(const struct arrow_param *p, uint64_t raw)
{
    if (p->values[0] == 0)
        return p->bytes == 4 ? (int32_t)(uint32_t)raw : (int64_t)raw;
    return raw < sizeof(p->values) / sizeof(p->values[0]) ? p->values[raw] : 0;
}

static uint64_t encoded(const struct arrow_param *p, int64_t number)
{
    uint64_t raw = 0;
    if (p->values[0] == 0)
        return (uint64_t)number;
    while (p->values[raw] != number)
        raw++;
    return raw;
}

must_use static bool read_param(const struct fb_table *table, unsigned field,
                                const struct arrow_param *p, struct arrow_spec *out)
{
    uint64_t raw;
    if (arrow_param_is_zone(p))
        return fb_string(table, field, &out->zone);
    if (!fb_scalar(table, field, p->bytes, (uint64_t)p->fallback, &raw))
        return false;
    *arrow_spec_number(out, p) = decoded(p, raw);
    return true;
}

bool ipc_type_read(const struct fb_table *table, enum arrow_kind kind, struct arrow_spec *out)
{
    const struct arrow_param *params = arrow_kind_facts(kind)->params;
    *out = (struct arrow_spec){.kind = kind};
    for (unsigned i = 0; i < ARROW_PARAMS_MAX && params[i].bytes; i++)
        if (!read_param(table, i, &params[i], out))
            return false;
    return true;
}

void ipc_type_add(struct flatbuf *fb, size_t reference, const struct arrow_spec *spec)
{
    const struct arrow_param *params = arrow_kind_facts(spec->kind)->params;
    struct arrow_spec s = *spec;
    uint8_t sizes[ARROW_PARAMS_MAX];
    size_t n = 0;
    for (; n < ARROW_PARAMS_MAX && params[n].bytes; n++)
        sizes[n] = arrow_param_is_zone(&params[n]) && s.zone.len == 0 ? 0 : params[n].bytes;
    size_t table = flatbuf_add_table(fb, reference, sizes, n);
    for (size_t i = 0; i < n; i++) {
        if (sizes[i] == 0)
            continue;
        if (arrow_param_is_zone(&params[i]))
            flatbuf_add_string(fb, flatbuf_field(fb, table, i), s.zone);
        else
            flatbuf_set(fb, table, i, encoded(&params[i], *arrow_spec_number(&s, &params[i])),
                        sizes[i]);
    }
}
