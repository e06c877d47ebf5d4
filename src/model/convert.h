/* Converting values from one type to another, as type_converts allows. A value that the target type
 * cannot hold is refused. */
#ifndef MURR_MODEL_CONVERT_H
#define MURR_MODEL_CONVERT_H

#include "base/arena.h"
#include "base/err.h"
#include "model/vector.h"

/*
 * Copy `from` into `to`; type_converts must hold for their types. `to` has room for from->n values.
 * Views in `to` are those of `from` or lie in `arena`.
 *
 * Fails E_INVALID for a value that the type cannot hold, showing it; `to` is then anything.
 */
must_use enum code vector_convert(const struct vector *from, struct vector *to, struct arena *arena,
                                  struct err *err);

/*
 * The same from any type, for vectors without values: all are null, or are lists (then into lists)
 * whose elements are all null.
 *
 * Fails E_INVALID for a value.
 */
must_use enum code vector_convert_nulls(const struct vector *from, struct vector *to,
                                        struct arena *arena, struct err *err);

#endif
