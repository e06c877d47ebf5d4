/* Reads and prints a map of the configuration by the list of its fields. `path` is the path of the
 * map itself. */
#ifndef MURR_CONFIG_MAP_H
#define MURR_CONFIG_MAP_H

#include "base/suggest.h"
#include "config/field.h"

enum { FIELD_PATH_CAP = 420 };

/* "path.name", with the name made printable. */
const char *path_below(const char *path, struct view name, char out[FIELD_PATH_CAP]);

must_use enum code map_check(const struct node *n, const char *path, struct err *err);

/* Refuse members of `map` that are neither in `fields` nor in `others` (NULL-terminated, or NULL).
 */
must_use enum code fields_check(const struct node *map, struct field_list fields,
                                const char *const *others, const char *path, struct err *err);

/* Read every field; `map` NULL: use the defaults. `owner` is where `map` is, or should have
 * been. */
must_use enum code fields_read(const struct node *map, struct field_list fields, void *base,
                               const char *owner, const char *path, struct err *err);

/* Free what the fields own; the struct may be zeroed or half read. */
void fields_done(struct field_list fields, void *base);

void fields_print(struct field_list fields, const void *base, unsigned indent, struct buf *out);

/* "FILE:LINE: path.name: unknown field; did you mean ...". Path "" is the top level. */
enum code unknown_field(const struct node *n, const char *path, const struct suggest *close,
                        struct err *err);

#endif
