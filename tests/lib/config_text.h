/* Configurations of tests, given as text. */
#ifndef MURR_TESTS_CONFIG_TEXT_H
#define MURR_TESTS_CONFIG_TEXT_H

#include "config/config.h"

/* Group fixtures: an empty directory, so that messages begin with "murr.yml". */
int config_text_enter(void **state);
int config_text_leave(void **state);

/* config_load of that text, with at most one --set; env and set may be NULL. */
must_use enum code config_text_load(const char *yaml, const char *const *env, const char *set,
                                    struct config *out, struct err *err);

/* The test fails unless the text is refused with exactly this message. */
void config_text_assert_refused(const char *yaml, const char *want);

#endif
