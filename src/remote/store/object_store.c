#include "remote/store/object_store.h"

#include "base/mem.h"

void object_info_done(struct object_info *info)
{
    free(info->name);
    free(info->version);
    *info = (struct object_info){0};
}

void object_list_done(struct object_list *list)
{
    for (size_t i = 0; i < list->n_objects; i++)
        object_info_done(&list->objects[i]);
    for (size_t i = 0; i < list->n_folders; i++)
        free(list->folders[i]);
    free(list->objects);
    free(list->folders);
    *list = (struct object_list){0};
}

static bool is_power_of_two(size_t n)
{
    return (n & (n - 1)) == 0;
}

void object_list_add(struct object_list *list, const struct object_info *take_info)
{
    if (is_power_of_two(list->n_objects))
        list->objects = mem_realloc(list->objects, (list->n_objects * 2 + 1) * sizeof(*take_info));
    list->objects[list->n_objects++] = *take_info;
}

void object_list_add_folder(struct object_list *list, const char *name)
{
    if (is_power_of_two(list->n_folders))
        list->folders = mem_realloc(list->folders, (list->n_folders * 2 + 1) * sizeof(char *));
    list->folders[list->n_folders++] = mem_strdup(name);
}

static int compare_objects(const void *a, const void *b)
{
    return strcmp(((const struct object_info *)a)->name, ((const struct object_info *)b)->name);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void object_list_sort(struct object_list *list)
{
    if (list->n_objects)
        qsort(list->objects, list->n_objects, sizeof(*list->objects), compare_objects);
    if (list->n_folders)
        qsort(list->folders, list->n_folders, sizeof(*list->folders), compare_names);
}

void object_store_close(struct object_store *s)
{
    if (s)
        s->ops->close(s);
}

enum code object_store_list(struct object_store *s, const char *folder, const char *from,
                            const struct remote_op *op, struct object_list *out_list,
                            struct err *err)
{
    struct object_list list = {0};
    enum code rc = s->ops->list(s, folder, from, op, &list, err);
    if (rc) {
        object_list_done(&list);
        return rc;
    }
    object_list_sort(&list);
    *out_list = list;
    return OK;
}

enum code object_store_stat(struct object_store *s, const char *name, const struct remote_op *op,
                            struct object_info *out_info, struct err *err)
{
    return s->ops->stat(s, name, op, out_info, err);
}

enum code object_open(struct object_store *s, const struct object_info *info,
                      struct object **out_object, struct err *err)
{
    return s->ops->open(s, info, out_object, err);
}

void object_close(struct object *o)
{
    if (o)
        o->store->ops->close_object(o);
}

struct object_read *object_read_start(struct object *o, const struct byte_range *ranges, size_t n,
                                      const struct remote_op *op)
{
    return o->store->ops->read_start(o, ranges, n, op);
}

enum code object_read_finish(struct object_read *take_read, struct err *err)
{
    return take_read->store->ops->read_finish(take_read, err);
}

enum code object_read_now(struct object *o, const struct byte_range *ranges, size_t n,
                          const struct remote_op *op, struct err *err)
{
    return object_read_finish(object_read_start(o, ranges, n, op), err);
}

enum code object_read_all(struct object_store *s, const struct object_info *info,
                          uint64_t max_bytes, const struct remote_op *op, struct buf *out,
                          struct err *err)
{
    struct object *object;
    if (info->size > max_bytes)
        return err_set(err, E_LIMIT, "%s%s has %llu bytes, more than %llu", s->shown, info->name,
                       (unsigned long long)info->size, (unsigned long long)max_bytes);
    TRY(object_open(s, info, &object, err));
    struct byte_range range = {0, info->size, buf_reserve(out, (size_t)info->size), false};
    enum code rc = info->size ? object_read_now(object, &range, 1, op, err) : OK;
    object_close(object);
    out->len += rc ? 0 : (size_t)info->size;
    return rc;
}
