/* What the broken build (make VARIANT=broken) does wrong: the variable MURR_TEST_BREAK names it, and
 * a test shows that it is caught. All other builds do nothing wrong on purpose. */
#ifndef MURR_BASE_BROKEN_H
#define MURR_BASE_BROKEN_H

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static inline bool is_broken(const char *what)
{
#ifdef MURR_TEST_BREAK
    const char *broken = getenv("MURR_TEST_BREAK");
    return broken && strcmp(broken, what) == 0;
#else
    (void)what;
    return false;
#endif
}

#endif
