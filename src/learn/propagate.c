/* Problem   each application of P to a history is two products with a matrix of a million entries.
 * Choice    Horner's rule among users, for a block of histories at once:
 *               y = powers[0] z + N^T (powers[1] a + N N^T (powers[2] a + N N^T (powers[3] a))),   a = N z
 *           a is as sparse as z, so it is added from z's few items each time instead of being a product, or kept.
 * Invariant across is what stands in the brackets, users x histories. */
#include "freshet/learn/propagate.h"
#include "freshet/base/err.h"
#include <stdlib.h>
#include <string.h>

enum { SQUARE = 64 };

struct fr_propagation fr_propagation_new(const struct fr_interactions *data, const float *items) {
    const struct fr_rows *r = &data->by_user;
    float *users = fr_degree_powers(r, -.5);
    struct fr_propagation p = {.by_user = fr_rows_new(r->row_n, r->column_n, r->start[r->row_n])};
    memcpy(p.by_user.start, r->start, ((size_t)r->row_n + 1) * sizeof *r->start);
    for (uint32_t u = 0; u < r->row_n; u++)
        for (size_t at = r->start[u]; at < r->start[u + 1]; at++) {
            uint32_t item = r->columns[at];
            p.by_user.columns[at] = item;
            p.by_user.values[at] = users[u] * (r->values ? r->values[at] : 1) * items[item];
        }
    p.by_item = fr_rows_transposed(&p.by_user);
    free(users);
    return p;
}

void fr_propagation_fini(struct fr_propagation *p) {
    fr_rows_fini(&p->by_user);
    fr_rows_fini(&p->by_item);
}

size_t fr_propagate_floats(const struct fr_propagation *p, uint32_t n) {
    return n * ((size_t)p->by_user.row_n + p->by_item.row_n);
}

static float weight_of(const struct fr_history_row *h, uint32_t i, const float *scale, double weight) {
    return (float)weight * fr_history_value(h, i) * scale[h->columns[i]];
}

/* across += weight N z. */
static void add_users(const struct fr_propagation *p, double weight, const struct fr_history_row *h,
                      uint32_t n, const float *scale, float *across) {
    const struct fr_rows *r = &p->by_item;
    for (uint32_t c = 0; c < n; c++)
        for (uint32_t i = 0; i < h[c].n; i++) {
            float z = weight_of(&h[c], i, scale, weight);
            uint32_t item = h[c].columns[i];
            for (size_t at = r->start[item]; at < r->start[item + 1]; at++)
                across[(size_t)r->columns[at] * n + c] += z * r->values[at];
        }
}

/* out += y^T, a square at a time that fits in the nearest cache. */
static void add_transposed(const float *y, uint32_t item_n, uint32_t n, float *out) {
    for (uint32_t first = 0; first < item_n; first += SQUARE) {
        uint32_t last = item_n - first < SQUARE ? item_n : first + SQUARE;
        for (uint32_t c = 0; c < n; c++)
            for (uint32_t item = first; item < last; item++)
                out[(size_t)c * item_n + item] += y[(size_t)item * n + c];
    }
}

/* out += weight z. */
static void add_items(double weight, const struct fr_history_row *h, uint32_t n, uint32_t item_n,
                      const float *scale, float *out) {
    for (uint32_t c = 0; c < n; c++)
        for (uint32_t i = 0; i < h[c].n; i++)
            out[(size_t)c * item_n + h[c].columns[i]] += weight_of(&h[c], i, scale, weight);
}

void fr_propagate(const struct fr_propagation *p, const double *powers, uint32_t degree,
                  const struct fr_history_row *h, uint32_t n, const float *scale, float *work, float *out) {
    size_t users = (size_t)p->by_user.row_n * n;
    float *across = work, *y = work + users;
    FR_ASSERT(n >= 1 && n <= FR_PROPAGATE_BLOCK && degree >= 1);
    memset(across, 0, users * sizeof *across);
    add_users(p, powers[degree], h, n, scale, across);
    for (uint32_t k = degree; k-- > 1;) {
        fr_rows_multiply(&p->by_item, NULL, NULL, n, across, y, 1);
        fr_rows_multiply(&p->by_user, NULL, NULL, n, y, across, 1);
        add_users(p, powers[k], h, n, scale, across);
    }
    fr_rows_multiply(&p->by_item, NULL, NULL, n, across, y, 1);
    add_transposed(y, p->by_item.row_n, n, out);
    add_items(powers[0], h, n, p->by_item.row_n, scale, out);
}
