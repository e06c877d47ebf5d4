#include "engine/store/answer.h"

#include "base/clock.h"
#include "base/fault.h"
#include "model/fill.h"

/*
 * One call for each read, whatever the protocol:
 *
 *     find     keys to rows (snapshot_find)
 *     plan     the sizes of all buffers are known now, so the whole stream gets one allocation
 *     gather   values are copied from the rows to their final place in the stream
 *
 * Every answer is laid out as an Arrow stream, also where the client wants JSON: both forms then
 * have the same code and the same limit. For 1,000 keys and 10 columns, laying out
 * the stream takes 1.5 us, and printing it as JSON 300 us (docs/decisions/0004).
 */

static bool has_positions(const struct answer_request *r)
{
    return r->rows == ROWS_OF_FOUND_KEYS;
}

/* Describe the columns of the stream. */
must_use static enum code fields_of(const struct snapshot *snapshot, const struct answer_request *r,
                                    const struct found_rows *rows, struct ipc_field *out,
                                    struct arena *arena, struct err *err)
{
    const struct schema *schema = snapshot_schema(snapshot);
    size_t n = r->columns->n_fields;
    struct column_sizes *sizes = arena_alloc(arena, n * sizeof(*sizes));
    TRY(found_sizes(rows, r->columns->fields, n, sizes, err));
    if (has_positions(r))
        *out++ = (struct ipc_field){.name = ANSWER_POSITION, .type = type_of(DT_UINT32)};
    for (size_t i = 0; i < n; i++) {
        const struct field *f = &schema->fields[r->columns->fields[i]];
        out[i] = (struct ipc_field){.name = f->name, .type = f->type, .sizes = sizes[i]};
    }
    return OK;
}

must_use static enum code plan(const struct snapshot *snapshot, const struct answer_request *r,
                               const struct found_rows *rows, struct arena *arena,
                               struct ipc_stream *out, struct err *err)
{
    AUTO(buf) struct buf message = {0};
    size_t n = r->columns->n_fields + has_positions(r);
    struct ipc_field *fields = arena_zalloc(arena, n * sizeof(*fields));
    TRY(fields_of(snapshot, r, rows, fields, arena, err));
    if (!has_positions(r))
        return ipc_plan(snapshot_schema_message(snapshot, r->columns, arena), fields, n,
                        found_n_rows(rows), r->max_bytes, arena, out, err);
    ipc_schema_put(fields, n, &message);
    return ipc_plan(buf_view(&message), fields, n, found_n_rows(rows), r->max_bytes, arena, out,
                    err);
}

static void fill_positions(struct column *column, const struct found_rows *rows)
{
    size_t n = found_n_rows(rows);
    fill_ones(column->validity, 0, n);
    if (n)
        memcpy(column->data, found_positions(rows), n * sizeof(uint32_t));
    column->n_nulls = 0;
}

static uint64_t time_ns(const struct answer_request *r)
{
    return r->is_timed ? clock_mono_ns() : 0;
}

must_use static enum code read_once(const struct snapshot *snapshot, const struct answer_request *r,
                                    struct arena *arena, struct answer *out, struct err *err)
{
    uint64_t start_ns = time_ns(r);
    const struct found_rows *rows = snapshot_find(snapshot, r->keys, r->columns, r->rows, arena);
    uint64_t found_ns = time_ns(r);
    TRY(plan(snapshot, r, rows, arena, &out->stream, err));
    uint64_t planned_ns = time_ns(r);
    struct column *columns = out->stream.columns;
    if (has_positions(r))
        fill_positions(columns++, rows);
    found_gather(rows, r->columns->fields, r->columns->n_fields, columns);
    ipc_finish(&out->stream);
    out->n_rows = found_n_rows(rows);
    out->n_absent = found_n_absent(rows);
    out->timing =
        (struct answer_timing){found_ns - start_ns, planned_ns - found_ns, time_ns(r) - planned_ns};
    return OK;
}

/*
 * When the disk cannot read a page of a mapped file, the page reads as zeros from then on
 * (base/fault.h). The answer may already hold some of those zeros, so it is dropped and the read is
 * repeated. The repeated read compares the page with its checksum and fails, unless yet another
 * page broke meanwhile.
 */
enum { FAULTY_READS_MAX = 16 };

enum code answer_read(const struct snapshot *snapshot, const struct answer_request *request,
                      struct arena *arena, struct answer *out, struct err *err)
{
    for (int i = 0; i < FAULTY_READS_MAX; i++) {
        uint64_t n_faults = fault_count();
        enum code rc = read_once(snapshot, request, arena, out, err);
        if (rc || fault_count() == n_faults)
            return rc;
        ipc_stream_done(&out->stream);
    }
    return err_set(err, E_IO, "the disk could not read a mapped file in %d attempts",
                   FAULTY_READS_MAX);
}
