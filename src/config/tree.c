#include "config/tree.h"

#include <stdio.h>
#include <yaml.h>

enum { DEPTH_MAX = 16, NODES_MAX = 100000 };

struct reader {
    yaml_parser_t yaml;
    yaml_event_t event; /* the current one */
    const char *file;
    struct arena *arena;
    size_t n_nodes;
};

struct node *node_new(struct arena *arena, enum node_kind kind, const char *origin)
{
    struct node *n = arena_zalloc(arena, sizeof(*n));
    n->kind = kind;
    n->origin = origin;
    return n;
}

void node_append(struct node *parent, struct node *child)
{
    if (parent->last)
        parent->last->next = child;
    else
        parent->first = child;
    parent->last = child;
}

struct node *node_member(const struct node *map, struct view name)
{
    for (struct node *n = map->first; n; n = n->next)
        if (n->name && view_eq(n->name->text, name))
            return n;
    return NULL;
}

static bool is_one_of(struct view v, const char *const *words)
{
    for (; *words; words++)
        if (view_eq_cstr(v, *words))
            return true;
    return false;
}

static bool is_number(struct view v)
{
    char *end;
    if (v.len == 0 || !strchr("0123456789+-.", v.ptr[0]))
        return false;
    strtod((const char *)v.ptr, &end);
    return end == (const char *)v.ptr + v.len;
}

enum scalar_type node_scalar_type(const struct node *n)
{
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL", NULL};
    static const char *const bools[] = {"true", "True", "TRUE", "false", "False", "FALSE", NULL};
    if (n->quoted)
        return SCALAR_STRING;
    if (is_one_of(n->text, nulls))
        return SCALAR_NULL;
    if (is_one_of(n->text, bools))
        return SCALAR_BOOL;
    return is_number(n->text) ? SCALAR_NUMBER : SCALAR_STRING;
}

const char *node_shown(const struct node *n, char out[static NODE_SHOWN_CAP])
{
    static const char *const words[] = {[SCALAR_STRING] = "the string ",
                                        [SCALAR_BOOL] = "the boolean ",
                                        [SCALAR_NUMBER] = "the number "};
    if (n->kind != NODE_SCALAR || node_scalar_type(n) == SCALAR_NULL) {
        const char *kind = n->kind == NODE_LIST  ? "a list"
                           : n->kind == NODE_MAP ? "a map"
                                                 : "nothing";
        snprintf(out, NODE_SHOWN_CAP, "%s", kind);
        return out;
    }
    char text[80];
    const char *quote = node_scalar_type(n) == SCALAR_STRING ? "'" : "";
    snprintf(out, NODE_SHOWN_CAP, "%s%s%s%s", words[node_scalar_type(n)], quote,
             view_printable(n->text, text, sizeof(text)), quote);
    return out;
}

static const char *origin_at(struct reader *r, yaml_mark_t mark)
{
    char text[512];
    int n = snprintf(text, sizeof(text), "%s:%zu", r->file, mark.line + 1);
    return arena_strndup(r->arena, text, n < (int)sizeof(text) ? (size_t)n : sizeof(text) - 1);
}

static enum code refuse(struct reader *r, const char *why, struct err *err)
{
    return err_set(err, E_INVALID, "%s:%zu: %s", r->file, r->event.start_mark.line + 1, why);
}

/* The error of libyaml, with its line. */
static enum code refuse_yaml(struct reader *r, struct err *err)
{
    return err_set(err, E_INVALID, "%s:%zu: not valid YAML: %s", r->file,
                   r->yaml.problem_mark.line + 1, r->yaml.problem ? r->yaml.problem : "unreadable");
}

must_use static enum code next_event(struct reader *r, struct err *err)
{
    yaml_event_delete(&r->event);
    memset(&r->event, 0, sizeof(r->event));
    return yaml_parser_parse(&r->yaml, &r->event) ? OK : refuse_yaml(r, err);
}

must_use static enum code check_decorations(struct reader *r, struct err *err)
{
    const yaml_event_t *e = &r->event;
    const yaml_char_t *anchor = NULL, *tag = NULL;
    if (e->type == YAML_ALIAS_EVENT)
        return refuse(r, "aliases (*name) are not supported", err);
    if (e->type == YAML_SCALAR_EVENT)
        anchor = e->data.scalar.anchor, tag = e->data.scalar.tag;
    if (e->type == YAML_SEQUENCE_START_EVENT)
        anchor = e->data.sequence_start.anchor, tag = e->data.sequence_start.tag;
    if (e->type == YAML_MAPPING_START_EVENT)
        anchor = e->data.mapping_start.anchor, tag = e->data.mapping_start.tag;
    if (anchor)
        return refuse(r, "anchors (&name) are not supported", err);
    if (tag)
        return refuse(r, "tags (!name) are not supported", err);
    return OK;
}

must_use static enum code read_node(struct reader *r, size_t depth, struct node **out,
                                    struct err *err);

must_use static enum code read_name(struct reader *r, struct node *map, struct node **out,
                                    struct err *err)
{
    struct node *name;
    if (r->event.type != YAML_SCALAR_EVENT && r->event.type != YAML_ALIAS_EVENT)
        return refuse(r, "a field's name must be a plain word, not a list or map", err);
    TRY(read_node(r, 0, &name, err));
    char shown[80];
    view_printable(name->text, shown, sizeof(shown));
    const struct node *twin = node_member(map, name->text);
    if (twin)
        return err_set(err, E_INVALID, "%s: '%s' is given twice; first at %s", name->origin, shown,
                       twin->name->origin);
    *out = name;
    return OK;
}

/* Read the members of a list or map. Its end event stays the current event. */
must_use static enum code read_members(struct reader *r, struct node *parent, size_t depth,
                                       struct err *err)
{
    for (;;) {
        TRY(next_event(r, err));
        if (r->event.type == YAML_SEQUENCE_END_EVENT || r->event.type == YAML_MAPPING_END_EVENT)
            return OK;
        struct node *name = NULL, *value;
        if (parent->kind == NODE_MAP) {
            TRY(read_name(r, parent, &name, err));
            TRY(next_event(r, err));
        }
        TRY(read_node(r, depth + 1, &value, err));
        value->name = name;
        node_append(parent, value);
    }
}

/* Read the node that begins with the current event. */
must_use static enum code read_node(struct reader *r, size_t depth, struct node **out,
                                    struct err *err)
{
    const yaml_event_t *e = &r->event;
    enum node_kind kind = e->type == YAML_SEQUENCE_START_EVENT  ? NODE_LIST
                          : e->type == YAML_MAPPING_START_EVENT ? NODE_MAP
                                                                : NODE_SCALAR;
    struct node *n = node_new(r->arena, kind, origin_at(r, e->start_mark));
    *out = n;
    TRY(check_decorations(r, err));
    if (depth > DEPTH_MAX)
        return refuse(r, "nested too deeply", err);
    if (++r->n_nodes > NODES_MAX)
        return refuse(r, "too many values", err);
    if (kind != NODE_SCALAR)
        return read_members(r, n, depth, err);
    size_t len = e->data.scalar.length;
    if (memchr(e->data.scalar.value, 0, len))
        return refuse(r, "a value contains a NUL character", err);
    n->text = view_of(arena_strndup(r->arena, e->data.scalar.value, len), len);
    n->quoted = e->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    return OK;
}

must_use static enum code read_document(struct reader *r, struct node **out, struct err *err)
{
    TRY(next_event(r, err)); /* stream start */
    TRY(next_event(r, err));
    if (r->event.type == YAML_STREAM_END_EVENT) {
        *out = node_new(r->arena, NODE_MAP, origin_at(r, r->event.start_mark));
        return OK;
    }
    TRY(next_event(r, err)); /* the document's first event */
    struct node *root;
    TRY(read_node(r, 0, &root, err));
    TRY(next_event(r, err)); /* document end */
    TRY(next_event(r, err));
    if (r->event.type != YAML_STREAM_END_EVENT)
        return refuse(r, "a second YAML document; one file is one configuration", err);
    *out = root;
    return OK;
}

enum code tree_parse(struct view yaml, const char *file, struct arena *arena,
                     struct node **out_root, struct err *err)
{
    struct reader r = {.file = file, .arena = arena};
    if (!yaml_parser_initialize(&r.yaml))
        return err_set(err, E_NOMEM, "%s: no memory for the YAML parser", file);
    yaml_parser_set_input_string(&r.yaml, yaml.len ? yaml.ptr : (const uint8_t *)"", yaml.len);
    enum code rc = read_document(&r, out_root, err);
    yaml_event_delete(&r.event);
    yaml_parser_delete(&r.yaml);
    return rc;
}
