/* The shared files of the AWS tools, and URLs. */
#include "test.h"

#include "base/mem.h"
#include "remote/identity/aws_profile.h"
#include "remote/uri.h"

static void profiles_of_both_files_and_credentials_wins(void **state)
{
    (void)state;
    AUTO(aws_profiles) struct aws_profiles p = {0};
    aws_profiles_parse(&p,
                       view_cstr("# comment\n[default]\naws_access_key_id = A\r\n"
                                 "aws_secret_access_key=s=/+\n\n[ other ]\naws_access_key_id=B\n"),
                       false);
    aws_profiles_parse(&p,
                       view_cstr("[default]\nregion = eu-west-1 # there\naws_access_key_id = C\n"
                                 "s3 =\n  addressing_style = path\n"
                                 "[profile role]\nrole_arn = arn:x\nsource_profile = default\n"
                                 "[sso-session z]\nregion = nowhere\n[empty]\n"),
                       true);
    assert_string_equal(aws_profiles_get(&p, "default", "aws_access_key_id"), "A");
    assert_string_equal(aws_profiles_get(&p, "default", "aws_secret_access_key"), "s=/+");
    assert_string_equal(aws_profiles_get(&p, "default", "region"), "eu-west-1");
    assert_string_equal(aws_profiles_get(&p, "other", "aws_access_key_id"), "B");
    assert_string_equal(aws_profiles_get(&p, "role", "source_profile"), "default");
    assert_null(aws_profiles_get(&p, "default", "addressing_style"));
    assert_null(aws_profiles_get(&p, "default", "s3"));
    assert_null(aws_profiles_get(&p, "z", "region"));
    assert_true(aws_profiles_has(&p, "role"));
    assert_false(aws_profiles_has(&p, "empty")); /* of a config file it must say "profile" */
}

static void no_files_are_no_profiles(void **state)
{
    (void)state;
    static const char *const paths[] = {"/dev/null", "/nonexistent/file"};
    for (size_t i = 0; i < 2; i++) {
        struct err err;
        AUTO(aws_profiles) struct aws_profiles p = {0};
        setenv("AWS_SHARED_CREDENTIALS_FILE", paths[i], 1);
        setenv("AWS_CONFIG_FILE", paths[i], 1);
        assert_ok(aws_profiles_load(&p, &err));
        assert_int_equal(p.n, 0);
    }
}

static void uri_is_taken_apart(void **state)
{
    (void)state;
    struct err err;
    struct uri u;
    assert_ok(uri_parse("https://[fd00::1]:9000/base?q", &u, &err));
    assert_true(view_eq_cstr(u.host, "[fd00::1]"));
    assert_true(view_eq_cstr(u.port, "9000"));
    assert_true(view_eq_cstr(u.path, "/base?q"));
    assert_ok(uri_parse("http://minio", &u, &err));
    assert_int_equal(u.port.len + u.path.len, 0);
    assert_fails(uri_parse("ftp://x", &u, &err), E_INVALID, "must begin with");
    assert_fails(uri_parse("http:///x", &u, &err), E_INVALID, "no host");
    assert_fails(uri_parse("http://u:p@h", &u, &err), E_INVALID, "not a number");
    assert_fails(uri_parse("http://u@h", &u, &err), E_INVALID, "'@'");
}

static void uri_decodes_what_listings_encode(void **state)
{
    (void)state;
    AUTO(buf) struct buf out = {0};
    uri_put_decoded(&out, view_cstr("a+b%2Bc%2fd%zz%4"));
    assert_string_equal(buf_cstr(&out), "a b+c/d%zz%4");
}

static void uri_hosts_without_buckets_in_front(void **state)
{
    (void)state;
    assert_true(uri_host_is_bare(view_cstr("127.0.0.1")));
    assert_true(uri_host_is_bare(view_cstr("localhost")));
    assert_true(uri_host_is_bare(view_cstr("[::1]")));
    assert_false(uri_host_is_bare(view_cstr("s3.eu-west-1.amazonaws.com")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(profiles_of_both_files_and_credentials_wins),
        cmocka_unit_test(no_files_are_no_profiles),
        cmocka_unit_test(uri_is_taken_apart),
        cmocka_unit_test(uri_decodes_what_listings_encode),
        cmocka_unit_test(uri_hosts_without_buckets_in_front),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
