#include "source/iceberg/metadata_file.h"

#include "base/buf.h"
#include "base/mem.h"

#include <stdio.h>

/*
 * The names of manifests, which may be many thousands, begin with a hexadecimal digit or "snap-", so
 * a listing from "v" on has only metadata files and the hint.
 *
 * The version of an answer is how the file was found, its name and version, and the version of the
 * hint, "" if there was none. A poll finds the file in the same way, unless the hint has changed.
 */
enum way {
    BY_NAME = 'n',    /* the hint names the file */
    BY_V_FILES = 'v', /* there is a hint, and the greatest of the v-files counts */
    BY_ALL = 'a',     /* the greatest of all files counts */
};

enum { HINT_BYTES_MAX = 1024, NUMBER_DIGITS_MAX = 18 };

void metadata_file_done(struct metadata_file *f)
{
    object_info_done(&f->info);
    free(f->version);
    *f = (struct metadata_file){0};
}

/* --------------------------------------------------------------------------------------- names */

static bool drop_suffix(struct view *name, const char *suffix)
{
    size_t len = strlen(suffix);
    if (name->len < len || memcmp(name->ptr + name->len - len, suffix, len) != 0)
        return false;
    name->len -= len;
    return true;
}

static void drop_codec(struct view *name)
{
    (void)(drop_suffix(name, ".gz") || drop_suffix(name, ".zstd") || drop_suffix(name, ".zst"));
}

/* What the name of a metadata file says. */
struct numbered {
    int64_t number;
    bool is_v;
};

static bool parse_number(struct view digits, int64_t *out)
{
    int64_t value = 0;
    if (digits.len == 0 || digits.len > NUMBER_DIGITS_MAX)
        return false;
    for (size_t i = 0; i < digits.len; i++) {
        if (digits.ptr[i] < '0' || digits.ptr[i] > '9')
            return false;
        value = value * 10 + (digits.ptr[i] - '0');
    }
    *out = value;
    return true;
}

/* "v7", "00007-<uuid>", without the suffixes. */
static bool parse_stem(struct view stem, struct numbered *out)
{
    out->is_v = stem.len > 1 && stem.ptr[0] == 'v';
    if (out->is_v)
        return parse_number(view_of(stem.ptr + 1, stem.len - 1), &out->number);
    const uint8_t *dash = stem.len ? memchr(stem.ptr, '-', stem.len) : NULL;
    return dash && parse_number(view_of(stem.ptr, (size_t)(dash - stem.ptr)), &out->number);
}

static bool parse_name(struct view name, struct numbered *out)
{
    drop_codec(&name);
    if (!drop_suffix(&name, ".metadata.json"))
        return false;
    drop_codec(&name);
    return parse_stem(name, out);
}

/* The name without the folder. */
static struct view base_name(const char *folder, const struct object_info *info)
{
    return view_cstr(info->name + strlen(folder));
}

static const struct object_info *object_of(const struct object_list *list, const char *folder,
                                           const char *name)
{
    for (size_t i = 0; i < list->n_objects; i++)
        if (view_eq_cstr(base_name(folder, &list->objects[i]), name))
            return &list->objects[i];
    return NULL;
}

static const struct object_info *hint_of(const struct object_list *list, const char *folder)
{
    const struct object_info *hint = object_of(list, folder, "version-hint.text");
    return hint ? hint : object_of(list, folder, "version-hint.txt");
}

/* -------------------------------------------------------------------------------------- search */

struct search {
    struct object_store *store;
    const char *folder;
    const struct remote_op *op;
    struct object_list list;  /* names from "v" on, or more */
    bool has_all;             /* the list has all names */
    const char *hint_version; /* in the list, or "" */
};

/* List again, names from `from` on. "": all. */
must_use static enum code list(struct search *s, const char *from, struct err *err)
{
    AUTO(buf) struct buf start = {0};
    buf_printf(&start, "%s%s", s->folder, from);
    object_list_done(&s->list);
    s->has_all = from[0] == '\0';
    TRY(object_store_list(s->store, s->folder, s->has_all ? NULL : buf_cstr(&start), s->op,
                          &s->list, err));
    const struct object_info *hint = hint_of(&s->list, s->folder);
    s->hint_version = hint ? hint->version : "";
    return OK;
}

static enum code refuse_two(const struct search *s, const struct object_info *a,
                            const struct object_info *b, struct err *err)
{
    return err_set(err, E_INVALID,
                   "%.100s and %.100s in %s%s have the same number, and nothing says which of them "
                   "is the table; name one as `metadata`, or use the table's catalog",
                   (const char *)base_name(s->folder, a).ptr,
                   (const char *)base_name(s->folder, b).ptr, s->store->shown, s->folder);
}

/* The file with the greatest number in the list; NULL if there is none. */
must_use static enum code greatest(const struct search *s, bool only_v,
                                   const struct object_info **out, struct err *err)
{
    const struct object_info *best = NULL, *twin = NULL;
    int64_t number = -1;
    for (size_t i = 0; i < s->list.n_objects; i++) {
        const struct object_info *o = &s->list.objects[i];
        struct numbered n;
        if (!parse_name(base_name(s->folder, o), &n) || (only_v && !n.is_v) || n.number < number)
            continue;
        twin = n.number == number ? best : NULL;
        best = o;
        number = n.number;
    }
    *out = best;
    return twin ? refuse_two(s, twin, best, err) : OK;
}

/* ---------------------------------------------------------------------------------------- hint */

must_use static enum code read_hint(const struct search *s, struct buf *out, struct err *err)
{
    const struct object_info *hint = hint_of(&s->list, s->folder);
    struct object *object;
    if (!hint || hint->unreadable || hint->size == 0 || hint->size > HINT_BYTES_MAX)
        return OK;
    struct byte_range range = {0, hint->size, buf_reserve(out, hint->size), false};
    TRY(object_open(s->store, hint, &object, err));
    enum code rc = object_read_now(object, &range, 1, s->op, err);
    object_close(object);
    out->len = rc ? 0 : hint->size;
    return rc;
}

/* The name that a hint means if it is not a number: "00007-<uuid>", with or without its suffix. */
static void put_hinted_name(struct view text, struct buf *out)
{
    struct numbered n;
    buf_put(out, text.ptr, text.len);
    if (!parse_name(text, &n))
        buf_puts(out, ".metadata.json");
}

/* Whether the file that a hint names is there. */
must_use static enum code look_at_named(const struct search *s, struct view text,
                                        struct object_info *out, bool *out_found, struct err *err)
{
    AUTO(buf) struct buf base = {0}, name = {0};
    struct numbered n;
    *out_found = false;
    put_hinted_name(text, &base);
    if (!parse_name(buf_view(&base), &n) || memchr(text.ptr, '/', text.len))
        return OK;
    buf_printf(&name, "%s%s", s->folder, buf_cstr(&base));
    enum code rc = object_store_stat(s->store, buf_cstr(&name), s->op, out, err);
    *out_found = rc == OK;
    return rc == E_NOTFOUND ? OK : rc;
}

/* "7", or "v7" with or without its suffix. */
static bool is_number(struct view text)
{
    int64_t number;
    struct numbered n;
    return parse_number(text, &number) || (parse_stem(text, &n) && n.is_v) ||
           (parse_name(text, &n) && n.is_v);
}

/* -------------------------------------------------------------------------------------- answer */

must_use static enum code object_info_copy(const struct object_info *from, struct object_info *out,
                                           struct err *err)
{
    if (from->unreadable)
        return err_set(err, E_IO, "cannot read %s: %s", from->name, strerror(from->unreadable));
    *out = *from;
    out->name = mem_strdup(from->name);
    out->version = mem_strdup(from->version);
    return OK;
}

static void put_version(const struct search *s, enum way way, struct metadata_file *f)
{
    AUTO(buf) struct buf text = {0};
    buf_printf(&text, "%c\n%s\n%s\n%s", way, f->info.name, f->info.version, s->hint_version);
    f->version = mem_strdup(buf_cstr(&text));
}

must_use static enum code take(const struct search *s, enum way way,
                               const struct object_info *found, struct metadata_file *out,
                               struct err *err)
{
    TRY(object_info_copy(found, &out->info, err));
    put_version(s, way, out);
    return OK;
}

/* Of all files, whatever a hint says. */
must_use static enum code find_in_all(struct search *s, struct metadata_file *out, struct err *err)
{
    const struct object_info *found;
    if (!s->has_all)
        TRY(list(s, "", err));
    TRY(greatest(s, false, &found, err));
    if (!found)
        return err_set(err, E_NOTFOUND, "there is no metadata file in %s%s%s", s->store->shown,
                       s->store->is_far ? "" : "/", s->folder);
    return take(s, BY_ALL, found, out, err);
}

/* From nothing. */
must_use static enum code find_anew(struct search *s, struct metadata_file *out, struct err *err)
{
    AUTO(buf) struct buf hint = {0};
    const struct object_info *found = NULL;
    bool is_there = false;
    TRY(list(s, "v", err));
    TRY(read_hint(s, &hint, err));
    struct view text = view_trim(buf_view(&hint));
    if (text.len && is_number(text))
        TRY(greatest(s, true, &found, err));
    else if (text.len)
        TRY(look_at_named(s, text, &out->info, &is_there, err));
    if (found)
        return take(s, BY_V_FILES, found, out, err);
    if (!is_there)
        return find_in_all(s, out, err);
    put_version(s, BY_NAME, out);
    return OK;
}

/* ---------------------------------------------------------------------------------------- poll */

/* The parts of a version, as views into it. */
struct known {
    enum way way;
    struct view name, version, hint_version;
};

static struct view take_line(const char **at)
{
    struct view line = view_of(*at, strcspn(*at, "\n"));
    *at += line.len + ((*at)[line.len] == '\n');
    return line;
}

static struct known parse_known(const char *version)
{
    const char *at = version;
    struct view way = take_line(&at);
    struct known k = {.way = way.len == 1 ? (enum way)way.ptr[0] : BY_ALL};
    k.name = take_line(&at);
    k.version = take_line(&at);
    k.hint_version = take_line(&at);
    return k;
}

/* Where a listing must begin to have the known file and all with greater numbers: at its digits, if
 * those of greater numbers follow them. */
static void put_start(const struct search *s, const struct known *k, struct buf *out)
{
    struct view base = view_of(k->name.ptr + strlen(s->folder), k->name.len - strlen(s->folder));
    struct numbered n;
    bool is_padded = k->way == BY_ALL && parse_name(base, &n) && !n.is_v && base.ptr[0] == '0';
    if (k->way != BY_ALL)
        buf_puts(out, "v");
    else if (is_padded)
        buf_put(out, base.ptr, strcspn((const char *)base.ptr, "-"));
}

static bool is_known(const struct known *k, const struct object_info *o)
{
    return view_eq_cstr(k->name, o->name) && view_eq_cstr(k->version, o->version);
}

/* In the way of the last time. *out_found is false if that does not lead there any more. */
must_use static enum code find_again(struct search *s, const struct known *k,
                                     struct metadata_file *out, bool *out_found, bool *out_is_same,
                                     struct err *err)
{
    AUTO(buf) struct buf from = {0};
    const struct object_info *found = NULL;
    *out_found = false;
    put_start(s, k, &from);
    TRY(list(s, buf_cstr(&from), err));
    if (!view_eq_cstr(k->hint_version, s->hint_version))
        return OK;
    *out_found = *out_is_same = k->way == BY_NAME;
    if (*out_found)
        return OK;
    TRY(greatest(s, k->way == BY_V_FILES, &found, err));
    *out_found = found != NULL;
    *out_is_same = found && is_known(k, found);
    return found && !*out_is_same ? take(s, k->way, found, out, err) : OK;
}

must_use static enum code find(struct search *s, const char *version, struct metadata_file *out,
                               bool *out_is_same, struct err *err)
{
    bool is_found = false;
    if (version && strstr(version, s->folder) == version + 2) {
        struct known known = parse_known(version);
        TRY(find_again(s, &known, out, &is_found, out_is_same, err));
    }
    return is_found ? OK : find_anew(s, out, err);
}

enum code metadata_file_find(struct object_store *store, const char *folder, const char *version,
                             const struct remote_op *op, struct metadata_file *out,
                             bool *out_is_same, struct err *err)
{
    struct search s = {.store = store, .folder = folder, .op = op, .hint_version = ""};
    struct metadata_file found = {0};
    *out_is_same = false;
    enum code rc = find(&s, version, &found, out_is_same, err);
    object_list_done(&s.list);
    if (rc)
        metadata_file_done(&found);
    else
        *out = found;
    return rc;
}
