/* Opening the body of a write, whatever its form. */
#ifndef MURR_ENGINE_WRITE_BODY_OPEN_H
#define MURR_ENGINE_WRITE_BODY_OPEN_H

#include "engine/write/body.h"

/*
 * Open a body and check its columns.
 *
 * Borrows   everything that the config names, until the close.
 * Fails     E_INVALID if the bytes are not of that form, or if a column is unknown, is left out but
 *           may not be null, or has a type that does not convert to the table's (with rounding only
 *           if field.lossy allows it); E_UNSUPPORTED, E_LIMIT.
 */
must_use enum code body_open(const struct body_config *config, struct body **out_body,
                             struct err *err);

#endif
