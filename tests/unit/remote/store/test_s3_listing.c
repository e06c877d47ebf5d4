/* Listings and refusals of S3, whole and cut, as several servers write them. */
#include "test.h"

#include "base/mem.h"
#include "remote/aws_xml.h"
#include "remote/store/s3_listing.h"

static const char page[] =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>b</Name>"
    "<Prefix>p/</Prefix><KeyCount>4</KeyCount><EncodingType>url</EncodingType>"
    "<IsTruncated>true</IsTruncated><NextContinuationToken>a&amp;b=</NextContinuationToken>"
    "<Contents><Key>p/</Key><LastModified>2026-11-22T10:00:00.123Z</LastModified>"
    "<ETag>&quot;d41d&quot;</ETag><Size>0</Size></Contents>"
    "<Contents><Key>p/a+b%2Bc%25%3D%C3%BC.parquet</Key>"
    "<LastModified>2026-11-22T10:00:00.123Z</LastModified><ETag>&#34;abc-2&#34;</ETag>"
    "<Size>1234567890123</Size><Owner><ID>x</ID></Owner></Contents>"
    "<Contents><Key>p/sub/</Key><Size>0</Size></Contents>"
    "<CommonPrefixes><Prefix>p/2026-11-22/</Prefix></CommonPrefixes>"
    "<CommonPrefixes><Prefix>p/%2F/</Prefix></CommonPrefixes>"
    "</ListBucketResult>";

static void list_decodes_names_and_leaves_folder_markers_out(void **state)
{
    (void)state;
    AUTO(object_list) struct object_list list = {0};
    AUTO(ptr) char *token = NULL;
    struct err err;
    assert_ok(s3_listing_add(view_cstr(page), "p/", &list, &token, &err));
    assert_string_equal(token, "a&b=");
    assert_int_equal(list.n_objects, 1);
    assert_string_equal(list.objects[0].name, "a b+c%=\xc3\xbc.parquet");
    assert_string_equal(list.objects[0].version, "\"abc-2\"");
    assert_int_equal(list.objects[0].size, 1234567890123);
    assert_int_equal(list.objects[0].modified_ms, 1795341600123);
    assert_int_equal(list.n_folders, 2);
    assert_string_equal(list.folders[0], "2026-11-22/");
    assert_string_equal(list.folders[1], "//");
}

static void list_without_encoding_takes_keys_as_they_are(void **state)
{
    (void)state;
    AUTO(object_list) struct object_list list = {0};
    char *token = NULL;
    struct err err;
    assert_ok(s3_listing_add(view_cstr("<ListBucketResult><Contents><Key>a+%2B</Key></Contents>"
                                       "<IsTruncated>false</IsTruncated></ListBucketResult>"),
                             "", &list, &token, &err));
    assert_null(token);
    assert_int_equal(list.n_objects, 1);
    assert_string_equal(list.objects[0].name, "a+%2B");
    assert_string_equal(list.objects[0].version, "");
}

static void list_that_is_cut_adds_nothing(void **state)
{
    (void)state;
    for (size_t len = 0; len + 1 < sizeof(page) - 1; len++) {
        AUTO(object_list) struct object_list list = {0};
        char *token = NULL;
        struct err err;
        assert_fails(s3_listing_add(view_of(page, len), "p/", &list, &token, &err), E_CORRUPT, "");
        assert_int_equal(list.n_objects + list.n_folders, 0);
        assert_null(token);
    }
}

static void list_refuses_what_is_no_list(void **state)
{
    (void)state;
    AUTO(object_list) struct object_list list = {0};
    char *token = NULL;
    struct err err;
    assert_fails(
        s3_listing_add(view_cstr("<Error><Code>X</Code></Error>"), "", &list, &token, &err),
        E_CORRUPT, "is not a ListBucketResult");
    assert_fails(s3_listing_add(view_cstr("<ListBucketResult><IsTruncated>true</IsTruncated>"
                                          "</ListBucketResult>"),
                                "", &list, &token, &err),
                 E_CORRUPT, "gives no token for the next");
    assert_fails(s3_listing_add(view_cstr("<!DOCTYPE x [<!ENTITY a \"b\">]><ListBucketResult/>"),
                                "", &list, &token, &err),
                 E_CORRUPT, "a long name, or more than 16 levels");
}

static void error_gives_code_message_and_region(void **state)
{
    (void)state;
    struct s3_error e;
    aws_xml_error(view_cstr("<Error><Code>AuthorizationHeaderMalformed</Code><Message>the region "
                            "is wrong</Message><Region>eu-west-1</Region></Error>"),
                  &e);
    assert_string_equal(e.code, "AuthorizationHeaderMalformed");
    assert_string_equal(e.message, "the region is wrong");
    assert_string_equal(e.region, "eu-west-1");
    aws_xml_error(view_cstr("<Error><Code>a&#10;b</Code></Error>"), &e);
    assert_string_equal(e.code, "a\\x0ab"); /* it stands in log lines */
    aws_xml_error(view_cstr("<html>Bad Gateway"), &e);
    assert_string_equal(e.code, "");
}

static void times_have_milliseconds_and_zones_or_not(void **state)
{
    (void)state;
    assert_int_equal(iso_time_ms(view_cstr("1970-01-01T00:00:01Z")), 1000);
    assert_int_equal(iso_time_ms(view_cstr("1970-01-01T00:00:01.05Z")), 1050);
    assert_int_equal(iso_time_ms(view_cstr("1970-01-01T02:00:01+02:00")), 1000);
    assert_int_equal(iso_time_ms(view_cstr("1969-12-31T16:30:01.5-0730")), 1500);
    assert_int_equal(iso_time_ms(view_cstr("1970-01-01T00:00:01+00:00")), 1000);
    assert_int_equal(iso_time_ms(view_cstr("yesterday")), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(list_decodes_names_and_leaves_folder_markers_out),
        cmocka_unit_test(list_without_encoding_takes_keys_as_they_are),
        cmocka_unit_test(list_that_is_cut_adds_nothing),
        cmocka_unit_test(list_refuses_what_is_no_list),
        cmocka_unit_test(error_gives_code_message_and_region),
        cmocka_unit_test(times_have_milliseconds_and_zones_or_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
