/* Values of one type as values of another: what type_converts allows, and what a type cannot hold
 * refused. */
#ifndef MURR_MODEL_CONVERT_H
#define MURR_MODEL_CONVERT_H

#include "base/arena.h"
#include "base/err.h"
#include "model/vector.h"

/*
 * Copy `from` into `to`, into whose type it converts (type_converts). `to` has room for from->n
 * values. Views in `to` are those of `from` or lie in `arena`.
 *
 * Fails E_INVALID for a value that the type cannot hold, showing it; `to` is then anything.
 */
must_use enum code vector_convert(const struct vector *from, struct vector *to, struct arena *arena,
                                  struct err *err);

/*
 * The same from any type, where there is nothing to convert: all values are null, or lists without
 * elements that are not, into lists.
 *
 * Fails E_INVALID for a value.
 */
must_use enum code vector_convert_nulls(const struct vector *from, struct vector *to,
                                        struct arena *arena, struct err *err);

#endif
