#include "remote/store/s3_listing.h"

#include "base/mem.h"
#include "remote/aws_xml.h"
#include "remote/uri.h"

struct list_walk {
    struct xml_walk walk;
    const char *prefix;
    struct object_list *list;
    struct object_info object; /* the one that is being read */
    char *token;
    bool is_list, is_truncated, is_encoded;
};

static void object_element(struct list_walk *w, const char *name, struct view text)
{
    struct object_info *o = &w->object;
    if (strcmp(name, "Key") == 0) {
        free(o->name);
        o->name = mem_strndup(text.ptr, text.len);
    } else if (strcmp(name, "ETag") == 0) {
        free(o->version);
        o->version = mem_strndup(text.ptr, text.len);
    } else if (strcmp(name, "LastModified") == 0) {
        o->modified_ms = iso_time_ms(text);
    } else if (strcmp(name, "Size") == 0) {
        o->size = 0;
        for (size_t i = 0; i < text.len && i < 19 && text.ptr[i] >= '0' && text.ptr[i] <= '9'; i++)
            o->size = o->size * 10 + (text.ptr[i] - '0');
    }
}

static void list_element(struct xml_walk *walk, const char *parent, const char *name,
                         struct view text)
{
    struct list_walk *w = (struct list_walk *)walk;
    if (strcmp(parent, "Contents") == 0) {
        object_element(w, name, text);
    } else if (strcmp(parent, "CommonPrefixes") == 0 && strcmp(name, "Prefix") == 0) {
        AUTO(ptr) char *folder = mem_strndup(text.ptr, text.len);
        object_list_add_folder(w->list, folder);
    } else if (strcmp(parent, "") == 0) {
        w->is_list = strcmp(name, "ListBucketResult") == 0;
    } else if (strcmp(parent, "ListBucketResult") != 0) {
        return;
    } else if (strcmp(name, "Contents") == 0) {
        object_list_add(w->list, &w->object);
        w->object = (struct object_info){0};
    } else if (strcmp(name, "IsTruncated") == 0) {
        w->is_truncated = view_eq_cstr(text, "true");
    } else if (strcmp(name, "EncodingType") == 0) {
        w->is_encoded = view_eq_cstr(text, "url");
    } else if (strcmp(name, "NextContinuationToken") == 0) {
        free(w->token);
        w->token = mem_strndup(text.ptr, text.len);
    }
}

/* The decoded key without the prefix; NULL if the key is not below the prefix or has a NUL. Keys
 * can be decoded only after the whole page, since the element that says whether they are encoded
 * may come last. */
static char *plain_name(const struct list_walk *w, const char *key)
{
    AUTO(buf) struct buf decoded = {0};
    size_t len = strlen(w->prefix);
    if (w->is_encoded)
        uri_put_decoded(&decoded, view_cstr(key));
    else
        buf_puts(&decoded, key);
    if (decoded.len <= len || memcmp(decoded.ptr, w->prefix, len) != 0 ||
        memchr(decoded.ptr, '\0', decoded.len))
        return NULL;
    return mem_strndup(decoded.ptr + len, decoded.len - len);
}

static void decode_objects(struct list_walk *w, size_t first)
{
    size_t n = first;
    for (size_t i = first; i < w->list->n_objects; i++) {
        struct object_info *o = &w->list->objects[i];
        char *name = o->name ? plain_name(w, o->name) : NULL;
        if (!name || name[strlen(name) - 1] == '/') {
            free(name);
            object_info_done(o);
            continue;
        }
        free(o->name);
        o->name = name;
        if (!o->version)
            o->version = mem_strdup("");
        w->list->objects[n++] = *o;
    }
    w->list->n_objects = n;
}

static void decode_folders(struct list_walk *w, size_t first)
{
    size_t n = first;
    for (size_t i = first; i < w->list->n_folders; i++) {
        char *name = plain_name(w, w->list->folders[i]);
        free(w->list->folders[i]);
        if (name)
            w->list->folders[n++] = name;
    }
    w->list->n_folders = n;
}

/* Remove what a broken document has added. */
static void shorten(struct object_list *list, size_t n_objects, size_t n_folders)
{
    while (list->n_objects > n_objects)
        object_info_done(&list->objects[--list->n_objects]);
    while (list->n_folders > n_folders)
        free(list->folders[--list->n_folders]);
}

enum code s3_listing_add(struct view body, const char *prefix, struct object_list *list,
                         char **out_token, struct err *err)
{
    struct list_walk w = {.walk.element = list_element, .prefix = prefix, .list = list};
    size_t first_object = list->n_objects, first_folder = list->n_folders;
    enum code rc = xml_walk_run(&w.walk, body, err);
    if (!rc && !w.is_list)
        rc = err_set(err, E_CORRUPT, "the answer is not a ListBucketResult");
    if (!rc && w.is_truncated && !w.token)
        rc = err_set(err, E_CORRUPT, "the listing has more pages, but gives no token for the next");
    object_info_done(&w.object);
    if (rc)
        shorten(list, first_object, first_folder);
    decode_objects(&w, first_object);
    decode_folders(&w, first_folder);
    if (rc || !w.is_truncated) {
        free(w.token);
        w.token = NULL;
    }
    if (!rc)
        *out_token = w.token;
    return rc;
}
