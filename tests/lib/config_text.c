#include "config_text.h"

#include "sample_rows.h"
#include "test.h"

#include <stdio.h>
#include <unistd.h>

int config_text_enter(void **state)
{
    *state = temp_dir_new();
    return chdir(*state);
}

int config_text_leave(void **state)
{
    temp_dir_done((char **)state);
    return chdir("/");
}

enum code config_text_load(const char *yaml, const char *const *env, const char *set,
                           struct config *out, struct err *err)
{
    FILE *f = fopen("murr.yml", "w");
    assert_non_null(f);
    fputs(yaml, f);
    fclose(f);
    return config_load("murr.yml", env, &set, set != NULL, out, err);
}

void config_text_assert_refused(const char *yaml, const char *want)
{
    struct config config;
    struct err err;
    enum code rc = config_text_load(yaml, NULL, NULL, &config, &err);
    if (rc != E_INVALID)
        fail_msg("accepted: %s", yaml);
    assert_string_equal(err.msg, want);
    assert_null(config.tables);
}
