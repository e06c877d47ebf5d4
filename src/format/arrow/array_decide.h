/*
 * Which types of Arrow are read, and as what. A schema writes types as FlatBuffers or as the format
 * strings of the C data interface; both are parsed into struct arrow_spec first.
 */
#ifndef MURR_FORMAT_ARROW_ARRAY_DECIDE_H
#define MURR_FORMAT_ARROW_ARRAY_DECIDE_H

#include "format/arrow/array.h"
#include "format/arrow/arrow_type.h"

enum {
    ARROW_FIELDS_MAX = 1 << 14, /* of a schema, with those inside others */
    ARROW_DEPTH_MAX = 64,       /* of fields inside others */
};

/*
 * Decide about `a`, whose children are decided already: type, type_text (static or in `arena`),
 * layout. An unsupported type gets ARRAY_SKIPPED and a text that names it.
 *
 * Days in milliseconds are read as date32, decimals of 32 and 64 bits as decimal128, fixed lists of
 * text or of none as lists of any length. Lists of lists, structs, maps, unions and intervals are
 * not supported.
 */
void arrow_array_decide(struct arrow_array *a, const struct arrow_spec *spec, struct arena *arena);

/* The same for a dictionary: `a` has integers of type `index`, which number the values of
 * `values`. */
void arrow_array_decide_dictionary(struct arrow_array *a, const struct arrow_spec *index,
                                   const struct arrow_array *values, struct arena *arena);

/* Whether two columns may share the values of one dictionary. */
bool arrow_array_same_type(const struct arrow_array *a, const struct arrow_array *b);

#endif
