#include "format/arrow/c_export.h"

#include "base/mem.h"
#include "format/arrow/c_format.h"

#include <stdatomic.h>
#include <stdio.h>

/* -------------------------------------------------------------------------------------- schemas */

/* The private data of one schema. It owns the children that nobody moved out. */
struct schema_private {
    char format[C_FORMAT_CAP];
    char *name;
    struct ArrowSchema *children;
    struct ArrowSchema **pointers;
};

/* As the interface demands: release what was not moved out, then mark the struct as released by a
 * NULL callback. */
static void release_schema(struct ArrowSchema *s)
{
    if (!s->release)
        return;
    struct schema_private *p = s->private_data;
    for (int64_t i = 0; i < s->n_children; i++)
        if (p->children[i].release)
            p->children[i].release(&p->children[i]);
    free(p->children);
    free(p->pointers);
    free(p->name);
    free(p);
    s->release = NULL;
}

static struct schema_private *new_schema(const char *name, size_t n_children,
                                         struct ArrowSchema *out)
{
    struct schema_private *p = mem_zalloc(sizeof(*p));
    p->name = mem_strdup(name);
    p->children = mem_zalloc(n_children * sizeof(*p->children));
    p->pointers = mem_zalloc(n_children * sizeof(*p->pointers));
    for (size_t i = 0; i < n_children; i++)
        p->pointers[i] = &p->children[i];
    *out = (struct ArrowSchema){
        .format = p->format,
        .name = p->name,
        .n_children = (int64_t)n_children,
        .children = p->pointers,
        .release = release_schema,
        .private_data = p,
    };
    return p;
}

static void export_field(const char *name, const struct type *type, struct ArrowSchema *out)
{
    bool is_list = type->dtype == DT_LIST;
    struct schema_private *p = new_schema(name, is_list, out);
    out->flags = ARROW_FLAG_NULLABLE;
    const struct arrow_spec spec = arrow_spec_of(type);
    c_format_put(&spec, p->format);
    if (is_list) {
        struct type element = type_element(type);
        export_field("item", &element, &p->children[0]);
    }
}

void c_export_schema(const struct column *columns, size_t n_columns, struct ArrowSchema *out)
{
    struct schema_private *p = new_schema("", n_columns, out);
    snprintf(p->format, C_FORMAT_CAP, "+s");
    for (size_t i = 0; i < n_columns; i++)
        export_field(columns[i].name, &columns[i].type, &p->children[i]);
}

/* --------------------------------------------------------------------------------------- arrays */

/* Shared by all arrays of a batch: the last one that is released frees the buffers. */
struct shared {
    _Atomic size_t refs;
    c_export_done_fn done;
    void *owner;
};

enum { BUFFERS_MAX = 3 };

/* The private data of one array. It owns the children that nobody moved out. */
struct array_private {
    struct shared *shared;
    const void *buffers[BUFFERS_MAX];
    struct ArrowArray *children;
    struct ArrowArray **pointers;
};

static void unref(struct shared *s)
{
    if (atomic_fetch_sub(&s->refs, 1) > 1)
        return;
    s->done(s->owner);
    free(s);
}

static void release_array(struct ArrowArray *a)
{
    if (!a->release)
        return;
    struct array_private *p = a->private_data;
    for (int64_t i = 0; i < a->n_children; i++)
        if (p->children[i].release)
            p->children[i].release(&p->children[i]);
    unref(p->shared);
    free(p->children);
    free(p->pointers);
    free(p);
    a->release = NULL;
}

static struct array_private *new_array(struct shared *shared, size_t n_rows, size_t n_children,
                                       struct ArrowArray *out)
{
    struct array_private *p = mem_zalloc(sizeof(*p));
    atomic_fetch_add(&shared->refs, 1);
    p->shared = shared;
    p->children = mem_zalloc(n_children * sizeof(*p->children));
    p->pointers = mem_zalloc(n_children * sizeof(*p->pointers));
    for (size_t i = 0; i < n_children; i++)
        p->pointers[i] = &p->children[i];
    *out = (struct ArrowArray){
        .length = (int64_t)n_rows,
        .n_children = (int64_t)n_children,
        .buffers = p->buffers,
        .children = p->pointers,
        .release = release_array,
        .private_data = p,
    };
    return p;
}

static void export_column(const struct column *c, struct shared *shared, struct ArrowArray *out)
{
    struct array_private *p = new_array(shared, c->n_rows, c->child != NULL, out);
    out->null_count = (int64_t)c->n_nulls;
    p->buffers[out->n_buffers++] = c->validity;
    if (c->offsets)
        p->buffers[out->n_buffers++] = c->offsets;
    if (c->child)
        export_column(c->child, shared, &p->children[0]);
    else
        p->buffers[out->n_buffers++] = c->data;
}

void c_export_batch(const struct column *columns, size_t n_columns, size_t n_rows,
                    c_export_done_fn done, void *owner, struct ArrowArray *out)
{
    struct shared *shared = mem_alloc(sizeof(*shared));
    *shared = (struct shared){.done = done, .owner = owner};
    struct array_private *p = new_array(shared, n_rows, n_columns, out);
    out->n_buffers = 1; /* the validity buffer, which stays NULL: no row is null */
    for (size_t i = 0; i < n_columns; i++)
        export_column(&columns[i], shared, &p->children[i]);
}
