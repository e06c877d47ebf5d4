/* Random rows of a schema, as vectors and as records; and segments made of them in memory. */
#ifndef MURR_TESTS_SAMPLE_ROWS_H
#define MURR_TESTS_SAMPLE_ROWS_H

#include "base/arena.h"
#include "model/key.h"
#include "segment/find.h"
#include "segment/record.h"

/* xorshift64*: the same numbers on every machine. */
struct random {
    uint64_t state;
};
uint64_t random_next(struct random *r);
uint64_t random_below(struct random *r, uint64_t n);

/* Any type that a column can have. */
struct type random_type(struct random *r);

/* A seed from MURR_TEST_SEED or the clock, printed so that a failure can be repeated. */
struct random random_init(const char *test);

/* n rows in columns. Zeroed memory is empty. */
struct sample {
    struct schema schema;
    size_t n;
    struct vector *vectors; /* by field */
    struct view *keys;      /* canonical, by row */
    struct arena arena;     /* of strings and keys */
};
void sample_done(struct sample *s);

/*
 * Random rows: about one key in `repeat` is that of an earlier row (0: all different), about one
 * nullable value in four is null. Strings have 0 to 40 bytes.
 */
void sample_init(struct sample *s, const struct schema *schema, size_t n, unsigned repeat,
                 struct random *random);

/* The last row of a key, or -1. */
ptrdiff_t sample_find(const struct sample *s, struct view key);

/* What a generation is built of, from a sample: `n_parts` segments of `blocks_of_part` blocks,
 * written below `dir` and opened again. */
struct sample_set {
    struct mapped_file range;
    struct segment **segments;
    size_t n_segments;
    struct seg_set set;
};
void sample_set_init(struct sample_set *out, const struct sample *s, const char *dir, bool columnar,
                     uint32_t n_parts, uint32_t blocks_of_part, uint64_t hash_seed);
void sample_set_done(struct sample_set *set);

/* A fresh directory below TMPDIR; removed with everything in it by temp_dir_done. */
char *temp_dir_new(void);
void temp_dir_done(char **dir);

#endif
