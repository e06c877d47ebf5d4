#include "base/suggest.h"

#include <ctype.h>
#include <stdio.h>

enum { WORD_MAX = 64 }; /* longer words get no suggestion */

struct suggest suggest_init(struct view word)
{
    unsigned worth = word.len < 6 ? 2 : (unsigned)(word.len / 3);
    return (struct suggest){.word = word, .distance = worth + 1};
}

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
    unsigned least = a < b ? a : b;
    return least < c ? least : c;
}

/* Edit distance by optimal string alignment, which counts a swap of neighbours as one edit. It
 * needs only the last three rows of the table. Upper and lower case are equal. */
static unsigned edits(struct view a, struct view b)
{
    unsigned rows[3][WORD_MAX + 1];
    unsigned *above2 = rows[0], *above = rows[1], *row = rows[2];
    for (size_t j = 0; j <= b.len; j++)
        above[j] = (unsigned)j;
    for (size_t i = 1; i <= a.len; i++) {
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= b.len; j++) {
            int x = tolower(a.ptr[i - 1]), y = tolower(b.ptr[j - 1]);
            row[j] = min3(above[j] + 1, row[j - 1] + 1, above[j - 1] + (x != y));
            if (i > 1 && j > 1 && x == tolower(b.ptr[j - 2]) && tolower(a.ptr[i - 2]) == y &&
                above2[j - 2] + 1 < row[j])
                row[j] = above2[j - 2] + 1;
        }
        unsigned *free_row = above2;
        above2 = above;
        above = row;
        row = free_row;
    }
    return above[b.len];
}

void suggest_offer(struct suggest *s, const char *name)
{
    struct view known = view_cstr(name);
    if (s->word.len == 0 || s->word.len > WORD_MAX || known.len > WORD_MAX)
        return;
    unsigned n = edits(s->word, known);
    /* Not if every letter of the name would change: "id" is not meant by "ab". */
    if (n < s->distance && n < known.len) {
        s->distance = n;
        s->best = name;
    }
}

const char *suggest_text(const struct suggest *s, char out[static SUGGEST_CAP])
{
    out[0] = '\0';
    if (s->best)
        snprintf(out, SUGGEST_CAP, "; did you mean '%s'?", s->best);
    return out;
}
