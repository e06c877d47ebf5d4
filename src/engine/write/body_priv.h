/* What the forms of a body share. */
#ifndef MURR_ENGINE_WRITE_BODY_PRIV_H
#define MURR_ENGINE_WRITE_BODY_PRIV_H

#include "engine/write/body.h"
#include "engine/build/row_sink.h"

/* Each form is a struct that begins with its struct body. */
struct body_ops {
    /* Fill all columns that are not fixed, with as many rows each. */
    enum code (*next)(struct body *b, size_t *out_n, struct err *err);
    void (*close)(struct body *b);
};

must_use enum code body_open_json(const struct body_config *config, struct body **out,
                                  struct err *err);
must_use enum code body_open_arrow(const struct body_config *config, struct body **out,
                                   struct err *err);
must_use enum code body_open_parquet(const struct body_config *config, struct body **out,
                                     struct err *err);

/* The column of field `i` of the table. */
static inline struct vector *body_column(const struct body *b, size_t i)
{
    return &b->columns[i + 2];
}

static inline bool body_is_fixed(const struct body *b, size_t i)
{
    return b->is_fixed[i + 2];
}

/* All columns are fixed after this: nulls, the mask and the stamp. */
void body_init(struct body *b, const struct body_ops *ops, const struct body_config *config);

/* The body has field `i`, as `found`. Fails E_INVALID where that does not go into the table. */
must_use enum code body_bind(struct body *b, size_t i, const struct type *found, struct err *err);

/* All columns were looked for. Fails E_INVALID where one is missing that may not be null. */
must_use enum code body_check_complete(const struct body *b, struct err *err);

#endif
