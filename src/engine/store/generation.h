/*
 * Generations on disk.
 *
 *     <data_dir>/<table>/manifest.json        {"generation": 7}: the live one, replaced by rename
 *     <data_dir>/<table>/0000000007/          table.json, 00000000.seg ...: complete, never changed
 *     <data_dir>/<table>/0000000008.tmp/      being built
 *
 * A generation is complete before it gets its name, and live once the manifest names it. So after a
 * crash at any moment names in .tmp, and generations newer than the manifest's, are debris.
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
    bool has_source;      /* built from a publication; false: created through the API and written */
    char *label;          /* the publication's, "2026-11-22"; NULL: there is none. Owned */
    uint64_t fingerprint; /* the publication's */
    uint64_t source_hash; /* where the source is and how it publishes; 0: not recorded */
    uint64_t spec_hash;   /* over the settings of the table that shape its data */
    uint64_t root;        /* names the content of its segments (seg_roots); 0: not recorded */
    uint32_t n_parts;
    uint64_t n_rows;
    bool has_duplicates;     /* some key was or may have been in several rows of the publication */
    uint64_t disk_bytes;     /* of the segments */
    int64_t published_at_ms; /* wall clock, from the source's store */
    int64_t sequence_number; /* the publication's; 0: its source does not count */
    int64_t loaded_at_ms;    /* wall clock */
    double load_seconds;
};

/* `done` is safe on zeroed memory. A copy by assignment borrows the label; generation_info_copy
 * owns its own. */
void generation_info_done(struct generation_info *info);
void generation_info_copy(const struct generation_info *from, struct generation_info *out);

/* "<table_dir>/0000000007" */
must_use enum code generation_path(const char *table_dir, uint64_t number,
                                   char out[static PATH_CAP], struct err *err);

/* Write table.json and its copy durably (engine/store/json_file.h) into a generation's directory,
 * whose segments are there already: info->root is computed from them. */
must_use enum code generation_write_info(const char *dir, struct generation_info *info,
                                         const struct schema *schema, struct err *err);

/* The caller calls generation_info_done. Fails E_NOTFOUND, E_CORRUPT with the path. */
must_use enum code generation_read_info(const char *dir, struct generation_info *out_info,
                                        struct err *err);

/* Write table.json and its copy again if one of the two is missing, damaged or different. */
must_use enum code generation_mend_info(const char *dir, struct err *err);

/* Numbers of the complete generations, newest first. */
struct generation_list {
    uint64_t *numbers;
    size_t n;
};
void generation_list_done(struct generation_list *list);
must_use enum code generation_list(const char *table_dir, struct generation_list *out_list,
                                   struct err *err);

/* Remove a file or directory in a table's directory, with all its content. */
must_use enum code generation_remove_entry(const char *table_dir, const char *name,
                                           struct err *err);

/* Remove what a crash left: names in .tmp and, unless `live` is 0, generations newer than `live`.
 * Removes as much as it can, and fails E_IO if something is left. */
must_use enum code generation_remove_debris(const char *table_dir, uint64_t live, struct err *err);

/* Remove generations older than `live`, except the `keep` newest of them. */
must_use enum code generation_prune(const char *table_dir, uint64_t live, unsigned keep,
                                    struct err *err);

#endif
