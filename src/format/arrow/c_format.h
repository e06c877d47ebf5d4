/* Types of Arrow as the format strings of its C data interface (format/CDataInterface.rst): "l",
 * "tsu:UTC", "+w:768". */
#ifndef MURR_FORMAT_ARROW_C_FORMAT_H
#define MURR_FORMAT_ARROW_C_FORMAT_H

#include "format/arrow/arrow_type.h"

enum { C_FORMAT_CAP = 64 }; /* room for any format that Murr writes */

/* False: the format is wrong. Of kind 0: it is not known. The zone stays in the string. */
must_use bool c_format_parse(const char *format, struct arrow_spec *out);

/* The format of a type that arrow_spec_of made. */
void c_format_put(const struct arrow_spec *spec, char out[static C_FORMAT_CAP]);

#endif
