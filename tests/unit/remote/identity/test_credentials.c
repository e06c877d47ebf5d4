/*
 * Who we are to S3: the order of the chain and what each step takes, with files and commands of our
 * own. The steps that ask a service (roles, containers, instances) are tested end to end,
 * tests/e2e/test_s3_credentials.py.
 */
#include "remote/identity/call.h"
#include "remote/identity/credentials.h"
#include "remote/identity/environment.h"
#include "remote/identity/find.h"
#include "remote/identity/metadata.h"
#include "remote/identity/process.h"
#include "remote/identity/profile.h"
#include "remote/identity/sts.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "remote/op.h"
#include "sample_rows.h"
#include "test.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

static char *dir;
static char none[] = "";

/* Nothing is said: each test says what it needs. */
static struct s3_config config;
static const struct remote_op no_bound;
static const struct identity_search search = {&config, "us-east-1", &no_bound};

static const char *path_of(const char *name)
{
    static char path[PATH_CAP];
    struct err err;
    assert_ok(path_format(path, &err, "%s/%s", dir, name));
    return path;
}

static void put(const char *name, const char *text)
{
    struct err err;
    assert_ok(file_replace(path_of(name), view_cstr(text), &err));
}

static int begin(void **state)
{
    (void)state;
    static const char *const names[] = {"AWS_ACCESS_KEY_ID",
                                        "AWS_SECRET_ACCESS_KEY",
                                        "AWS_SESSION_TOKEN",
                                        "AWS_PROFILE",
                                        "AWS_WEB_IDENTITY_TOKEN_FILE",
                                        "AWS_ROLE_ARN",
                                        "AWS_REGION",
                                        "AWS_DEFAULT_REGION",
                                        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
                                        "AWS_DEFAULT_PROFILE",
                                        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"};
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        unsetenv(names[i]);
    dir = temp_dir_new();
    setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
    setenv("AWS_CONFIG_FILE", path_of("config"), 1);
    setenv("AWS_SHARED_CREDENTIALS_FILE", path_of("credentials"), 1);
    config = (struct s3_config){.bucket = none,
                                .prefix = none,
                                .region = none,
                                .endpoint = none,
                                .ca_file = none,
                                .proxy = none,
                                .access_key_id = none,
                                .secret_access_key = none,
                                .session_token = none,
                                .profile = none,
                                .role_arn = none,
                                .external_id = none};
    return 0;
}

static int end(void **state)
{
    (void)state;
    temp_dir_done(&dir);
    return 0;
}

/* What the chain finds; NULL: nobody. */
static void assert_found(const char *id, const char *secret, const char *token)
{
    struct err err;
    AUTO(credentials) struct credentials c = {0};
    assert_ok(credentials_find(&search, &c, &err));
    if (!id) {
        assert_true(credentials_are_anonymous(&c));
        return;
    }
    assert_string_equal(c.access_key_id, id);
    assert_string_equal(c.secret_access_key, secret);
    assert_string_equal(c.session_token ? c.session_token : "", token);
}

static void assert_not_found(enum code code, const char *message)
{
    struct err err;
    struct credentials c = {0};
    assert_fails(credentials_find(&search, &c, &err), code, message);
    assert_true(credentials_are_anonymous(&c));
}

static void who_says_nothing_is_nobody_for_a_while(void **state)
{
    (void)state;
    struct err err;
    AUTO(credentials) struct credentials c = {0};
    assert_ok(credentials_find(&search, &c, &err));
    assert_true(credentials_are_anonymous(&c));
    assert_true(c.expires_at_ms > clock_wall_ms()); /* then it is looked for again */
}

/* Each step is there as well as those behind it, and wins. */
static void the_first_step_that_is_there_wins(void **state)
{
    (void)state;
    char profile[] = "named", id[] = "of config", secret[] = "s5";
    put("config", "[profile named]\naws_access_key_id = of_named\naws_secret_access_key = s1\n");
    assert_found(NULL, NULL, NULL);
    put("credentials", "[default]\naws_access_key_id = of_default\naws_secret_access_key = s2\n"
                       "aws_session_token = t2\n");
    assert_found("of_default", "s2", "t2");
    setenv("AWS_PROFILE", "named", 1);
    assert_found("of_named", "s1", "");
    setenv("AWS_ACCESS_KEY_ID", "of_environment", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "s3", 1);
    setenv("AWS_SESSION_TOKEN", "t3", 1);
    assert_found("of_environment", "s3", "t3");
    config.profile = profile;
    assert_found("of_named", "s1", "");
    config.access_key_id = id;
    config.secret_access_key = secret;
    assert_not_found(E_INVALID, "configuration: the access key id has the byte 0x20");
    id[2] = '_';
    assert_found("of_config", "s5", "");
    config.anonymous = true;
    assert_found(NULL, NULL, NULL);
}

static void a_step_that_is_there_and_fails_ends_the_search(void **state)
{
    (void)state;
    char profile[] = "missing";
    put("credentials", "[default]\naws_access_key_id = of_default\naws_secret_access_key = s\n"
                       "[half]\naws_access_key_id = A\n");
    setenv("AWS_ACCESS_KEY_ID", "A", 1);
    assert_not_found(E_INVALID, "AWS_ACCESS_KEY_ID is set, but AWS_SECRET_ACCESS_KEY is not");
    unsetenv("AWS_ACCESS_KEY_ID");
    setenv("AWS_WEB_IDENTITY_TOKEN_FILE", "/nonexistent", 1);
    assert_not_found(E_INVALID, "AWS_WEB_IDENTITY_TOKEN_FILE is set, but AWS_ROLE_ARN is not");
    unsetenv("AWS_WEB_IDENTITY_TOKEN_FILE");
    setenv("AWS_PROFILE", "half", 1);
    assert_not_found(E_INVALID, "profile 'half': has no aws_secret_access_key");
    config.profile = profile;
    assert_not_found(E_INVALID, "profile 'missing': is not in the shared config and credentials");
}

static void profiles_lead_to_others_but_not_for_ever(void **state)
{
    (void)state;
    char profile[] = "loop";
    put("config", "[profile loop]\nrole_arn = arn:a\nsource_profile = pool\n"
                  "[profile pool]\nrole_arn = arn:b\nsource_profile = loop\n"
                  "[profile bare]\nrole_arn = arn:c\n"
                  "[profile odd]\nrole_arn = arn:d\ncredential_source = Moon\n"
                  "[profile empty]\nrole_arn = arn:e\ncredential_source = Environment\n"
                  "[profile sso]\nsso_start_url = https://x\n");
    config.profile = profile;
    assert_not_found(E_INVALID, "is the last of a chain of more than 5 profiles");
    memcpy(profile, "bare", 5);
    assert_not_found(E_INVALID, "'bare': has a role_arn, but no source_profile");
    memcpy(profile, "odd", 4);
    assert_not_found(E_INVALID, "credential_source 'Moon' is not known");
    config.profile = (char *)(uintptr_t) "empty";
    assert_not_found(E_INVALID, "credential_source Environment has no credentials");
    memcpy(profile, "sso", 4);
    config.profile = profile;
    assert_not_found(E_UNSUPPORTED, "uses SSO, which Murr cannot do");
}

static void what_is_written_down_is_trimmed_and_held_to_what_a_header_takes(void **state)
{
    (void)state;
    struct err err;
    AUTO(credentials) struct credentials c = {0};
    assert_ok(credentials_of_texts("\xEF\xBB\xBF A\n", " s+/=\r\n", "  ", &c, &err));
    assert_string_equal(c.access_key_id, "A");
    assert_string_equal(c.secret_access_key, "s+/=");
    assert_null(c.session_token);
    assert_fails(credentials_of_texts("A", "top\nsecret", NULL, &c, &err), E_INVALID,
                 "the secret access key has the byte 0x0a at position 3");
    assert_null(strstr(err.msg, "top")); /* a secret is not shown */
    assert_fails(credentials_of_texts("A", "s", "t\x7F", &c, &err), E_INVALID,
                 "the session token has the byte 0x7f at position 1");
    assert_fails(credentials_of_texts(" ", "s", NULL, &c, &err), E_INVALID,
                 "the access key id is blank");
    assert_fails(credentials_of_texts("A", "\n", NULL, &c, &err), E_INVALID,
                 "the secret access key is blank");
    assert_string_equal(c.access_key_id, "A"); /* a failure leaves the output */
}

static void answers_are_read_without_showing_what_they_hold(void **state)
{
    (void)state;
    struct err err;
    AUTO(credentials) struct credentials c = {0};
    assert_ok(
        credentials_of_json(view_cstr("{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"s\","
                                      "\"Token\":\"t\",\"Expiration\":\"2030-01-02T03:04:05Z\"}"),
                            "Token", &c, &err));
    assert_string_equal(c.session_token, "t");
    assert_int_equal(c.expires_at_ms, 1893553445000);
    static const char *const bad[][2] = {
        {"{\"AccessKeyId\":\"A\", top-secret}", "not JSON, in line 1"},
        {"{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"\"}", "no SecretAccessKey"},
        {"[]", "no AccessKeyId"},
        {"", "not JSON"},
        {"{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"top-secret\",\"Expiration\":\"soon\"}",
         "Expiration 'soon' is not a time"}};
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        assert_fails(credentials_of_json(view_cstr(bad[i][0]), "Token", &c, &err), E_INVALID,
                     bad[i][1]);
        assert_null(strstr(err.msg, "top-secret"));
    }
}

static enum code run_command(const char *command, struct err *err)
{
    AUTO(credentials) struct credentials c = {0};
    return credentials_of_process(&search, command, &c, err);
}

static void a_command_is_held_to_what_it_promises(void **state)
{
    (void)state;
    struct err err;
    _Atomic bool cancelled = true;
    const struct remote_op op = {.cancelled = &cancelled};
    const struct identity_search called_off = {&config, "us-east-1", &op};
    struct credentials c = {0};
    assert_ok(run_command("echo '{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"s\"}'", &err));
    assert_fails(run_command("exit 3", &err), E_INVALID,
                 "credential_process: failed with status 3");
    assert_fails(run_command("kill -9 $$", &err), E_INVALID, "failed with status 137");
    assert_fails(run_command("echo no", &err), E_INVALID, "not JSON");
    assert_fails(run_command("yes", &err), E_LIMIT, "prints more than 1048576 bytes");
    assert_fails(credentials_of_process(&called_off, "exec sleep 100", &c, &err), E_CANCELLED, "");
}

static void the_region_is_that_of_who_says_it_first(void **state)
{
    (void)state;
    char here[] = "here";
    static const char *const wanted[] = {"us-east-1", "eu-west-1", "eu-west-2", "eu-west-3",
                                         "here"};
    for (size_t i = 0; i < 5; i++) {
        if (i == 1)
            put("config", "[default]\nregion = eu-west-1\n");
        if (i == 2)
            setenv("AWS_DEFAULT_REGION", "eu-west-2", 1);
        if (i == 3)
            setenv("AWS_REGION", "eu-west-3", 1);
        if (i == 4)
            config.region = here;
        AUTO(ptr) char *region = credentials_region(&config);
        assert_string_equal(region, wanted[i]);
    }
}

/* ------------------------------------------------------------------------------------ the chain */

/* A chain over a command that prints the file "answer", and writes a line to "calls" each time. */
static struct credentials_chain *chain_over_a_command(void)
{
    AUTO(buf) struct buf text = {0};
    buf_printf(&text, "[default]\ncredential_process = echo >>%s/calls; cat %s/answer\n", dir, dir);
    put("config", buf_cstr(&text));
    return credentials_chain_new(&config, "us-east-1", NULL);
}

static void answer(const char *id, int64_t life_s)
{
    AUTO(buf) struct buf text = {0};
    buf_printf(&text, "{\"AccessKeyId\":\"%s\",\"SecretAccessKey\":\"s\"", id);
    if (life_s) {
        time_t at = (time_t)(clock_wall_ms() / 1000 + life_s);
        struct tm tm;
        char iso[32];
        strftime(iso, sizeof(iso), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&at, &tm));
        buf_printf(&text, ",\"Expiration\":\"%s\"", iso);
    }
    buf_puts(&text, "}");
    put("answer", buf_cstr(&text));
}

static uint64_t n_calls(void)
{
    struct err err;
    uint64_t bytes = 0;
    return file_size(path_of("calls"), &bytes, &err) ? 0 : bytes;
}

/* As a request does: ask until there are some, or it fails. */
static enum code wait_for(struct credentials_chain *chain, struct credentials *out, struct err *err)
{
    struct credentials_wait wait = {0};
    for (bool is_ready = false;;) {
        enum code rc = credentials_try(chain, &wait, out, &is_ready, err);
        if (rc || is_ready)
            return rc;
        usleep(1000);
    }
}

static void assert_chain(struct credentials_chain *chain, const char *id)
{
    struct err err;
    AUTO(credentials) struct credentials c = {0};
    assert_ok(wait_for(chain, &c, &err));
    assert_string_equal(c.access_key_id, id);
}

static void what_does_not_expire_is_fetched_once(void **state)
{
    (void)state;
    struct credentials_chain *chain = chain_over_a_command();
    answer("first", 0);
    for (int i = 0; i < 5; i++)
        assert_chain(chain, "first");
    assert_int_equal(n_calls(), 1);
    credentials_chain_free(chain);
}

static void who_asks_does_not_wait_while_it_is_fetched(void **state)
{
    (void)state;
    struct err err;
    struct credentials c = {0};
    struct credentials_wait wait = {0};
    bool is_ready = true;
    struct credentials_chain *chain = chain_over_a_command();
    answer("first", 0);
    assert_ok(credentials_try(chain, &wait, &c, &is_ready, &err));
    assert_false(is_ready);
    assert_true(wait.is_waiting);
    credentials_chain_free(chain); /* in the middle of it */
}

static void what_was_refused_is_fetched_again_but_only_what_serves(void **state)
{
    (void)state;
    struct err err;
    AUTO(credentials) struct credentials c = {0};
    const struct credentials other = {.access_key_id = (char *)(uintptr_t) "other"};
    struct credentials_chain *chain = chain_over_a_command();
    answer("first", 0);
    assert_ok(wait_for(chain, &c, &err));
    credentials_refused(chain, &other); /* of a request that began before */
    assert_chain(chain, "first");
    assert_int_equal(n_calls(), 1);
    answer("second", 0);
    credentials_refused(chain, &c);
    assert_chain(chain, "second");
    assert_int_equal(n_calls(), 2);
    credentials_chain_free(chain);
}

static void a_failure_is_told_to_those_who_waited_and_tried_again_for_the_next(void **state)
{
    (void)state;
    struct err err;
    struct credentials c = {0};
    struct credentials_chain *chain = chain_over_a_command();
    put("answer", "no JSON");
    assert_fails(wait_for(chain, &c, &err), E_INVALID,
                 "credentials: profile 'default': credential_process: not JSON");
    answer("first", 0);
    assert_chain(chain, "first");
    credentials_chain_free(chain);
}

static void what_has_expired_already_is_no_answer(void **state)
{
    (void)state;
    struct err err;
    struct credentials c = {0};
    struct credentials_chain *chain = chain_over_a_command();
    answer("late", -90);
    assert_fails(wait_for(chain, &c, &err), E_INVALID, "expired 9");
    credentials_chain_free(chain);
}

static void the_old_ones_serve_while_new_ones_are_fetched(void **state)
{
    (void)state;
    struct credentials_chain *chain = chain_over_a_command();
    answer("first", 1000);
    assert_chain(chain, "first");
    answer("second", 1000);
    credentials_reread();
    assert_chain(chain, "first"); /* at once; and the others are on their way */
    while (n_calls() < 2)
        usleep(1000);
    struct err err;
    bool is_second = false;
    while (!is_second) {
        AUTO(credentials) struct credentials c = {0};
        assert_ok(wait_for(chain, &c, &err));
        is_second = strcmp(c.access_key_id, "second") == 0;
    }
    assert_int_equal(n_calls(), 2);
    credentials_chain_free(chain);
}

static void a_failed_refresh_leaves_the_old_ones(void **state)
{
    (void)state;
    struct credentials_chain *chain = chain_over_a_command();
    answer("first", 1000);
    assert_chain(chain, "first");
    put("answer", "no JSON");
    credentials_reread();
    for (int i = 0; i < 20 || n_calls() < 2; i++)
        assert_chain(chain, "first");
    credentials_chain_free(chain);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

/* An origin that hands out "K1", "K2", ..., each for `life_s`. */
struct numbered {
    _Atomic int n;
    int64_t life_s;
};

static enum code next_number(void *arg, const struct remote_op *op, struct credentials *out,
                             struct err *err)
{
    struct numbered *numbers = arg;
    char id[16];
    (void)op;
    if (atomic_load(&numbers->n) == 3)
        return err_set(err, E_IO, "no more");
    snprintf(id, sizeof(id), "K%d", atomic_fetch_add(&numbers->n, 1) + 1);
    *out = (struct credentials){mem_strdup(id), mem_strdup("s"), NULL, 0};
    out->expires_at_ms = numbers->life_s ? clock_wall_ms() + numbers->life_s * 1000 : 0;
    return OK;
}

static void a_chain_asks_its_origin_alone_and_again_once_they_are_refused(void **state)
{
    (void)state;
    struct numbered numbers = {0};
    struct credentials_origin origin = {next_number, &numbers};
    struct err err;
    answer("not-this", 0);
    struct credentials_chain *chain = credentials_chain_new(&config, "us-east-1", &origin);
    assert_chain(chain, "K1");
    assert_chain(chain, "K1");
    struct credentials refused = {.access_key_id = "K1", .secret_access_key = "s"};
    credentials_refused(chain, &refused);
    assert_chain(chain, "K2");
    refused.access_key_id = "K2";
    credentials_refused(chain, &refused);
    assert_chain(chain, "K3");
    refused.access_key_id = "K3";
    credentials_refused(chain, &refused);
    AUTO(credentials) struct credentials nobody = {0};
    assert_fails(wait_for(chain, &nobody, &err), E_IO, "no more");
    credentials_chain_free(chain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(who_says_nothing_is_nobody_for_a_while),
        TEST(the_first_step_that_is_there_wins),
        TEST(a_step_that_is_there_and_fails_ends_the_search),
        TEST(profiles_lead_to_others_but_not_for_ever),
        TEST(what_is_written_down_is_trimmed_and_held_to_what_a_header_takes),
        TEST(answers_are_read_without_showing_what_they_hold),
        TEST(a_command_is_held_to_what_it_promises),
        TEST(the_region_is_that_of_who_says_it_first),
        TEST(what_does_not_expire_is_fetched_once),
        TEST(who_asks_does_not_wait_while_it_is_fetched),
        TEST(what_was_refused_is_fetched_again_but_only_what_serves),
        TEST(a_failure_is_told_to_those_who_waited_and_tried_again_for_the_next),
        TEST(what_has_expired_already_is_no_answer),
        TEST(the_old_ones_serve_while_new_ones_are_fetched),
        TEST(a_failed_refresh_leaves_the_old_ones),
        TEST(a_chain_asks_its_origin_alone_and_again_once_they_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
