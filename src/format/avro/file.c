#include "format/avro/file.h"

#include "format/codec/decompress.h"

#include <inttypes.h>
#include <libdeflate.h>

static const uint8_t magic[4] = {'O', 'b', 'j', 1};
enum { SYNC_BYTES = 16 };

/* Of what the specification and its writers know, the codecs that are read. */
static const struct codec_name {
    const char *name;
    bool plain, has_crc;
    enum codec codec;
} codec_names[] = {
    {.name = "null", .plain = true},
    {.name = "deflate", .codec = CODEC_DEFLATE},
    {.name = "snappy", .codec = CODEC_SNAPPY, .has_crc = true},
    {.name = "zstandard", .codec = CODEC_ZSTD},
};
enum { n_codecs = sizeof(codec_names) / sizeof(codec_names[0]) };

struct avro_file {
    struct avro_limits limits;
    struct cursor cur;             /* after the block that is being read */
    struct arena kept;             /* schema, metadata */
    const struct avro_value *meta; /* AVRO_MAP of bytes */
    const struct avro_type *type;
    const struct codec_name *codec;
    struct view sync;
    struct decompressor decompressor;
    struct buf plain;  /* of the block, where it was compressed */
    uint64_t n_blocks; /* begun so far */
    int64_t n_records; /* of the block */
    int64_t n_read;    /* of them */
    struct avro_value_reader reader;
    struct arena record;     /* items of the last record */
    struct avro_value value; /* the last record */
    enum code failed;        /* what avro_next failed with */
};

struct avro_limits avro_limits_default(void)
{
    return (struct avro_limits){
        .schema_bytes = 16u << 20,
        .block_bytes = 256u << 20,
        .record_bytes = 64u << 20,
        .n_values = 1u << 28,
    };
}

const struct avro_type *avro_record_type(const struct avro_file *f)
{
    return f->type;
}

bool avro_metadata(const struct avro_file *f, const char *key, struct view *out)
{
    for (size_t i = 0; i < f->meta->n_items; i += 2)
        if (view_eq_cstr(f->meta->items[i].bytes, key)) {
            *out = f->meta->items[i + 1].bytes;
            return true;
        }
    return false;
}

/* The metadata is a map of Avro itself. */
must_use static enum code read_metadata(struct avro_file *f, struct err *err)
{
    static const struct avro_type bytes_type = {.kind = AVRO_BYTES, .takes_bytes = true};
    static const struct avro_type *const of[] = {&bytes_type};
    static const struct avro_type map_type = {
        .kind = AVRO_MAP, .takes_bytes = true, .of = (const struct avro_type **)of};
    struct avro_value_reader r = {
        .cur = f->cur,
        .arena = &f->kept,
        .arena_bytes = f->limits.schema_bytes,
        .n_left = f->limits.n_values,
    };
    struct avro_value *map = arena_alloc(&f->kept, sizeof(*map));
    enum code rc = avro_value_read(&r, &map_type, map, err);
    if (rc)
        return err_in(err, rc, "metadata");
    f->meta = map;
    f->cur = r.cur;
    return OK;
}

must_use static enum code find_codec(struct avro_file *f, struct err *err)
{
    char text[64];
    struct view name = view_cstr("null");
    avro_metadata(f, "avro.codec", &name);
    for (size_t i = 0; i < n_codecs; i++)
        if (view_eq_cstr(name, codec_names[i].name)) {
            f->codec = &codec_names[i];
            return OK;
        }
    return err_set(err, E_UNSUPPORTED, "Avro codec %s is not supported",
                   view_printable(name, text, sizeof(text)));
}

must_use static enum code read_schema(struct avro_file *f, struct err *err)
{
    struct view json;
    if (!avro_metadata(f, "avro.schema", &json))
        return err_set(err, E_CORRUPT, "has no Avro schema");
    if (json.len > f->limits.schema_bytes)
        return err_set(err, E_LIMIT, "has an Avro schema of %zu bytes; %zu are allowed", json.len,
                       f->limits.schema_bytes);
    return avro_schema_parse(json, &f->kept, &f->type, err);
}

must_use static enum code read_head(struct avro_file *f, struct err *err)
{
    struct view v;
    if (!cur_bytes(&f->cur, sizeof(magic), &v) || memcmp(v.ptr, magic, sizeof(magic)) != 0)
        return err_set(err, E_CORRUPT, "is not an Avro file");
    TRY(read_metadata(f, err));
    TRY(find_codec(f, err));
    TRY(read_schema(f, err));
    return cur_bytes(&f->cur, SYNC_BYTES, &f->sync)
               ? OK
               : err_set(err, E_CORRUPT, "ends in the middle of its head");
}

enum code avro_open(struct view bytes, const struct avro_limits *limits, struct avro_file **out,
                    struct err *err)
{
    struct avro_file *f = mem_zalloc(sizeof(*f));
    f->limits = *limits;
    f->cur = cur_of(bytes);
    f->reader = (struct avro_value_reader){
        .arena = &f->record,
        .arena_bytes = limits->record_bytes,
        .n_left = limits->n_values,
    };
    enum code rc = read_head(f, err);
    if (rc)
        avro_close(f);
    else
        *out = f;
    return rc;
}

void avro_close(struct avro_file *f)
{
    if (!f)
        return;
    decompressor_done(&f->decompressor);
    buf_done(&f->plain);
    arena_done(&f->record);
    arena_done(&f->kept);
    free(f);
}

/* Snappy's blocks end in a checksum of the plain bytes, big endian. */
must_use static enum code check_crc(struct view plain, struct view crc, struct err *err)
{
    uint32_t wanted, is = libdeflate_crc32(0, plain.ptr, plain.len);
    struct cursor cur = cur_of(crc);
    if (!cur_u32be(&cur, &wanted) || wanted != is)
        return err_set(err, E_CORRUPT, "checksum mismatch");
    return OK;
}

must_use static enum code decompress(struct avro_file *f, struct view in, struct view *out,
                                     struct err *err)
{
    struct cursor cur = cur_of(in);
    struct view body = in, crc = {0};
    if (f->codec->plain) {
        *out = in;
        return in.len <= f->limits.block_bytes ? OK
                                               : err_set(err, E_LIMIT, "%zu bytes; %zu are allowed",
                                                         in.len, f->limits.block_bytes);
    }
    if (f->codec->has_crc &&
        (in.len < 4 || !cur_bytes(&cur, in.len - 4, &body) || !cur_bytes(&cur, 4, &crc)))
        return err_set(err, E_CORRUPT, "%zu bytes are too few for a checksum", in.len);
    TRY(decompressor_run(&f->decompressor, f->codec->codec, body, f->limits.block_bytes, &f->plain,
                         err));
    *out = buf_view(&f->plain);
    return f->codec->has_crc ? check_crc(*out, crc, err) : OK;
}

/* A block of records that take no bytes may count as many as it likes: avro_value_read counts. */
must_use static enum code check_count(const struct avro_file *f, struct view plain, struct err *err)
{
    if (f->n_records < 0 || (f->type->takes_bytes && (uint64_t)f->n_records > plain.len))
        return err_set(err, E_CORRUPT, "%" PRId64 " records in %zu bytes", f->n_records, plain.len);
    return OK;
}

must_use static enum code read_block(struct avro_file *f, struct err *err)
{
    int64_t len;
    struct view body, sync, plain;
    f->n_read = 0;
    if (!cur_zigzag(&f->cur, &f->n_records) || !cur_zigzag(&f->cur, &len))
        return err_set(err, E_CORRUPT, "ends in the middle of its head");
    if (len < 0 || !cur_bytes(&f->cur, (uint64_t)len, &body))
        return err_set(err, E_CORRUPT, "is of %" PRId64 " bytes, but the file has %zu more", len,
                       cur_left(&f->cur));
    if (!cur_bytes(&f->cur, SYNC_BYTES, &sync) || !view_eq(sync, f->sync))
        return err_set(err, E_CORRUPT, "does not end in the file's sync marker");
    TRY(decompress(f, body, &plain, err));
    TRY(check_count(f, plain, err));
    f->reader.cur = cur_of(plain);
    return OK;
}

/* After the last record of a block. */
must_use static enum code check_end(const struct avro_file *f, struct err *err)
{
    size_t left = cur_left(&f->reader.cur);
    return left == 0
               ? OK
               : err_set(err, E_CORRUPT,
                         "block %" PRIu64 ": %zu bytes are left after its %" PRId64 " records",
                         f->n_blocks - 1, left, f->n_records);
}

/* Up to the next block that holds a record, or the end of the file. */
must_use static enum code next_block(struct avro_file *f, struct err *err)
{
    while (f->n_read == f->n_records) {
        TRY(check_end(f, err));
        if (cur_left(&f->cur) == 0)
            return OK;
        f->n_blocks++;
        enum code rc = read_block(f, err);
        if (rc)
            return err_in(err, rc, "block %" PRIu64, f->n_blocks - 1);
    }
    return OK;
}

must_use static enum code read_next(struct avro_file *f, const struct avro_value **out,
                                    struct err *err)
{
    TRY(next_block(f, err));
    if (f->n_read == f->n_records) {
        *out = NULL;
        return OK;
    }
    arena_reset(&f->record);
    enum code rc = avro_value_read(&f->reader, f->type, &f->value, err);
    if (rc)
        return err_in(err, rc, "block %" PRIu64 ", record %" PRId64, f->n_blocks - 1, f->n_read);
    f->n_read++;
    *out = &f->value;
    return OK;
}

enum code avro_next(struct avro_file *f, const struct avro_value **out, struct err *err)
{
    if (f->failed)
        return err_set(err, f->failed, "is damaged, as was said before");
    f->failed = read_next(f, out, err);
    return f->failed;
}
