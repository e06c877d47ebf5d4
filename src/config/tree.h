/*
 * A configuration before it has types: maps, lists and scalars, each knowing where it was written,
 * so that every later complaint can name file and line, or the flag or variable.
 */
#ifndef MURR_CONFIG_TREE_H
#define MURR_CONFIG_TREE_H

#include "base/arena.h"
#include "base/err.h"

enum node_kind { NODE_SCALAR, NODE_LIST, NODE_MAP };

struct node {
    enum node_kind kind;
    const char *origin; /* "murr.yml:7", "--set server.port", "MURR_SERVER__PORT" */
    struct view text;   /* scalar: its value, UTF-8, NUL-terminated behind the view */
    bool quoted;        /* scalar: certainly a string */
    bool loose;         /* from a flag or variable: the type of the field decides what it is */
    struct node *name;  /* in a map: the scalar that names this member */
    struct node *first, *last, *next; /* members, in the order written */
};

/*
 * Read one YAML document. Aliases, anchors, tags, a second document, a name given twice, names that
 * are not scalars, nesting beyond 16 and more than 100,000 nodes are refused. An empty document is
 * an empty map. Memory comes from `arena`; `file` is only for messages. Fails E_INVALID.
 */
must_use enum code tree_parse(struct view yaml, const char *file, struct arena *arena,
                              struct node **out_root, struct err *err);

struct node *node_new(struct arena *arena, enum node_kind kind, const char *origin);
void node_append(struct node *parent, struct node *child);

/* The member of that name, or NULL. */
struct node *node_member(const struct node *map, struct view name);

/* "null", "the string 'x'", "the number 8080", "a list" ...: what a scalar or node is, for
 * messages. */
#define NODE_SHOWN_CAP 120
const char *node_shown(const struct node *n, char out[static NODE_SHOWN_CAP]);

/* What a plain scalar means by YAML 1.2's core schema. */
enum scalar_type { SCALAR_STRING, SCALAR_NULL, SCALAR_BOOL, SCALAR_NUMBER };
enum scalar_type node_scalar_type(const struct node *n);

#endif
