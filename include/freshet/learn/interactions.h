/* interactions.h - who touched what, as a sparse matrix, by user and by item.
 *
 * Shape     user_n x item_n; row u holds items[user_start[u] .. user_start[u + 1]), ascending, each once, with values > 0.
 *           The same by column.
 * Threads   read-only after it is built; any number of readers.
 * Memory    owns its arrays. */
#ifndef FR_LEARN_INTERACTIONS_H
#define FR_LEARN_INTERACTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Rows of a sparse matrix. */
struct fr_rows {
    uint32_t row_n, column_n;
    size_t *start;     /* [row_n + 1] */
    uint32_t *columns; /* [start[row_n]] ascending in each row */
    float *values;
};

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
static inline uint32_t fr_rows_length(const struct fr_rows *r, uint32_t row) {
    return (uint32_t)(r->start[row + 1] - r->start[row]);
}
/* The same entries by column. gives: fr_rows_fini. */
struct fr_rows fr_rows_transposed(const struct fr_rows *r);
void fr_rows_fini(struct fr_rows *r);
/* Y[row_n][k] = S X, X[column_n][k], S the rows with the given scales (either may be NULL: ones): S[r][c] = row_scale[r] *
 * value * column_scale[c]. values NULL in m: ones. threads >= 1. */
void fr_rows_multiply(const struct fr_rows *s, const float *row_scale, const float *column_scale, uint32_t k,
                      const float *x, float *y, unsigned threads);

#endif
