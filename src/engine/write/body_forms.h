/* The forms of a body: one function for each, like body_open. A new form adds a line here and one
 * in body_open.c. */
#ifndef MURR_ENGINE_WRITE_BODY_FORMS_H
#define MURR_ENGINE_WRITE_BODY_FORMS_H

#include "engine/write/body.h"

must_use enum code body_open_json(const struct body_config *config, struct body **out,
                                  struct err *err);
must_use enum code body_open_arrow(const struct body_config *config, struct body **out,
                                   struct err *err);
must_use enum code body_open_parquet(const struct body_config *config, struct body **out,
                                     struct err *err);

#endif
