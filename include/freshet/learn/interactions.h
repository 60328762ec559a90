/* interactions.h - who touched what, as a sparse matrix, by user and by item.
 *
 * Shape     user_n x item_n; row u holds items[user_start[u] .. user_start[u + 1]), ascending, each once, with values > 0.
 *           The same by column.
 * Threads   read-only after it is built; any number of readers.
 * Memory    owns its arrays. */
#ifndef FR_LEARN_INTERACTIONS_H
#define FR_LEARN_INTERACTIONS_H

#include "freshet/base/rows.h"
#include <stdbool.h>

struct fr_interactions {
    struct fr_rows by_user, by_item; /* the same entries */
};

struct fr_interaction {
    uint32_t user, item;
    float value;
};

/* Entries in any order; those of the same pair are added up. gives */
struct fr_interactions *fr_interactions_new(uint32_t user_n, uint32_t item_n,
                                            const struct fr_interaction *entries, size_t n);
void fr_interactions_free(struct fr_interactions *m);
static inline size_t fr_interactions_count(const struct fr_interactions *m) {
    return m->by_user.start[m->by_user.row_n];
}
/* Y[row_n][k] = S X, X[column_n][k], S the rows with the given scales (either may be NULL: ones): S[r][c] = row_scale[r] *
 * value * column_scale[c]. values NULL in m: ones. threads >= 1. Made for k that are multiples of FR_ROWS_NARROW; when X and Y
 * have tens of thousands of rows, few columns at a time stay in the cache and are faster. */
enum { FR_ROWS_NARROW = 16 };
void fr_rows_multiply(const struct fr_rows *s, const float *row_scale, const float *column_scale, uint32_t k,
                      const float *x, float *y, unsigned threads);

#endif
