/* What include/murr.h promises: a thin layer over snapshots. */
#include "murr.h"

#include "base/mem.h"
#include "engine/answer.h"

#include <stdio.h>

struct murr {
    struct snapshot *snapshot;
};

struct murr_rows {
    struct ipc_stream stream;
    struct arena arena; /* of the stream's columns */
    size_t n_absent;
};

static enum murr_result result_of(enum code rc, const struct err *err, char *error)
{
    if (rc && error)
        snprintf(error, MURR_ERROR_BYTES, "%s", err->msg);
    switch (rc) {
    case OK:
        return MURR_OK;
    case E_INVALID:
    case E_UNSUPPORTED:
        return MURR_INVALID;
    case E_NOTFOUND:
        return MURR_NOT_FOUND;
    case E_CORRUPT:
        return MURR_CORRUPT;
    case E_LIMIT:
        return MURR_LIMIT;
    default:
        return MURR_FAILED;
    }
}

enum murr_result murr_open(const char *data_dir, const char *table, struct murr **out_db,
                           char error[MURR_ERROR_BYTES])
{
    struct err err;
    struct snapshot *s;
    enum code rc = snapshot_open_live(data_dir, table, STORAGE_MMAP, &s, &err);
    if (!rc) {
        *out_db = mem_zalloc(sizeof(**out_db));
        (*out_db)->snapshot = s;
    }
    return result_of(rc, &err, error);
}

void murr_close(struct murr *db)
{
    if (db)
        snapshot_unref(db->snapshot);
    free(db);
}

uint64_t murr_n_rows(const struct murr *db)
{
    return snapshot_n_rows(db->snapshot);
}

uint64_t murr_generation(const struct murr *db)
{
    return snapshot_generation(db->snapshot);
}

must_use static enum code read_rows(const struct snapshot *s, const struct murr_key *keys,
                                    size_t n_keys, const char *const *columns, size_t n_columns,
                                    struct murr_rows *rows, struct err *err)
{
    struct view *key_views = arena_alloc(&rows->arena, n_keys * sizeof(*key_views));
    for (size_t i = 0; i < n_keys; i++)
        key_views[i] = view_of(keys[i].bytes, keys[i].len);
    struct view *names = arena_alloc(&rows->arena, n_columns * sizeof(*names));
    for (size_t i = 0; i < n_columns; i++)
        names[i] = view_cstr(columns[i]);
    struct projection projection;
    TRY(projection_resolve(snapshot_schema(s), names, n_columns, &rows->arena, &projection, err));
    return answer_read(s, (struct key_list){key_views, n_keys}, &projection, ANSWER_BYTES_MAX,
                       &rows->arena, &rows->stream, &rows->n_absent, NULL, err);
}

enum murr_result murr_read(const struct murr *db, const struct murr_key *keys, size_t n_keys,
                           const char *const *columns, size_t n_columns,
                           struct murr_rows **out_rows, char error[MURR_ERROR_BYTES])
{
    struct err err;
    struct murr_rows *rows = mem_zalloc(sizeof(*rows));
    enum code rc = read_rows(db->snapshot, keys, n_keys, columns, n_columns, rows, &err);
    if (rc)
        murr_rows_free(rows);
    else
        *out_rows = rows;
    return result_of(rc, &err, error);
}

void murr_rows_free(struct murr_rows *rows)
{
    if (!rows)
        return;
    ipc_stream_done(&rows->stream);
    arena_done(&rows->arena);
    free(rows);
}

const uint8_t *murr_rows_arrow(const struct murr_rows *rows, size_t *out_len)
{
    *out_len = rows->stream.len;
    return rows->stream.bytes;
}

size_t murr_rows_n_absent(const struct murr_rows *rows)
{
    return rows->n_absent;
}
