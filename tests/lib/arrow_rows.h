/* Rows put together by hand in Arrow's C data interface, as a program without an Arrow library
 * does; and what a read puts out. */
#ifndef MURR_TESTS_ARROW_ROWS_H
#define MURR_TESTS_ARROW_ROWS_H

#include "murr_arrow.h"

#include <stdbool.h>

enum { ROWS_MAX = 256, ID_BYTES = 5 };

/* Rows of a table (id: utf8, score: float32, visits: int64), whose ids are numbers in a row. */
struct arrow_rows {
    struct ArrowSchema schema, fields[3], *field_list[3];
    struct ArrowArray array, columns[3], *column_list[3];
    const void *buffers[4][3];
    int32_t ends[ROWS_MAX + 1];
    char ids[ROWS_MAX * ID_BYTES + 1];
    float scores[ROWS_MAX];
    int64_t visits[ROWS_MAX];
};

/* n rows from id `first` on, whose scores rise by one from `score`. Everything lies in `b`, which
 * is not moved; releasing it only says that it was released. */
void arrow_rows_init(struct arrow_rows *b, int first, int n, float score);
/* The schema again, after it was changed. */
void arrow_rows_init_schema(struct arrow_rows *b);

void arrow_keep_schema(struct ArrowSchema *s);
void arrow_keep_array(struct ArrowArray *a);

/* What a read puts out. */
struct arrow_found {
    struct ArrowArray array;
    struct ArrowSchema schema;
};

void arrow_found_done(struct arrow_found *f);
bool arrow_is_null(const struct ArrowArray *a, int64_t row);
float arrow_score_at(const struct arrow_found *f, int64_t column, int64_t row);

#endif
