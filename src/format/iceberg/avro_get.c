#include "format/iceberg/avro_get_priv.h"

#include <inttypes.h>

enum { TEXT_MAX = 64 << 10 };

const struct avro_value *ice_avro_find(const struct avro_value *record, int64_t id)
{
    const struct avro_value *v = avro_value_by_id(record, id);
    return v && v->type->kind != AVRO_NULL ? v : NULL;
}

static const char *name_of(const struct avro_value *record, int64_t id)
{
    const struct avro_field *field = avro_field_by_id(record->type, id);
    return field ? field->name : "it";
}

must_use static enum code refuse(const struct avro_value *record, int64_t id, const char *what,
                                 struct err *err)
{
    char shown[100];
    return err_set(err, E_CORRUPT, "field %" PRId64 ": %s %s", id,
                   view_printable(view_cstr(name_of(record, id)), shown, sizeof(shown)), what);
}

enum code ice_avro_maybe_int64(const struct avro_value *record, int64_t id, int64_t *out,
                               struct err *err)
{
    const struct avro_value *v = ice_avro_find(record, id);
    if (!v)
        return OK;
    if (v->type->kind != AVRO_INT && v->type->kind != AVRO_LONG)
        return refuse(record, id, "is not an integer", err);
    *out = v->integer;
    return OK;
}

enum code ice_avro_maybe_int32(const struct avro_value *record, int64_t id, int32_t *out,
                               struct err *err)
{
    int64_t v = *out;
    TRY(ice_avro_maybe_int64(record, id, &v, err));
    if (v < INT32_MIN || v > INT32_MAX)
        return refuse(record, id, "is out of range", err);
    *out = (int32_t)v;
    return OK;
}

enum code ice_avro_maybe_text(const struct avro_value *record, int64_t id, struct arena *arena,
                              const char **out, struct err *err)
{
    const struct avro_value *v = ice_avro_find(record, id);
    if (!v)
        return OK;
    if (v->type->kind != AVRO_STRING)
        return refuse(record, id, "is not a text", err);
    if (v->bytes.len > TEXT_MAX)
        return refuse(record, id, "is longer than 64 KiB", err);
    if (!view_is_utf8(v->bytes) || memchr(v->bytes.ptr, 0, v->bytes.len))
        return refuse(record, id, "is not UTF-8, or has a zero byte", err);
    *out = arena_strndup(arena, v->bytes.ptr, v->bytes.len);
    return OK;
}

enum code ice_avro_maybe_size(const struct avro_value *record, int64_t id, int64_t *out,
                              struct err *err)
{
    TRY(ice_avro_maybe_int64(record, id, out, err));
    return ice_avro_find(record, id) && *out < 0 ? refuse(record, id, "is negative", err) : OK;
}

must_use static enum code must_have(const struct avro_value *record, int64_t id, struct err *err)
{
    return ice_avro_find(record, id) ? OK : refuse(record, id, "is missing", err);
}

enum code ice_avro_int64(const struct avro_value *record, int64_t id, int64_t *out, struct err *err)
{
    TRY(must_have(record, id, err));
    return ice_avro_maybe_int64(record, id, out, err);
}

enum code ice_avro_int32(const struct avro_value *record, int64_t id, int32_t *out, struct err *err)
{
    TRY(must_have(record, id, err));
    *out = 0;
    return ice_avro_maybe_int32(record, id, out, err);
}

enum code ice_avro_text(const struct avro_value *record, int64_t id, struct arena *arena,
                        const char **out, struct err *err)
{
    TRY(must_have(record, id, err));
    return ice_avro_maybe_text(record, id, arena, out, err);
}

enum code ice_avro_size(const struct avro_value *record, int64_t id, int64_t *out, struct err *err)
{
    TRY(must_have(record, id, err));
    return ice_avro_maybe_size(record, id, out, err);
}

bool ice_avro_has_bytes(const struct avro_value *record, int64_t id)
{
    const struct avro_value *v = ice_avro_find(record, id);
    return v && v->type->kind == AVRO_BYTES && v->bytes.len > 0;
}

/* "1" to "3"; older writers leave it out. */
must_use static enum code check_version(const struct avro_file *f, struct err *err)
{
    char shown[20];
    struct view version = view_cstr("1");
    avro_metadata(f, "format-version", &version);
    return version.len == 1 && version.ptr[0] >= '1' && version.ptr[0] <= '3'
               ? OK
               : err_set(err, E_UNSUPPORTED,
                         "Iceberg format version %s is not supported, 1 to 3 are",
                         view_printable(version, shown, sizeof(shown)));
}

enum code ice_avro_open(struct view bytes, struct avro_file **out, struct err *err)
{
    const struct avro_limits limits = avro_limits_default();
    struct avro_file *f;
    TRY(avro_open(bytes, &limits, &f, err));
    enum code rc = check_version(f, err);
    if (!rc && avro_record_type(f)->kind != AVRO_RECORD)
        rc = err_set(err, E_CORRUPT, "an Avro file of %ss instead of records",
                     avro_kind_name(avro_record_type(f)->kind));
    if (rc)
        avro_close(f);
    else
        *out = f;
    return rc;
}
