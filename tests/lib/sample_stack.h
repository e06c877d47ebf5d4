/* Random layers over a base, and what lookups in them must say. */
#ifndef MURR_TESTS_SAMPLE_STACK_H
#define MURR_TESTS_SAMPLE_STACK_H

#include "sample_rows.h"
#include "segment/stack.h"

struct sample_stack_config {
    const struct schema *schema; /* of the base */
    size_t n_layers;             /* above the base, at most SEG_FILTER_BITS */
    size_t n_rows;               /* of each, at most */
    bool columnar;               /* the base */
    bool same_schema;            /* layers have all columns, in their order */
    bool has_source;             /* there is a floor, and rows below it */
    bool with_stamps;            /* some layers have stamps of their own, and deletes */
};

struct sample_stack {
    struct sample_stack_config config;
    struct random *random;
    char *dir;
    size_t n; /* layers with the base */
    /* By layer, the newest first. */
    struct sample samples[SEG_STACK_MAX];
    struct sample_set sets[SEG_STACK_MAX];
    size_t *field_of[SEG_STACK_MAX];
    struct seg_filter filter;
    struct seg_stack stack;
};

void sample_stack_init(struct sample_stack *s, const struct sample_stack_config *config,
                       struct random *random);
void sample_stack_done(struct sample_stack *s);

/* The row of a key; `row` is negative where it is absent. */
struct sample_place {
    size_t layer;
    ptrdiff_t row;
};
struct sample_place sample_stack_find(const struct sample_stack *s, struct view key);

/* Keys of layers, repeated ones, absent ones; they live in `arena` and in the samples. */
struct view *sample_stack_keys(const struct sample_stack *s, size_t n, struct arena *arena);

/* Distinct keys that are there. */
uint64_t sample_stack_n_rows(const struct sample_stack *s);

/* `stack`, whose base has the same schema, gives for these keys what the samples say. */
void sample_stack_check(const struct sample_stack *s, const struct seg_stack *stack,
                        const struct view *keys, size_t n);

/* A random schema: one to three key columns, then up to 20 others of any type. */
void sample_schema(struct schema *schema, struct random *random);

#endif
