#include "engine/store/answer.h"

#include "base/clock.h"
#include "base/fault.h"
#include "model/fill.h"

must_use static enum code read_once(const struct snapshot *snapshot, struct key_list keys,
                                    const struct projection *columns, size_t max_bytes,
                                    struct arena *arena, struct ipc_stream *out_stream,
                                    size_t *out_n_absent, struct answer_timing *out_timing,
                                    struct err *err)
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

/*
 * A page that the disk refused while rows were read is zeros from then on, and the answer may hold some of them
 * (base/fault.h). The next time it is told from its checksum.
 */
enum { FAULTY_READS_MAX = 16 };

typedef enum code read_fn(const struct snapshot *snapshot, struct key_list keys,
                          const struct projection *columns, size_t max_bytes, struct arena *arena,
                          struct ipc_stream *out_stream, size_t *out_n,
                          struct answer_timing *out_timing, struct err *err);

must_use static enum code read_unspoilt(read_fn *read, const struct snapshot *snapshot,
                                        struct key_list keys, const struct projection *columns,
                                        size_t max_bytes, struct arena *arena,
                                        struct ipc_stream *out_stream, size_t *out_n,
                                        struct answer_timing *out_timing, struct err *err)
{
    for (int i = 0; i < FAULTY_READS_MAX; i++) {
        uint64_t n_faults = fault_count();
        enum code rc =
            read(snapshot, keys, columns, max_bytes, arena, out_stream, out_n, out_timing, err);
        if (rc || fault_count() == n_faults)
            return rc;
        ipc_stream_done(out_stream);
    }
    return err_set(err, E_IO, "mapped files could not be read");
}

enum code answer_read(const struct snapshot *snapshot, struct key_list keys,
                      const struct projection *columns, size_t max_bytes, struct arena *arena,
                      struct ipc_stream *out_stream, size_t *out_n_absent,
                      struct answer_timing *out_timing, struct err *err)
{
    return read_unspoilt(read_once, snapshot, keys, columns, max_bytes, arena, out_stream,
                         out_n_absent, out_timing, err);
}

/* The keys that exist, and where they stood. */
static struct key_list present_keys(struct key_list keys, const struct found_rows *rows,
                                    struct arena *arena, uint32_t **out_positions)
{
    size_t n = keys.n - found_n_absent(rows), k = 0;
    struct view *kept = arena_alloc(arena, n * sizeof(*kept));
    uint32_t *positions = arena_alloc(arena, n * sizeof(*positions));
    for (size_t i = 0; i < keys.n; i++)
        if (found_is_present(rows, i)) {
            kept[k] = keys.keys[i];
            positions[k++] = (uint32_t)i;
        }
    *out_positions = positions;
    return (struct key_list){kept, n};
}

static void fill_positions(struct column *column, const uint32_t *positions, size_t n)
{
    fill_ones(column->validity, 0, n);
    if (n)
        memcpy(column->data, positions, n * sizeof(*positions));
    column->n_nulls = 0;
}

/*
 * Found twice: first to know the keys that exist, then these alone, so that everything behind the search sees a list
 * without gaps.
 */
must_use static enum code read_present_once(const struct snapshot *snapshot, struct key_list keys,
                                            const struct projection *columns, size_t max_bytes,
                                            struct arena *arena, struct ipc_stream *out_stream,
                                            size_t *out_n_rows, struct answer_timing *out_timing,
                                            struct err *err)
{
    const struct schema *schema = snapshot_schema(snapshot);
    uint64_t start_ns = clock_mono_ns();
    uint32_t *positions;
    size_t n = columns->n_fields;
    const struct found_rows *all = snapshot_find(snapshot, keys, columns, arena);
    TRY(found_sizes(all, NULL, 0, NULL, err)); /* damaged rows are no absent ones */
    struct key_list present = present_keys(keys, all, arena, &positions);
    const struct found_rows *rows = snapshot_find(snapshot, present, columns, arena);
    uint64_t found_ns = clock_mono_ns();
    struct ipc_field *fields = arena_zalloc(arena, (n + 1) * sizeof(*fields));
    struct column_sizes *sizes = arena_alloc(arena, n * sizeof(*sizes));
    TRY(found_sizes(rows, columns->fields, n, sizes, err));
    fields[0] = (struct ipc_field){.name = ANSWER_POSITION, .type = type_of(DT_UINT32)};
    for (size_t i = 0; i < n; i++) {
        const struct field *f = &schema->fields[columns->fields[i]];
        fields[i + 1] = (struct ipc_field){.name = f->name, .type = f->type, .sizes = sizes[i]};
    }
    AUTO(buf) struct buf message = {0};
    ipc_schema_put(fields, n + 1, &message);
    TRY(ipc_plan(buf_view(&message), fields, n + 1, present.n, max_bytes, arena, out_stream, err));
    uint64_t planned_ns = clock_mono_ns();
    fill_positions(&out_stream->columns[0], positions, present.n);
    found_gather(rows, columns->fields, n, out_stream->columns + 1);
    ipc_finish(out_stream);
    *out_n_rows = present.n;
    if (out_timing)
        *out_timing = (struct answer_timing){found_ns - start_ns, planned_ns - found_ns,
                                             clock_mono_ns() - planned_ns};
    return OK;
}

enum code answer_read_present(const struct snapshot *snapshot, struct key_list keys,
                              const struct projection *columns, size_t max_bytes,
                              struct arena *arena, struct ipc_stream *out_stream,
                              size_t *out_n_rows, struct answer_timing *out_timing, struct err *err)
{
    return read_unspoilt(read_present_once, snapshot, keys, columns, max_bytes, arena, out_stream,
                         out_n_rows, out_timing, err);
}
