/* Any bytes as an Avro file: an error or records, nothing else. What is read is read whole, so that
 * a view outside the file shows. */
#include "base/mem.h"
#include "format/avro/file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned sum_bytes(struct view v)
{
    unsigned sum = 0;
    for (size_t i = 0; i < v.len; i++)
        sum += v.ptr[i];
    return sum;
}

static unsigned sum_value(const struct avro_value *v)
{
    unsigned sum = 0;
    switch (v->type->kind) {
    case AVRO_UNION:
        abort();
    case AVRO_ENUM:
        return (unsigned)v->type->symbols[v->integer][0];
    case AVRO_BYTES:
    case AVRO_STRING:
    case AVRO_FIXED:
        return sum_bytes(v->bytes);
    case AVRO_RECORD:
    case AVRO_ARRAY:
    case AVRO_MAP:
        for (size_t i = 0; i < v->n_items; i++)
            sum += sum_value(&v->items[i]);
        return sum;
    case AVRO_BOOLEAN:
        return v->boolean;
    case AVRO_INT:
    case AVRO_LONG:
        return (unsigned)v->integer;
    case AVRO_FLOAT:
    case AVRO_DOUBLE:
        return v->number > 0;
    case AVRO_NULL:
        return 0;
    }
    abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct avro_limits limits = {
        .schema_bytes = 1 << 16,
        .block_bytes = 1 << 20,
        .record_bytes = 1 << 18,
        .n_values = 100000,
    };
    struct avro_file *f;
    const struct avro_value *v;
    struct view text;
    struct err err;
    if (avro_open(view_of(data, size), &limits, &f, &err))
        return 0;
    unsigned sum = avro_metadata(f, "partition-spec", &text) ? sum_bytes(text) : 0;
    while (avro_next(f, &v, &err) == OK && v)
        sum += sum_value(v);
    __asm__ volatile("" : : "r"(sum)); /* not to be left out */
    avro_close(f);
    return 0;
}
