/*
 * The order of values: which of two rows is newer by a column. Numbers, dates and times by value,
 * with NaN below all numbers; false below true; texts and bytes bytewise.
 */
#ifndef MURR_MODEL_VALUE_ORDER_H
#define MURR_MODEL_VALUE_ORDER_H

#include "base/view.h"
#include "model/type.h"

/* Whether values of the type have an order; lists have none. */
bool type_is_ordered(const struct type *t);

/*
 * Negative, 0 or positive, like memcmp. The type is ordered. `a` and `b` are values as vectors hold
 * them: type_width bytes, at any address, or the bytes of a text.
 */
int value_compare(const struct type *t, struct view a, struct view b);

#endif
