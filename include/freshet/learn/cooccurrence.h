/* cooccurrence.h - who goes with whom: a sparse similarity matrix of items (or of users), the strongest of each row.
 *
 * Formula   c_ij = sum over users u of other_weight_u x_ui x_uj;   w_ij = (row_scale_i c_ij column_scale_j)^power
 *           c_ij / (c_ij + shrink), and of each row i the keep largest w_ij, j != i unless with_self.
 * Promise   rows ascend by column; ties of w go to the smaller column; the same result for any number of threads.
 * Cost      sum of squared history lengths. Histories longer than longest_max are cut to that many entries, spread evenly over
 *           the history, and their entries weigh as if nothing had been cut.
 * Memory    8 bytes for each kept pair; while it works the same again, and 8 bytes an item for each thread.
 * Source    Sarwar et al. 2001 (item CF); Park et al. 2024 (power: Turbo-CF); any P = R^T R of graph filters. */
#ifndef FR_LEARN_COOCCURRENCE_H
#define FR_LEARN_COOCCURRENCE_H

#include "freshet/learn/interactions.h"

struct fr_cooccurrence {
    const float *other_weight;             /* [users]; NULL: ones */
    const float *row_scale, *column_scale; /* [items]; NULL: ones */
    double power, shrink;
    bool with_self;
    uint32_t keep, longest_max;
    unsigned threads;
};

/* by_item and by_user hold the same entries (swap them for users); values are used, NULL: ones. gives: fr_rows_fini */
struct fr_rows fr_cooccurrence(const struct fr_rows *by_item, const struct fr_rows *by_user,
                               const struct fr_cooccurrence *how);

#endif
