#include "arrow_rows.h"

#include <stdio.h>
#include <string.h>

void arrow_keep_schema(struct ArrowSchema *s)
{
    s->release = NULL;
}

void arrow_keep_array(struct ArrowArray *a)
{
    a->release = NULL;
}

static void fill_values(struct arrow_rows *b, int first, int n, float score)
{
    for (int i = 0; i < n; i++) {
        snprintf(b->ids + i * ID_BYTES, ID_BYTES + 1, "%05d", first + i);
        b->ends[i + 1] = (i + 1) * ID_BYTES;
        b->scores[i] = score + (float)i;
        b->visits[i] = first + i;
    }
}

void arrow_rows_init_schema(struct arrow_rows *b)
{
    static const char *const formats[] = {"u", "f", "l"}, *const names[] = {"id", "score",
                                                                            "visits"};
    for (int i = 0; i < 3; i++) {
        b->fields[i] = (struct ArrowSchema){.format = formats[i],
                                            .name = names[i],
                                            .flags = ARROW_FLAG_NULLABLE,
                                            .release = arrow_keep_schema};
        b->field_list[i] = &b->fields[i];
    }
    b->schema = (struct ArrowSchema){
        .format = "+s", .n_children = 3, .children = b->field_list, .release = arrow_keep_schema};
}

void arrow_rows_init(struct arrow_rows *b, int first, int n, float score)
{
    memset(b, 0, sizeof(*b));
    fill_values(b, first, n, score);
    arrow_rows_init_schema(b);
    b->buffers[0][1] = b->ends;
    b->buffers[0][2] = b->ids;
    b->buffers[1][1] = b->scores;
    b->buffers[2][1] = b->visits;
    for (int i = 0; i < 3; i++) {
        b->columns[i] = (struct ArrowArray){.length = n,
                                            .n_buffers = i ? 2 : 3,
                                            .buffers = b->buffers[i],
                                            .release = arrow_keep_array};
        b->column_list[i] = &b->columns[i];
    }
    b->array = (struct ArrowArray){.length = n,
                                   .n_buffers = 1,
                                   .buffers = b->buffers[3],
                                   .n_children = 3,
                                   .children = b->column_list,
                                   .release = arrow_keep_array};
}

void arrow_found_done(struct arrow_found *f)
{
    f->array.release(&f->array);
    f->schema.release(&f->schema);
}

bool arrow_is_null(const struct ArrowArray *a, int64_t row)
{
    return !(((const uint8_t *)a->buffers[0])[row / 8] >> (row % 8) & 1);
}

float arrow_score_at(const struct arrow_found *f, int64_t column, int64_t row)
{
    return ((const float *)f->array.children[column]->buffers[1])[row];
}
