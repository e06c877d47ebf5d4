/* What a form of a body provides, and what the forms share. */
#ifndef MURR_ENGINE_WRITE_BODY_PRIV_H
#define MURR_ENGINE_WRITE_BODY_PRIV_H

#include "engine/write/body.h"
#include "engine/build/row_sink.h"

/* Each form is a struct that begins with its struct body. */
struct body_ops {
    /* Fill all columns that are not fixed, each with the same number of rows. */
    enum code (*next)(struct body *b, size_t *out_n, struct err *err);
    void (*close)(struct body *b);
};

/* The column of field `i` of the table. */
static inline struct vector *body_column(const struct body *b, size_t i)
{
    return &b->columns[i + 2];
}

static inline bool body_is_fixed(const struct body *b, size_t i)
{
    return b->is_fixed[i + 2];
}

/* Afterwards all columns are fixed: mask, stamp, and nulls in all fields. */
void body_init(struct body *b, const struct body_ops *ops, const struct body_config *config);

/* Note that the body has field `i`, with the type `found`. Fails E_INVALID if that does not convert
 * to the table's type. */
must_use enum code body_bind(struct body *b, size_t i, const struct type *found, struct err *err);

/* After all body_bind. Fails E_INVALID if a column that may not be null is missing. */
must_use enum code body_check_complete(const struct body *b, struct err *err);

/* The mask of a patch's rows: one bit for each column that the patch leaves out. It is the same for
 * all rows. */
void body_init_mask(struct body *b);

/* The bytes came from the client, so broken bytes are the client's mistake and not damage on our
 * disk. */
enum code body_blame_writer(enum code rc);

#endif
