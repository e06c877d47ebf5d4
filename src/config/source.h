/* The part of a table's configuration that says where its data comes from. */
#ifndef MURR_CONFIG_SOURCE_H
#define MURR_CONFIG_SOURCE_H

#include "config/map.h"
#include "config/settings.h"

/* One kind of source, as it is written: source: { NAME: { FIELDS } }. */
struct source_form {
    const char *name;
    enum source_kind kind;
    const struct field_list *fields; /* into struct source_spec */
    /* Check that the fields fit together and to the catalogs of `config`. `n` is the map. */
    enum code (*check)(const struct node *n, const struct config *config, struct source_spec *s,
                       struct err *err);
};

extern const struct source_form source_forms[];
extern const size_t n_source_forms;

/* Read the member `source` of a table. On failure `out` holds what was read so far. */
must_use enum code source_read(const struct node *table, const char *table_path,
                               const struct config *config, struct source_spec *out,
                               struct err *err);
void source_print(const struct source_spec *source, struct buf *out);

#endif
