/*
 * A snapshot: what one request reads, a base with the layers on it. Immutable and refcounted. A
 * request takes the snapshot of its table once and sees no later change; the last unref unmaps the
 * files.
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
 * Open what a table in a data directory serves, without a registry: for the command line and the C
 * library, also while a server runs there. The caller unrefs.
 *
 * Fails     E_NOTFOUND when there is no such table or it was never loaded; E_CORRUPT,
 *           E_IO.
 */
must_use enum code snapshot_open_live(const char *data_dir, const char *table,
                                      enum storage_kind storage, struct snapshot **out_snapshot,
                                      struct err *err);

struct snapshot *snapshot_ref(struct snapshot *s);
void snapshot_unref(struct snapshot *s); /* NULL is fine */

const struct schema *snapshot_schema(const struct snapshot *s); /* lives as long as the snapshot */

/* The Arrow schema message of an answer with these columns. Lives as long as both the snapshot and
 * the arena. */
struct view snapshot_schema_message(const struct snapshot *s, const struct projection *columns,
                                    struct arena *arena);

uint64_t snapshot_n_rows(const struct snapshot *s);

/* The counters of the table that serves it, borrowed; NULL after snapshot_open_live. */
struct table_counters *snapshot_counters(const struct snapshot *s);

/* The key in the base's slot `i`, below snapshot_n_slots; some keys are in two slots. For
 * benchmarks and checks, which need keys that exist. */
uint64_t snapshot_n_slots(const struct snapshot *s);
struct view snapshot_slot_key(const struct snapshot *s, uint64_t i);

/* Where the rows of a list of keys are. Borrows the snapshot, the keys, and the arena that it lives
 * in. */
struct found_rows;

enum rows_wanted {
    ROWS_OF_ALL_KEYS,   /* one row a key, of nulls if the key is absent */
    ROWS_OF_FOUND_KEYS, /* no row for an absent key */
};

/*
 * Find the rows of `keys`, in the order of the keys. `columns` must include all columns that will
 * be gathered: where a row is a patch, they say which rows below are needed.
 *
 * Threads   any; takes no lock. Memory comes from `arena`.
 * Cost      about one cache miss a key; the misses of a run of 32 keys overlap.
 */
const struct found_rows *snapshot_find(const struct snapshot *s, struct key_list keys,
                                       const struct projection *columns, enum rows_wanted wanted,
                                       struct arena *arena);

size_t found_n_rows(const struct found_rows *rows);
size_t found_n_absent(const struct found_rows *rows); /* keys that were not found */

/* After ROWS_OF_ALL_KEYS: whether the key was found. */
bool found_is_present(const struct found_rows *rows, size_t key_idx);
/* After ROWS_OF_FOUND_KEYS: the index of each row's key in the list. */
const uint32_t *found_positions(const struct found_rows *rows);

/*
 * The bytes or elements that the values of these columns take in these rows; zero for columns of
 * one width. Fails E_LIMIT above 2^31-1, the largest 32-bit offset, and E_CORRUPT if a row that was
 * found is damaged.
 */
must_use enum code found_sizes(const struct found_rows *rows, const size_t *fields, size_t n_fields,
                               struct column_sizes *out_sizes, struct err *err);

/*
 * Fill the buffers of `columns`, one for each of `fields`: validity, data, offsets, children. The
 * caller has allocated them (model/column.h has the sizes; they need not be zeroed) and set type
 * and n_rows; n_nulls is set here. Null rows and unused bits become zero. Key columns can be
 * gathered too.
 */
void found_gather(const struct found_rows *rows, const size_t *fields, size_t n_fields,
                  struct column *columns);

#endif
