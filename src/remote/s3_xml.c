#include "remote/s3_xml.h"

#include "base/buf.h"
#include "base/mem.h"
#include "remote/uri.h"

#include <expat.h>
#include <stdio.h>
#include <time.h>

enum { MAX_DEPTH = 16, NAME_CAP = 64 };

struct walk;
/* An element has ended: its name, its parent's, and the text directly in it. */
typedef void (*element_fn)(struct walk *w, const char *parent, const char *name, struct view text);

/* A document as it is being read. Embedded in the struct of whoever wants something of it. */
struct walk {
    element_fn element;
    XML_Parser parser;
    char names[MAX_DEPTH][NAME_CAP];
    size_t depth;
    struct buf text;
    bool is_refused;
};

static void refuse(struct walk *w)
{
    w->is_refused = true;
    XML_StopParser(w->parser, XML_FALSE);
}

static void start_element(void *owner, const XML_Char *name, const XML_Char **attributes)
{
    struct walk *w = owner;
    (void)attributes;
    buf_reset(&w->text);
    if (w->depth == MAX_DEPTH || strlen(name) >= NAME_CAP) {
        refuse(w);
        return;
    }
    snprintf(w->names[w->depth++], NAME_CAP, "%s", name);
}

static void end_element(void *owner, const XML_Char *name)
{
    struct walk *w = owner;
    if (w->is_refused)
        return; /* expat still ends an empty element that it was stopped in */
    w->depth--;
    w->element(w, w->depth ? w->names[w->depth - 1] : "", name, buf_view(&w->text));
    buf_reset(&w->text);
}

static void text_arrived(void *owner, const XML_Char *text, int len)
{
    struct walk *w = owner;
    buf_put(&w->text, text, (size_t)len);
}

static void doctype(void *owner, const XML_Char *name, const XML_Char *system_id,
                    const XML_Char *public_id, int has_internal_subset)
{
    (void)name, (void)system_id, (void)public_id, (void)has_internal_subset;
    refuse(owner);
}

must_use static enum code walk_run(struct walk *w, struct view body, struct err *err)
{
    w->parser = XML_ParserCreate("UTF-8");
    if (!w->parser || body.len > INT32_MAX)
        return err_set(err, E_LIMIT, "an XML document of %zu bytes", body.len);
    buf_cstr(&w->text); /* so that an empty text points somewhere, too */
    XML_SetUserData(w->parser, w);
    XML_SetElementHandler(w->parser, start_element, end_element);
    XML_SetCharacterDataHandler(w->parser, text_arrived);
    XML_SetStartDoctypeDeclHandler(w->parser, doctype);
    enum XML_Status status = XML_Parse(w->parser, (const char *)body.ptr, (int)body.len, XML_TRUE);
    enum code rc = OK;
    if (w->is_refused)
        rc = err_set(err, E_CORRUPT, "an XML document that is nested or declared too much");
    else if (status != XML_STATUS_OK)
        rc = err_set(err, E_CORRUPT, "not well-formed XML in line %lu: %s",
                     XML_GetCurrentLineNumber(w->parser),
                     XML_ErrorString(XML_GetErrorCode(w->parser)));
    XML_ParserFree(w->parser);
    buf_done(&w->text);
    return rc;
}

/* -------------------------------------------------------------------------------------- error */

struct error_walk {
    struct walk walk;
    struct s3_error *out;
};

static void cut_copy(char *out, size_t cap, struct view text)
{
    size_t n = text.len < cap ? text.len : cap - 1;
    memcpy(out, text.ptr, n);
    out[n] = '\0';
}

static void error_element(struct walk *w, const char *parent, const char *name, struct view text)
{
    struct s3_error *out = ((struct error_walk *)w)->out;
    if (strcmp(parent, "Error") != 0)
        return;
    if (strcmp(name, "Code") == 0)
        view_printable(text, out->code, sizeof(out->code));
    else if (strcmp(name, "Message") == 0)
        view_printable(text, out->message, sizeof(out->message));
    else if (strcmp(name, "Region") == 0)
        cut_copy(out->region, sizeof(out->region), text);
}

void s3_xml_error(struct view body, struct s3_error *out)
{
    struct err ignored;
    *out = (struct s3_error){0};
    struct error_walk w = {{.element = error_element}, out};
    if (body.len && walk_run(&w.walk, body, &ignored))
        *out = (struct s3_error){0};
}

/* --------------------------------------------------------------------------------------- list */

struct list_walk {
    struct walk walk;
    const char *prefix;
    struct object_list *list;
    struct object_info object; /* being put together */
    char *token;
    bool is_list, is_truncated, is_encoded;
};

/* How far ahead of UTC "+02:00" or "+0200" is; all else is UTC. */
static int64_t zone_ms(const char *zone)
{
    int hours, minutes;
    bool has_zone = zone[0] == '+' || zone[0] == '-';
    if (!has_zone || (sscanf(zone + 1, "%2d:%2d", &hours, &minutes) != 2 &&
                      sscanf(zone + 1, "%2d%2d", &hours, &minutes) != 2))
        return 0;
    int64_t ms = (hours * 60 + minutes) * 60000ll;
    return zone[0] == '-' ? -ms : ms;
}

int64_t iso_time_ms(struct view text)
{
    char copy[40];
    struct tm tm = {0};
    unsigned ms = 0;
    cut_copy(copy, sizeof(copy), text);
    const char *rest = strptime(copy, "%Y-%m-%dT%H:%M:%S", &tm);
    if (!rest)
        return 0;
    if (rest[0] == '.')
        for (size_t i = 1, scale = 100; i <= 3 && rest[i] >= '0' && rest[i] <= '9';
             i++, scale /= 10)
            ms += (unsigned)((size_t)(rest[i] - '0') * scale);
    rest += strspn(rest, ".0123456789");
    return (int64_t)timegm(&tm) * 1000 + ms - zone_ms(rest);
}

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

static void list_element(struct walk *walk, const char *parent, const char *name, struct view text)
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

/* The key as it is, without the prefix; NULL: it is not below it, or holds a NUL. */
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

/* Take back what a document that turned out to be broken has added. */
static void shorten(struct object_list *list, size_t n_objects, size_t n_folders)
{
    while (list->n_objects > n_objects)
        object_info_done(&list->objects[--list->n_objects]);
    while (list->n_folders > n_folders)
        free(list->folders[--list->n_folders]);
}

enum code s3_xml_list(struct view body, const char *prefix, struct object_list *list,
                      char **out_token, struct err *err)
{
    struct list_walk w = {.walk.element = list_element, .prefix = prefix, .list = list};
    size_t first_object = list->n_objects, first_folder = list->n_folders;
    enum code rc = walk_run(&w.walk, body, err);
    if (!rc && !w.is_list)
        rc = err_set(err, E_CORRUPT, "the answer is no ListBucketResult");
    if (!rc && w.is_truncated && !w.token)
        rc = err_set(err, E_CORRUPT, "the listing goes on, but does not say where");
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

/* -------------------------------------------------------------------------------------- texts */

struct texts_walk {
    struct walk walk;
    const char *const *names;
    size_t n;
    char **out;
};

static void texts_element(struct walk *walk, const char *parent, const char *name, struct view text)
{
    struct texts_walk *w = (struct texts_walk *)walk;
    (void)parent;
    for (size_t i = 0; i < w->n; i++)
        if (strcmp(name, w->names[i]) == 0 && !w->out[i])
            w->out[i] = mem_strndup(text.ptr, text.len);
}

enum code xml_texts(struct view body, const char *const *names, size_t n, char **out_texts,
                    struct err *err)
{
    struct texts_walk w = {{.element = texts_element}, names, n, out_texts};
    for (size_t i = 0; i < n; i++)
        out_texts[i] = NULL;
    return walk_run(&w.walk, body, err);
}
