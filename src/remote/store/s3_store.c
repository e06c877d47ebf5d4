#include "remote/store/s3_store.h"

#include "base/mem.h"
#include "remote/store/s3_client.h"
#include "remote/store/s3_listing.h"

/*
 * How the operations of a store become requests:
 *
 *     list     one ListObjectsV2 for each page of 1,000 names, one after the other, since each page
 *              names the next
 *     stat     one HEAD
 *     open     none: the listing has already told size and ETag
 *     read     one GET for each part of each range, all started at once; the lane decides how many
 *              run
 *
 * A range is cut into parts because one connection to S3 brings only 50 to 100 MB/s, and because a
 * part that breaks costs less to repeat. Parts are of about equal length, so that no short one is
 * left over at the end.
 */

enum { LIST_TRIES = 3 };

struct s3_store {
    struct object_store base;
    struct s3_client client;
    char *prefix; /* "" or ending in '/' */
};

struct s3_object {
    struct object base;
    char *key;
    const struct object_info *info; /* borrowed */
    char etag[160]; /* of the first read, where the version was not known; "" before it */
};

/* ---------------------------------------------------------------------------------------- list */

static void add_query(struct s3_request *r, const char *name, const char *value)
{
    r->query[r->n_query++] = (struct sig_pair){view_cstr(name), view_cstr(value)};
}

/* List one page, from `token` on, and get the token of the next. A page that is cut off or garbled
 * is asked for again: half a listing would look like a partition with fewer files. */
must_use static enum code list_page(struct s3_store *s, const char *prefix, const char *after,
                                    const char *token, const struct remote_op *op,
                                    struct object_list *out, char **out_token, struct err *err)
{
    enum code rc = E_CORRUPT;
    for (int i = 0; i < LIST_TRIES && rc == E_CORRUPT; i++) {
        struct s3_request r;
        s3_request_init(&r, &s->client, "GET", NULL, op);
        add_query(&r, "list-type", "2");
        add_query(&r, "delimiter", "/");
        add_query(&r, "encoding-type", "url");
        if (prefix[0])
            add_query(&r, "prefix", prefix);
        if (after && !token)
            add_query(&r, "start-after", after);
        if (token)
            add_query(&r, "continuation-token", token);
        rc = s3_request_run(&r, err);
        if (!rc)
            rc = s3_listing_add(buf_view(&r.transfer.response), prefix, out, out_token, err);
        s3_request_done(&r);
    }
    return rc == E_CORRUPT ? E_IO : rc;
}

static char *join(const char *a, const char *b)
{
    struct buf text = {0};
    buf_printf(&text, "%s%s", a, b);
    buf_cstr(&text);
    return (char *)buf_detach(&text);
}

/* s3_listing_add removes prefix and folder from the names; put the folder back. */
static void put_folder_back(struct object_list *list, const char *folder)
{
    for (size_t i = 0; folder[0] && i < list->n_objects; i++) {
        char *name = join(folder, list->objects[i].name);
        free(list->objects[i].name);
        list->objects[i].name = name;
    }
    for (size_t i = 0; folder[0] && i < list->n_folders; i++) {
        char *name = join(folder, list->folders[i]);
        free(list->folders[i]);
        list->folders[i] = name;
    }
}

static enum code s3_list(struct object_store *base, const char *folder, const char *from,
                         const struct remote_op *op, struct object_list *out, struct err *err)
{
    struct s3_store *s = (struct s3_store *)base;
    AUTO(ptr) char *prefix = join(s->prefix, folder);
    AUTO(ptr) char *after = from ? join(s->prefix, from) : NULL;
    char *token = NULL;
    enum code rc;
    do {
        AUTO(ptr) char *at = token;
        token = NULL;
        rc = list_page(s, prefix, after, at, op, out, &token, err);
    } while (!rc && token);
    put_folder_back(out, folder);
    return rc ? err_in(err, rc == E_NOTFOUND ? E_IO : rc, "listing %s%s", s->base.shown, folder)
              : OK;
}

static enum code s3_stat(struct object_store *base, const char *name, const struct remote_op *op,
                         struct object_info *out, struct err *err)
{
    struct s3_store *s = (struct s3_store *)base;
    AUTO(ptr) char *key = join(s->prefix, name);
    struct s3_request r;
    s3_request_init(&r, &s->client, "HEAD", key, op);
    enum code rc = s3_request_run(&r, err);
    const struct transfer_head *head = &r.transfer.head;
    if (!rc)
        *out = (struct object_info){.name = mem_strdup(name),
                                    .size = head->content_length,
                                    .version = mem_strdup(head->etag),
                                    .modified_ms = head->modified_s * 1000};
    s3_request_done(&r);
    return rc ? err_in(err, rc, "object %s%s", s->base.shown, name) : OK;
}

/* ---------------------------------------------------------------------------------------- read */

struct s3_read {
    struct object_read base;
    struct s3_object *object;
    struct s3_batch batch;
    struct s3_request *parts;
    size_t n_parts;
};

static uint64_t parts_of(const struct byte_range *range, uint64_t part_bytes)
{
    return range->len / part_bytes + (range->len % part_bytes != 0);
}

/* Cut a range into parts of about equal length. */
static void add_parts(struct s3_read *r, const struct byte_range *range, uint64_t part_bytes,
                      const struct remote_op *op)
{
    struct s3_store *s = (struct s3_store *)r->base.store;
    const struct object_info *info = r->object->info;
    const char *etag = r->object->etag;
    uint64_t n = parts_of(range, part_bytes);
    for (uint64_t i = 0; i < n; i++) {
        uint64_t start = range->len / n * i,
                 end = i + 1 < n ? range->len / n * (i + 1) : range->len;
        struct s3_request *part = &r->parts[r->n_parts++];
        s3_request_init(part, &s->client, "GET", r->object->key, op);
        part->transfer.range = (struct transfer_range){
            .offset = range->offset + start,
            .len = end - start,
            .object_bytes = info->size,
            .is_suffix = range->is_suffix && n == 1,
            .out = range->out + start,
            .etag = info->version[0] ? info->version
                    : etag[0]        ? etag
                                     : NULL,
        };
    }
}

static struct object_read *s3_read_start(struct object *base, const struct byte_range *ranges,
                                         size_t n, const struct remote_op *op)
{
    struct s3_store *s = (struct s3_store *)base->store;
    uint64_t part_bytes = s->client.config->part_bytes, n_parts = 0;
    struct s3_read *r = mem_zalloc(sizeof(*r));
    r->base.store = base->store;
    r->object = (struct s3_object *)base;
    for (size_t i = 0; i < n; i++)
        n_parts += parts_of(&ranges[i], part_bytes);
    r->parts = mem_alloc((n_parts + 1) * sizeof(*r->parts));
    for (size_t i = 0; i < n; i++)
        add_parts(r, &ranges[i], part_bytes, op);
    s3_batch_init(&r->batch);
    for (size_t i = 0; i < r->n_parts; i++)
        s3_request_send(&r->parts[i], &r->batch);
    return &r->base;
}

/* Where the version was not known, all parts, and all later reads, are of the first part's. */
must_use static enum code keep_version(struct s3_object *o, const struct s3_request *part,
                                       struct err *err)
{
    const char *etag = part->transfer.head.etag;
    if (o->info->version[0] || strcmp(o->etag, etag) == 0)
        return OK;
    if (o->etag[0])
        return err_set(err, E_CHANGED, "object %s%s was replaced while it was read",
                       o->base.store->shown, o->key);
    memcpy(o->etag, etag, sizeof(o->etag));
    return OK;
}

static enum code s3_read_finish(struct object_read *base, struct err *err)
{
    struct s3_read *r = (struct s3_read *)base;
    enum code rc = OK;
    s3_batch_wait(&r->batch);
    for (size_t i = 0; i < r->n_parts; i++) {
        struct s3_request *part = &r->parts[i];
        if (!rc && part->code)
            rc = err_set(err, part->code, "%s", part->err.msg);
        if (!rc)
            rc = keep_version(r->object, part, err);
        s3_request_done(part);
    }
    s3_batch_done(&r->batch);
    free(r->parts);
    free(r);
    return rc;
}

/* --------------------------------------------------------------------------------------- store */

static enum code s3_open(struct object_store *base, const struct object_info *info,
                         struct object **out, struct err *err)
{
    struct s3_store *s = (struct s3_store *)base;
    struct s3_object *o = mem_zalloc(sizeof(*o));
    (void)err; /* whether it is there shows at the first read */
    *o = (struct s3_object){{base}, join(s->prefix, info->name), info, ""};
    *out = &o->base;
    return OK;
}

static void s3_close_object(struct object *base)
{
    struct s3_object *o = (struct s3_object *)base;
    free(o->key);
    free(o);
}

static void s3_close(struct object_store *base)
{
    struct s3_store *s = (struct s3_store *)base;
    s3_client_done(&s->client);
    free(s->prefix);
    free(s->base.shown);
    free(s->base.identity);
    free(s);
}

enum code s3_store_new(const struct s3_config *config, const struct credentials_origin *origin,
                       struct transfer_loop *loop, struct object_store **out_store, struct err *err)
{
    static const struct object_store_ops ops = {
        .kind = "s3",
        .list = s3_list,
        .stat = s3_stat,
        .open = s3_open,
        .close_object = s3_close_object,
        .read_start = s3_read_start,
        .read_finish = s3_read_finish,
        .close = s3_close,
    };
    struct s3_store *s = mem_zalloc(sizeof(*s));
    enum code rc = s3_client_init(&s->client, config, origin, loop, err);
    if (rc) {
        free(s);
        return rc;
    }
    size_t len = strlen(config->prefix);
    s->prefix = join(config->prefix, len && config->prefix[len - 1] != '/' ? "/" : "");
    s->base = (struct object_store){.ops = &ops, .is_far = true};
    AUTO(buf) struct buf shown = {0};
    buf_printf(&shown, "s3://%s/%s", config->bucket, s->prefix);
    s->base.shown = mem_strdup(buf_cstr(&shown));
    AUTO(buf) struct buf identity = {0};
    buf_printf(&identity, "s3 %s %s", s->client.endpoint, s->base.shown);
    s->base.identity = mem_strdup(buf_cstr(&identity));
    *out_store = &s->base;
    return OK;
}
