/* Metadata files by hand: each version, and each broken in one way. */
#include "format/iceberg/metadata.h"

#include "base/buf.h"
#include "base/mem.h"
#include "test.h"

#include <libdeflate.h>
#include <stdio.h>
#include <zstd.h>

static const char v1[] =
    "{'format-version':1,'location':'s3://b/t','last-updated-ms':17,'last-column-id':2,"
    "'schema':{'type':'struct','fields':[{'id':1,'name':'x','required':true,'type':'long'},"
    "{'id':2,'name':'y','required':false,'type':'string'}]},"
    "'partition-spec':[{'name':'x','transform':'identity','source-id':1,'field-id':1000},"
    "{'name':'y_bucket','transform':'bucket[4]','source-id':2}],'properties':{},"
    "'current-snapshot-id':7000000000000000001,'snapshots':[{'snapshot-id':7000000000000000001,"
    "'timestamp-ms':16,'manifests':['s3://b/t/m0.avro','s3://b/t/m1.avro']}]}";

static const char v2[] =
    "{'format-version':2,'table-uuid':'u-1','location':'s3://b/t','last-sequence-number':34,"
    "'last-updated-ms':17,'last-column-id':2,'current-schema-id':1,'schemas':["
    "{'type':'struct','schema-id':0,'fields':[{'id':1,'name':'x','required':true,'type':'int'}]},"
    "{'type':'struct','schema-id':1,'identifier-field-ids':[1],'fields':["
    "{'id':1,'name':'x','required':true,'type':'long'},"
    "{'id':2,'name':'y','required':false,'type':'float'}]}],"
    "'default-spec-id':3,'partition-specs':[{'spec-id':0,'fields':[]},{'spec-id':3,'fields':["
    "{'name':'x','transform':'identity','source-id':1,'field-id':1003}]}],"
    "'last-partition-id':1003,'default-sort-order-id':0,'sort-orders':[{'order-id':0,'fields':[]}],"
    "'properties':{'schema.name-mapping.default':'[{\\'field-id\\':1,\\'names\\':[\\'x\\',\\'X\\']}"
    ","
    "{\\'names\\':[\\'gone\\']},{\\'field-id\\':2,\\'names\\':[\\'y\\']}]'},"
    "'current-snapshot-id':22,'snapshots':["
    "{'snapshot-id':11,'timestamp-ms':15,'sequence-number':33,'summary':{'operation':'append'},"
    "'manifest-list':'s3://b/t/l11.avro'},"
    "{'snapshot-id':22,'parent-snapshot-id':11,'timestamp-ms':16,'sequence-number':34,"
    "'schema-id':1,'summary':{'operation':'overwrite'},'manifest-list':'s3://b/t/l22.avro'}],"
    "'snapshot-log':[{'snapshot-id':11,'timestamp-ms':15},{'snapshot-id':22,'timestamp-ms':16}],"
    "'refs':{'main':{'snapshot-id':22,'type':'branch'},'old':{'snapshot-id':11,'type':'tag'}}}";

static const char v3[] =
    "{'format-version':3,'table-uuid':'u-1','location':'s3://b/t','last-sequence-number':1,"
    "'last-updated-ms':17,'last-column-id':1,'next-row-id':0,'current-schema-id':0,'schemas':["
    "{'type':'struct','schema-id':0,'fields':[{'id':1,'name':'x','required':true,'type':'int',"
    "'initial-default':-5}]}],'default-spec-id':0,'partition-specs':[{'spec-id':0,'fields':["
    "{'name':'m','transform':'identity','source-ids':[1,2],'field-id':1000},"
    "{'name':'s','transform':'identity','source-ids':[1],'field-id':1001}]}],"
    "'last-partition-id':1001,'default-sort-order-id':0,'sort-orders':[],"
    "'current-snapshot-id':1,'snapshots':[{'snapshot-id':1,'timestamp-ms':1,'sequence-number':1,"
    "'key-id':'k1','manifest-list':'l'}]}";

/* JSON with ' for ", and \' for what is quoted twice. */
static void put_json(struct buf *to, const char *text)
{
    for (; *text; text++) {
        if (text[0] == '\\' && text[1] == '\'') {
            buf_puts(to, "\\\"");
            text++;
        } else {
            buf_put_u8(to, *text == '\'' ? '"' : (uint8_t)*text);
        }
    }
}

/* The text with the only place that is `from` replaced by `to`. */
static void put_changed(struct buf *out, const char *text, const char *from, const char *to)
{
    const char *at = strstr(text, from);
    AUTO(buf) struct buf changed = {0};
    if (!at)
        fail_msg("there is no %s", from);
    buf_put(&changed, text, (size_t)(at - text));
    buf_puts(&changed, to);
    buf_puts(&changed, at + strlen(from));
    put_json(out, buf_cstr(&changed));
}

static struct ice_metadata *parse(const char *text)
{
    AUTO(buf) struct buf json = {0};
    struct ice_metadata *m;
    struct err err;
    put_json(&json, text);
    assert_ok(ice_metadata_parse(buf_view(&json), 1 << 20, &m, &err));
    return m;
}

static void refuse(const char *text, const char *from, const char *to, enum code code,
                   const char *says)
{
    AUTO(buf) struct buf json = {0};
    struct ice_metadata *m;
    struct err err;
    put_changed(&json, text, from, to);
    assert_fails(ice_metadata_parse(buf_view(&json), 1 << 20, &m, &err), code, says);
}

static void accept(const char *text, const char *from, const char *to)
{
    AUTO(buf) struct buf json = {0};
    struct ice_metadata *m;
    struct err err;
    put_changed(&json, text, from, to);
    assert_ok(ice_metadata_parse(buf_view(&json), 1 << 20, &m, &err));
    ice_metadata_free(m);
}

static void version_1_has_one_schema_and_one_spec(void **state)
{
    (void)state;
    struct ice_metadata *m = parse(v1);
    assert_int_equal(m->format_version, 1);
    assert_string_equal(m->table_uuid, "");
    assert_string_equal(m->location, "s3://b/t");
    assert_int_equal(m->last_sequence_number, 0);
    const struct ice_schema *s = ice_metadata_schema(m, m->current_schema_id);
    assert_int_equal(s->n_fields, 2);
    assert_string_equal(ice_schema_field(s, 2)->name, "y");
    assert_true(s->fields[0].is_required && !s->fields[1].is_required);
    assert_null(ice_schema_field(s, 3));
    const struct ice_spec *spec = ice_metadata_spec(m, 0);
    assert_int_equal(spec->n_fields, 2);
    assert_true(spec->fields[0].is_identity && !spec->fields[1].is_identity);
    assert_int_equal(spec->fields[1].field_id, 1001);
    const struct ice_snapshot *snapshot = ice_metadata_snapshot(m, INT64_C(7000000000000000001));
    assert_null(snapshot->manifest_list);
    assert_int_equal(snapshot->n_manifests, 2);
    assert_string_equal(snapshot->manifests[1], "s3://b/t/m1.avro");
    assert_int_equal(snapshot->sequence_number, 0);
    assert_int_equal(snapshot->parent_id, ICE_NO_SNAPSHOT);
    assert_int_equal(snapshot->schema_id, ICE_NO_SCHEMA);
    assert_string_equal(snapshot->operation, "");
    assert_int_equal(ice_metadata_ref(m, "main")->snapshot_id, snapshot->id);
    assert_false(m->has_mapping);
    ice_metadata_free(m);
}

static void version_2_has_schemas_specs_names_and_a_log(void **state)
{
    (void)state;
    struct ice_metadata *m = parse(v2);
    assert_int_equal(m->n_schemas, 2);
    assert_int_equal(m->current_schema_id, 1);
    assert_int_equal(ice_metadata_schema(m, 1)->identifier_ids[0], 1);
    assert_null(ice_metadata_schema(m, 2));
    assert_int_equal(ice_metadata_spec(m, 3)->fields[0].source_id, 1);
    assert_null(ice_metadata_spec(m, 1));
    const struct ice_snapshot *s = ice_metadata_snapshot(m, m->current_snapshot_id);
    assert_int_equal(s->parent_id, 11);
    assert_int_equal(s->sequence_number, 34);
    assert_int_equal(s->schema_id, 1);
    assert_string_equal(s->operation, "overwrite");
    assert_string_equal(s->manifest_list, "s3://b/t/l22.avro");
    assert_int_equal(m->n_refs, 2);
    assert_true(ice_metadata_ref(m, "main")->is_branch);
    assert_false(ice_metadata_ref(m, "old")->is_branch);
    assert_null(ice_metadata_ref(m, "new"));
    assert_int_equal(m->n_log, 2);
    assert_int_equal(m->log[1].timestamp_ms, 16);
    assert_true(m->has_mapping);
    assert_int_equal(m->n_mapping, 3);
    assert_string_equal(m->mapping[1].name, "X");
    assert_int_equal(m->mapping[2].field_id, 2);
    ice_metadata_free(m);
    ice_metadata_free(NULL);
}

static void version_3_has_defaults_keys_and_many_sources(void **state)
{
    (void)state;
    struct ice_metadata *m = parse(v3);
    const struct ice_field *f = &m->schemas[0].fields[0];
    assert_true(f->has_initial_default);
    assert_memory_equal(f->initial_default.bytes.ptr, "\xFB\xFF\xFF\xFF", 4);
    assert_int_equal(m->specs[0].fields[0].source_id, 0);
    assert_false(m->specs[0].fields[0].is_identity);
    assert_int_equal(m->specs[0].fields[1].source_id, 1);
    assert_true(m->specs[0].fields[1].is_identity);
    assert_true(m->snapshots[0].is_encrypted);
    ice_metadata_free(m);
}

static void a_table_may_be_empty(void **state)
{
    (void)state;
    static const char *const none[] = {"null", "-1"};
    for (int i = 0; i < 2; i++) {
        AUTO(buf) struct buf json = {0}, text = {0};
        struct ice_metadata *m;
        struct err err;
        buf_puts(&text, "'current-snapshot-id':");
        buf_puts(&text, none[i]);
        buf_puts(&text, ",'was':1");
        put_changed(&json, v3, "'current-snapshot-id':1", buf_cstr(&text));
        assert_ok(ice_metadata_parse(buf_view(&json), 1 << 20, &m, &err));
        assert_int_equal(m->current_snapshot_id, ICE_NO_SNAPSHOT);
        assert_int_equal(m->n_refs, 0);
        ice_metadata_free(m);
    }
    accept(v1, "'current-snapshot-id':7000000000000000001,", "");
}

/* Ids without a sign, as one writer has them; what stands in texts stays. */
static void ids_beyond_int64_are_read_with_their_bits(void **state)
{
    (void)state;
    AUTO(buf) struct buf json = {0}, text = {0};
    struct ice_metadata *m;
    struct err err;
    put_changed(&text, v1, "'current-snapshot-id':7000000000000000001",
                "'current-snapshot-id':9876543210123456789");
    put_changed(&json, buf_cstr(&text), "\"snapshot-id\":7000000000000000001",
                "\"snapshot-id\":9876543210123456789, \"a\":\"\\\"9876543210123456789\", "
                "\"b\":-9223372036854775808, \"summary\":{\"operation\":\"9876543210123456789\"}");
    assert_ok(ice_metadata_parse(buf_view(&json), 1 << 20, &m, &err));
    assert_int_equal(m->current_snapshot_id, (int64_t)UINT64_C(9876543210123456789));
    assert_string_equal(ice_metadata_snapshot(m, m->current_snapshot_id)->operation,
                        "9876543210123456789");
    ice_metadata_free(m);
    refuse(v1, "'last-updated-ms':17", "'last-updated-ms':18446744073709551616", E_CORRUPT,
           "too big integer");
    refuse(v1, "'last-updated-ms':17", "'last-updated-ms':-9223372036854775809", E_CORRUPT,
           "too big negative integer");
}

static void other_versions_are_unsupported(void **state)
{
    (void)state;
    refuse(v2, "'format-version':2", "'format-version':4", E_UNSUPPORTED,
           "Iceberg format version 4 is not supported, 1 to 3 are");
    refuse(v2, "'format-version':2", "'format-version':0", E_UNSUPPORTED, "version 0");
    refuse(v2, "'format-version':2", "'format-version':'2'", E_CORRUPT,
           "format-version is not an integer");
    refuse(v2, "'format-version':2,", "", E_CORRUPT, "format-version is missing");
    refuse(v2, v2, "[]", E_CORRUPT, "format-version is missing");
}

static void what_a_version_demands_must_be_there(void **state)
{
    (void)state;
    static const char *const demanded[] = {
        "table-uuid",      "location",    "last-sequence-number",  "last-updated-ms",
        "last-column-id",  "schemas",     "current-schema-id",     "default-spec-id",
        "partition-specs", "sort-orders", "default-sort-order-id", "last-partition-id",
    };
    for (size_t i = 0; i < sizeof(demanded) / sizeof(demanded[0]); i++) {
        char from[64], says[64];
        snprintf(from, sizeof(from), "'%s':", demanded[i]);
        snprintf(says, sizeof(says), "%s is missing", demanded[i]);
        refuse(v2, from, "'x':", E_CORRUPT, says);
    }
    refuse(v1, "'schema':", "'x':", E_CORRUPT, "schema is missing");
    refuse(v1, "'partition-spec':", "'x':", E_CORRUPT, "partition-spec is missing");
    refuse(v1, "'partition-spec':", "'partition-specs':", E_CORRUPT, "default-spec-id is missing");
    refuse(v1, "'schema':", "'schemas':[],'x':", E_CORRUPT, "current-schema-id is missing");
}

static void what_is_current_must_exist(void **state)
{
    (void)state;
    refuse(v2, "'current-schema-id':1", "'current-schema-id':2", E_CORRUPT,
           "current-schema-id 2 is not among the schemas");
    refuse(v2, "'default-spec-id':3", "'default-spec-id':1", E_CORRUPT,
           "default-spec-id 1 is not in partition-specs");
    refuse(v2, "'current-snapshot-id':22", "'current-snapshot-id':23", E_CORRUPT,
           "current-snapshot-id 23 is not among the snapshots");
    refuse(v2, "'current-snapshot-id':22", "'current-snapshot-id':11", E_CORRUPT,
           "the branch main is at 22, current-snapshot-id is 11");
    refuse(v2, "'current-snapshot-id':22", "'current-snapshot-id':null", E_CORRUPT,
           "the branch main is at 22, current-snapshot-id is -1");
}

static void broken_parts_are_named(void **state)
{
    (void)state;
    refuse(v2, "'type':'float'", "'type':'flote'", E_UNSUPPORTED,
           "schemas: number 1: field y: type flote is not known");
    refuse(v2, "'type':'float'", "'type':7", E_CORRUPT, "neither a text nor an object");
    refuse(v2, "{'id':2,", "{'id':'2',", E_CORRUPT, "schemas: number 1: id is not an integer");
    refuse(v2, "{'id':2,", "{'id':3000000000,", E_CORRUPT, "id is 3000000000, which is out");
    refuse(v2, "'identifier-field-ids':[1]", "'identifier-field-ids':['x']", E_CORRUPT,
           "identifier-field-ids has 0");
    refuse(v2, "'transform':'identity',", "", E_CORRUPT,
           "partition-specs: number 1: field 0: transform is missing");
    refuse(v2, "'source-id':1", "'source-id':null", E_CORRUPT, "source-id is missing");
    refuse(v2, "'manifest-list':'s3://b/t/l11.avro'", "'a':1", E_CORRUPT,
           "snapshots: number 0: manifest-list is missing");
    refuse(v2, "'snapshot-id':22,'parent", "'snapshot-id':2.5,'parent", E_CORRUPT,
           "snapshots: number 1: snapshot-id is not an integer");
    refuse(v2, "'type':'tag'", "'type':'tug'", E_CORRUPT, "refs: old: type is neither");
    refuse(v2, "'snapshot-log':[{", "'snapshot-log':[{},{", E_CORRUPT,
           "snapshot-log: number 0: timestamp-ms is missing");
    refuse(v2, "\\'field-id\\':1,", "\\'field-id\\':\\'a\\',", E_CORRUPT,
           "schema.name-mapping.default: field-id is not an integer");
    refuse(v2, "[{\\'field-id\\':1", "[{{", E_CORRUPT, "schema.name-mapping.default: ");
    refuse(v1, "'s3://b/t/m0.avro'", "1", E_CORRUPT, "snapshots: number 0: manifest 0 is not");
    refuse(v2, "'format-version':2", "'format-version'=2", E_CORRUPT, "at byte ");
    refuse(v3, "'initial-default':-5", "'initial-default':'x'", E_CORRUPT,
           "field x: initial-default: x is not a value of type int");
}

static void put_gzip(struct buf *to, struct view plain)
{
    struct libdeflate_compressor *c = libdeflate_alloc_compressor(6);
    size_t cap = libdeflate_gzip_compress_bound(c, plain.len);
    to->len = libdeflate_gzip_compress(c, plain.ptr, plain.len, buf_reserve(to, cap), cap);
    libdeflate_free_compressor(c);
}

static void put_zstd(struct buf *to, struct view plain)
{
    size_t cap = ZSTD_compressBound(plain.len);
    to->len = ZSTD_compress(buf_reserve(to, cap), cap, plain.ptr, plain.len, 3);
}

static void expect_limit(struct view packed, size_t plain_bytes)
{
    struct ice_metadata *m;
    struct err err;
    assert_ok(ice_metadata_parse(packed, plain_bytes, &m, &err));
    assert_int_equal(m->n_snapshots, 2);
    ice_metadata_free(m);
    assert_fails(ice_metadata_parse(packed, plain_bytes - 1, &m, &err), E_LIMIT,
                 "decompress to more than");
    for (size_t len = 0; len < packed.len; len++)
        assert_int_equal(ice_metadata_parse(view_of(packed.ptr, len), 1 << 20, &m, &err),
                         E_CORRUPT);
}

static void files_may_be_compressed_up_to_a_limit(void **state)
{
    (void)state;
    AUTO(buf) struct buf gzip = {0}, zstd = {0}, json = {0};
    put_json(&json, v2);
    put_gzip(&gzip, buf_view(&json));
    put_zstd(&zstd, buf_view(&json));
    expect_limit(buf_view(&gzip), json.len);
    expect_limit(buf_view(&zstd), json.len);
}

static void plain_files_have_a_limit_too(void **state)
{
    (void)state;
    AUTO(buf) struct buf json = {0};
    struct ice_metadata *m;
    struct err err;
    put_json(&json, v2);
    assert_fails(ice_metadata_parse(buf_view(&json), json.len - 1, &m, &err), E_LIMIT, "allowed");
}

static enum code parse_copy(struct view bytes)
{
    AUTO(ptr) uint8_t *exact = mem_alloc(bytes.len);
    struct ice_metadata *m;
    struct err err;
    if (bytes.len)
        memcpy(exact, bytes.ptr, bytes.len);
    enum code rc = ice_metadata_parse(view_of(exact, bytes.len), 1 << 20, &m, &err);
    if (!rc)
        ice_metadata_free(m);
    return rc;
}

static void a_file_cut_or_changed_anywhere_ends_in_a_code(void **state)
{
    (void)state;
    static const char *const texts[] = {v1, v2, v3};
    for (int i = 0; i < 3; i++) {
        AUTO(buf) struct buf json = {0};
        put_json(&json, texts[i]);
        for (size_t len = 0; len < json.len; len++)
            assert_int_equal(parse_copy(view_of(json.ptr, len)), E_CORRUPT);
        for (size_t at = 0; at < json.len; at++)
            for (unsigned bit = 0; bit < 8; bit++) {
                json.ptr[at] ^= (uint8_t)(1u << bit);
                enum code rc = parse_copy(buf_view(&json));
                json.ptr[at] ^= (uint8_t)(1u << bit);
                if (rc != OK && rc != E_CORRUPT && rc != E_UNSUPPORTED)
                    fail_msg("version %d, byte %zu: %s", i + 1, at, code_name(rc));
            }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(version_1_has_one_schema_and_one_spec),
        cmocka_unit_test(version_2_has_schemas_specs_names_and_a_log),
        cmocka_unit_test(version_3_has_defaults_keys_and_many_sources),
        cmocka_unit_test(a_table_may_be_empty),
        cmocka_unit_test(ids_beyond_int64_are_read_with_their_bits),
        cmocka_unit_test(other_versions_are_unsupported),
        cmocka_unit_test(what_a_version_demands_must_be_there),
        cmocka_unit_test(what_is_current_must_exist),
        cmocka_unit_test(broken_parts_are_named),
        cmocka_unit_test(files_may_be_compressed_up_to_a_limit),
        cmocka_unit_test(plain_files_have_a_limit_too),
        cmocka_unit_test(a_file_cut_or_changed_anywhere_ends_in_a_code),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
