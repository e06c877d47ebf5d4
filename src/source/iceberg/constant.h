/* Single values of Iceberg as constants: partition values, and defaults of columns. */
#ifndef MURR_SOURCE_ICEBERG_CONSTANT_H
#define MURR_SOURCE_ICEBERG_CONSTANT_H

#include "format/iceberg/schema.h"
#include "model/constant.h"

/*
 * The constant of a value, for a column of that type, which ice_type_model can say. A value of an
 * earlier, narrower type is widened.
 *
 * Fails     E_CORRUPT if the value has another width than its type.
 */
must_use enum code iceberg_constant(const struct ice_type *type, const struct ice_value *value,
                                    struct constant *out, struct err *err);

#endif
