#include "engine/answer.h"

#include "base/clock.h"

enum code answer_read(const struct snapshot *snapshot, struct key_list keys,
                      const struct projection *columns, size_t max_bytes, struct arena *arena,
                      struct ipc_stream *out_stream, size_t *out_n_absent,
                      struct answer_timing *out_timing, struct err *err)
{
    const struct schema *schema = snapshot_schema(snapshot);
    uint64_t start_ns = clock_mono_ns();
    const struct found_rows *rows = snapshot_find(snapshot, keys, columns, arena);
    uint64_t found_ns = clock_mono_ns();
    size_t n = columns->n_fields;
    struct ipc_field *fields = arena_zalloc(arena, n * sizeof(*fields));
    struct column_sizes *sizes = arena_alloc(arena, n * sizeof(*sizes));
    TRY(found_sizes(rows, columns->fields, n, sizes, err));
    for (size_t i = 0; i < n; i++) {
        const struct field *f = &schema->fields[columns->fields[i]];
        fields[i] = (struct ipc_field){.name = f->name, .type = f->type, .sizes = sizes[i]};
    }
    struct view message = snapshot_schema_message(snapshot, columns, arena);
    TRY(ipc_plan(message, fields, n, keys.n, max_bytes, arena, out_stream, err));
    uint64_t planned_ns = clock_mono_ns();
    found_gather(rows, columns->fields, n, out_stream->columns);
    ipc_finish(out_stream);
    *out_n_absent = found_n_absent(rows);
    if (out_timing)
        *out_timing = (struct answer_timing){found_ns - start_ns, planned_ns - found_ns,
                                             clock_mono_ns() - planned_ns};
    return OK;
}
