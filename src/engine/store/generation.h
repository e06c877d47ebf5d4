/*
 * Generations on disk.
 *
 *     <data_dir>/<table>/manifest.json        {"generation": 7}: the live one, replaced by rename
 *     <data_dir>/<table>/0000000007/          table.json, 00000000.seg ...: complete, never changed
 *     <data_dir>/<table>/0000000008.tmp/      being built
 *
 * A generation is complete before it gets its name, and live once the manifest names it. So after a
 * crash at any moment: what ends in .tmp, and generations newer than the manifest's, are debris.
 */
#ifndef MURR_ENGINE_STORE_GENERATION_H
#define MURR_ENGINE_STORE_GENERATION_H

#include "base/file.h"
#include "model/schema.h"

/* The path of a segment in a generation's directory. */
must_use enum code segment_path(const char *dir, uint32_t part, char out[static PATH_CAP],
                                struct err *err);

/* What table.json says besides the schema. */
struct generation_info {
    uint64_t number;
    bool has_source;      /* it is a publication of a source; else what was created and written */
    char *label;          /* of the publication, "2026-11-22"; NULL: of none. Owned */
    uint64_t fingerprint; /* of the publication */
    uint64_t source_hash; /* which source it came from, and how that publishes; 0: not said */
    uint64_t spec_hash;   /* of the table's configuration that shapes the data */
    uint64_t root;        /* the content of its segments (seg_roots); 0: not known */
    uint32_t n_parts;
    uint64_t n_rows;
    uint64_t disk_bytes; /* of the segments */
    int64_t published_at_ms;
    int64_t loaded_at_ms;
    double load_seconds;
};

/* Zeroed memory can be ended. A shallow copy borrows the label. */
void generation_info_done(struct generation_info *info);
void generation_info_copy(const struct generation_info *from, struct generation_info *out);

/* "<table_dir>/0000000007" */
must_use enum code generation_path(const char *table_dir, uint64_t number,
                                   char out[static PATH_CAP], struct err *err);

/* Durably write table.json, twice (engine/store/json_file.h), into a generation's directory, beside its segments. Sets
 * info->root. */
must_use enum code generation_write_info(const char *dir, struct generation_info *info,
                                         const struct schema *schema, struct err *err);

/* The caller ends `out_info`. Fails E_NOTFOUND, E_CORRUPT with the path. */
must_use enum code generation_read_info(const char *dir, struct generation_info *out_info,
                                        struct err *err);

/* Write table.json again where one of its two files is not what it should be. */
must_use enum code generation_mend_info(const char *dir, struct err *err);

/* Numbers of the complete generations, newest first. */
struct generation_list {
    uint64_t *numbers;
    size_t n;
};
void generation_list_done(struct generation_list *list);
must_use enum code generation_list(const char *table_dir, struct generation_list *out_list,
                                   struct err *err);

/* Something in a table's directory, with all that is in it. */
must_use enum code generation_remove_entry(const char *table_dir, const char *name,
                                           struct err *err);

/* Remove what a crash left: names in .tmp, and generations newer than `live` unless live is 0. Fails E_IO where some of
 * it stays; the rest goes. */
must_use enum code generation_remove_debris(const char *table_dir, uint64_t live, struct err *err);

/* Remove all older than `live` but the `keep` newest of them. */
must_use enum code generation_prune(const char *table_dir, uint64_t live, unsigned keep,
                                    struct err *err);

#endif
