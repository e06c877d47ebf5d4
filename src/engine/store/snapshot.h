/*
 * What one request reads: the segments of one generation, immutable and refcounted. A request takes a
 * snapshot once and sees nothing else until it ends; the last one to let go unmaps the files.
 */
#ifndef MURR_ENGINE_STORE_SNAPSHOT_H
#define MURR_ENGINE_STORE_SNAPSHOT_H

#include "base/arena.h"
#include "engine/store/projection.h"
#include "engine/spec/spec.h"
#include "model/column.h"
#include "model/key.h"
#include "model/schema.h"

struct snapshot;
struct table_counters;

/*
 * The live generation of a table in a data directory, without a registry: for the command line and the
 * embedded library, also beside a running server. The caller unrefs.
 *
 * Fails E_NOTFOUND when there is no such table or nothing was loaded yet; E_CORRUPT.
 */
must_use enum code snapshot_open_live(const char *data_dir, const char *table,
                                      enum storage_kind storage, struct snapshot **out_snapshot,
                                      struct err *err);

struct snapshot *snapshot_ref(struct snapshot *s);
void snapshot_unref(struct snapshot *s); /* NULL is fine */

const struct schema *snapshot_schema(const struct snapshot *s); /* lives as long as the snapshot */

/* The Arrow schema message of an answer with these columns; lives as long as snapshot and arena. */
struct view snapshot_schema_message(const struct snapshot *s, const struct projection *columns,
                                    struct arena *arena);

uint64_t snapshot_n_rows(const struct snapshot *s);

/* Of the table that serves it; borrowed. NULL for one that was opened without its table. */
struct table_counters *snapshot_counters(const struct snapshot *s);

/* The key in the `i`-th slot, for i below snapshot_n_slots; some keys stand in two. For benchmarks and
 * checks, which need keys that exist. */
uint64_t snapshot_n_slots(const struct snapshot *s);
struct view snapshot_slot_key(const struct snapshot *s, uint64_t i);

/* Where the rows of a list of keys are. Borrows the snapshot and the arena it was made in. */
struct found_rows;

enum rows_wanted {
    ROWS_OF_ALL_KEYS,   /* those of absent keys are null */
    ROWS_OF_FOUND_KEYS, /* absent keys have none */
};

/*
 * Find the rows of `keys`, in their order; absent ones are remembered as such. `columns` are those that will be
 * asked for.
 *
 * Threads   any; takes no lock. Memory comes from `arena`.
 * Cost      about one cache miss a key, all of a batch in flight together.
 */
const struct found_rows *snapshot_find(const struct snapshot *s, struct key_list keys,
                                       const struct projection *columns, enum rows_wanted wanted,
                                       struct arena *arena);

size_t found_n_rows(const struct found_rows *rows);
size_t found_n_absent(const struct found_rows *rows); /* keys */

/* Of ROWS_OF_ALL_KEYS: whether the key was found. */
bool found_is_present(const struct found_rows *rows, size_t key_idx);
/* Of ROWS_OF_FOUND_KEYS: where the key of each row stands in the list, of at most 2^32 keys. */
const uint32_t *found_positions(const struct found_rows *rows);

/*
 * Sizes of the values of these columns for these rows: what their buffers need room for; zero where values have
 * one width. Fails E_LIMIT past 2^31-1, which 32-bit offsets cannot say.
 */
must_use enum code found_sizes(const struct found_rows *rows, const size_t *fields, size_t n_fields,
                               struct column_sizes *out_sizes, struct err *err);

/*
 * Fill the buffers of `columns`, one for each of `fields`: validity, data, offsets, children. The
 * caller has set their memory (see model/column.h for the sizes; it need not be zeroed), type and
 * n_rows; n_nulls is set here. Null rows and unused bits become zero. Key columns can be gathered too.
 */
void found_gather(const struct found_rows *rows, const size_t *fields, size_t n_fields,
                  struct column *columns);

#endif
