#include "engine/answer.h"

#include "base/clock.h"

enum code answer_read(const struct snapshot *snapshot, struct key_list keys,
                      const struct projection *columns, size_t max_bytes, struct arena *arena,
                      struct ipc_stream *out_stream, size_t *out_n_absent,
                      struct answer_timing *out_timing, struct err *err)
{
    const struct schema *schema = snapshot_schema(snapshot);
    uint64_t start_ns = clock_mono_ns();
    const struct found_rows *rows = snapshot_find(snapshot, keys, arena);
    uint64_t found_ns = clock_mono_ns();
    struct ipc_field *fields = arena_zalloc(arena, columns->n_fields * sizeof(*fields));
    for (size_t i = 0; i < columns->n_fields; i++) {
        const struct field *f = &schema->fields[columns->fields[i]];
        fields[i].name = f->name;
        fields[i].type = f->type;
        if (type_is_variable(&f->type))
            TRY(found_sizes(rows, columns->fields[i], &fields[i].sizes, err));
    }
    struct view message = snapshot_schema_message(snapshot, columns, arena);
    TRY(ipc_plan(message, fields, columns->n_fields, keys.n, max_bytes, arena, out_stream, err));
    uint64_t planned_ns = clock_mono_ns();
    found_gather(rows, columns->fields, columns->n_fields, out_stream->columns);
    ipc_finish(out_stream);
    *out_n_absent = found_n_absent(rows);
    if (out_timing)
        *out_timing = (struct answer_timing){found_ns - start_ns, planned_ns - found_ns,
                                             clock_mono_ns() - planned_ns};
    return OK;
}
