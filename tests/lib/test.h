/* cmocka with the headers it wants in front. */
#ifndef MURR_TESTS_TEST_H
#define MURR_TESTS_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "code_name.h"

/* The code is OK, or the test fails with the message. */
#define assert_ok(expr)                                                     \
    do {                                                                    \
        enum code assert_rc_ = (expr);                                      \
        if (assert_rc_)                                                     \
            fail_msg("%s: %s (%s)", #expr, err.msg, code_name(assert_rc_)); \
    } while (0)

/* The code is `wanted`, and the message contains `text`. Both use a local `struct err err`. */
#define assert_fails(expr, wanted, text)                                     \
    do {                                                                     \
        enum code assert_rc_ = (expr);                                       \
        assert_string_equal(code_name(assert_rc_), code_name(wanted));       \
        if (!strstr(err.msg, (text)))                                        \
            fail_msg("message \"%s\" does not say \"%s\"", err.msg, (text)); \
    } while (0)

/* How a message about a dtype that is none ends. */
#define ALL_DTYPES                                                                           \
    "; there are utf8, bool, int8, int16, int32, int64, uint8, uint16, uint32, uint64, "     \
    "float32, float64, binary, float16, date32, timestamp, decimal128, list, fixed_binary, " \
    "time32, time64, decimal256, duration"

#endif
