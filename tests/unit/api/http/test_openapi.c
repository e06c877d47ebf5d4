/* What openapi.json says of routes, statuses and names of errors is what there is. */
#include "api/http/reply.h"
#include "api/http/request_count.h"
#include "api/http/routes.h"
#include "api/status.h"
#include "test.h"

#include <jansson.h>
#include <stdio.h>
#include <strings.h>

static json_t *openapi;

static int begin(void **state)
{
    (void)state;
    openapi = json_load_file("src/api/http/openapi.json", 0, NULL);
    return openapi ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    json_decref(openapi);
    return 0;
}

/* "/v1/{table}/_fetch" as a route's pattern: "/v1/{}/_fetch". */
static const char *pattern_of(const char *path, char out[static 128])
{
    size_t n = 0;
    for (bool is_name = false; *path && n < 127; path++) {
        is_name = is_name && *path != '}';
        if (!is_name)
            out[n++] = *path;
        is_name = is_name || *path == '{';
    }
    out[n] = '\0';
    return out;
}

static const struct route *route_of(const char *method, const char *path)
{
    char pattern[128];
    pattern_of(path, pattern);
    for (size_t i = 0; i < n_routes; i++)
        if (strcasecmp(routes[i].method, method) == 0 && strcmp(routes[i].pattern, pattern) == 0)
            return &routes[i];
    return NULL;
}

static void every_path_and_method_is_a_route(void **state)
{
    (void)state;
    const char *path, *method;
    json_t *methods, *operation;
    json_object_foreach(json_object_get(openapi, "paths"), path, methods)
        json_object_foreach(methods, method, operation) if (strcmp(method, "parameters") != 0 &&
                                                            !route_of(method, path))
            fail_msg("no route does %s %s of openapi.json", method, path);
}

static bool is_described(const struct route *r)
{
    const char *path, *method;
    json_t *methods, *operation;
    json_object_foreach(json_object_get(openapi, "paths"), path, methods) json_object_foreach(
        methods, method, operation) if (route_of(method, path) == r) return true;
    return false;
}

static void every_route_is_a_path_with_its_method(void **state)
{
    (void)state;
    for (size_t i = 0; i < n_routes; i++)
        if (!is_described(&routes[i]))
            fail_msg("openapi.json does not have %s %s", routes[i].method, routes[i].pattern);
}

static bool is_counted(unsigned status)
{
    for (const unsigned *s = counted_statuses; *s; s++)
        if (*s == status)
            return true;
    return false;
}

static void every_status_that_is_answered_is_counted_as_itself(void **state)
{
    (void)state;
    const char *path, *method, *status;
    json_t *methods, *operation, *answer;
    json_object_foreach(json_object_get(openapi, "paths"), path, methods)
        json_object_foreach(methods, method, operation)
            json_object_foreach(json_object_get(operation, "responses"), status,
                                answer) if (!is_counted((unsigned)atoi(status)))
                fail_msg("%s of %s %s is not counted", status, method, path);
    for (enum code code = OK; code <= E_READONLY; code++)
        assert_true(is_counted(status_of(code).http));
}

/* Whether some path answers with it. */
static bool is_answered(unsigned status)
{
    char text[12];
    const char *path, *method;
    json_t *methods, *operation;
    snprintf(text, sizeof(text), "%u", status);
    json_object_foreach(json_object_get(openapi, "paths"), path, methods) json_object_foreach(
        methods, method,
        operation) if (json_object_get(json_object_get(operation, "responses"), text)) return true;
    return false;
}

static bool is_named(const char *name)
{
    const json_t *error = json_object_get(
        json_object_get(json_object_get(openapi, "components"), "schemas"), "ErrorResponse");
    const json_t *names =
        json_object_get(json_object_get(json_object_get(error, "properties"), "code"), "enum");
    for (size_t i = 0; i < json_array_size(names); i++)
        if (strcmp(json_string_value(json_array_get(names, i)), name) == 0)
            return true;
    return false;
}

static void every_code_that_a_request_meets_has_a_status_that_is_answered_and_a_name(void **state)
{
    (void)state;
    for (enum code code = OK; code <= E_READONLY; code++) {
        struct status s = status_of(code);
        if (!is_answered(s.http))
            fail_msg("no path of openapi.json answers %u (%s)", s.http, code_name(code));
        /* What a guard refuses is a load: no request meets it. */
        if (s.name && code != E_REFUSED && !is_named(s.name))
            fail_msg("ErrorResponse of openapi.json does not have the code %s", s.name);
    }
}

static void every_refusal_of_http_has_a_name_and_is_counted(void **state)
{
    (void)state;
    const struct refusal_kind kinds[] = {
        refused_path,   refused_method, refused_accept,  refused_type,     refused_host,
        refused_origin, refused_head,   refused_feature, refused_overload, refused_request};
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        assert_true(is_counted(kinds[i].status));
        if (!is_named(kinds[i].name))
            fail_msg("ErrorResponse of openapi.json does not have the code %s", kinds[i].name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_path_and_method_is_a_route),
        cmocka_unit_test(every_route_is_a_path_with_its_method),
        cmocka_unit_test(every_status_that_is_answered_is_counted_as_itself),
        cmocka_unit_test(every_code_that_a_request_meets_has_a_status_that_is_answered_and_a_name),
        cmocka_unit_test(every_refusal_of_http_has_a_name_and_is_counted),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
