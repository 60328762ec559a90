/* propagate.h - a polynomial of the graph of users and items, applied to histories: items that are reached over other users, those
 * users' other items, and so on.
 *
 * Formula   y = sum over k of powers[k] P^k z,   P = N^T N,   N = D_U^-1/2 R D_I^-1/2 (users x items; degrees are sums of values)
 *           z_i = value_i scale_i for the items i of a history
 * Cost      2 * (2 degree - 1) * entries of R operations a history, and those of the users of its items `degree` times. P, which
 *           has many times more entries, is never made.
 * Promise   what a history gets does not depend on the others of its block: the same bits.
 * Threads   read-only once made; scratch is the caller's.
 * Memory    16 bytes an entry. It holds who touched what, without names: it is nothing to publish. */
#ifndef FR_LEARN_PROPAGATE_H
#define FR_LEARN_PROPAGATE_H

#include "freshet/learn/graph.h"

enum { FR_PROPAGATE_BLOCK = FR_ROWS_NARROW }; /* histories at a time: they stay in the cache */

struct fr_propagation {
    struct fr_rows by_user, by_item; /* N and its transpose, with values */
};

/* items[item_n]: what D_I^-1/2 is. gives: fr_propagation_fini */
struct fr_propagation fr_propagation_new(const struct fr_interactions *data, const float *items);
void fr_propagation_fini(struct fr_propagation *p);

/* out[c][item] += y of h[c], c < n, 1 <= n <= FR_PROPAGATE_BLOCK, degree >= 1. work[fr_propagate_floats(p, n)]. */
void fr_propagate(const struct fr_propagation *p, const double *powers, uint32_t degree,
                  const struct fr_history_row *h, uint32_t n, const float *scale, float *work, float *out);
size_t fr_propagate_floats(const struct fr_propagation *p, uint32_t n);

#endif
