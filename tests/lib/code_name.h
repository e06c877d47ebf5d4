#ifndef MURR_TESTS_CODE_NAME_H
#define MURR_TESTS_CODE_NAME_H

#include "base/err.h"

/* "E_CORRUPT", for messages of tests. */
const char *code_name(enum code code);

#endif
