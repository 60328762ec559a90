/* quality.h - how good lists are: against what users really took, and in what they show.
 *
 * Accuracy, per user with truth T (|T| >= 1), list L cut at k, h = |L and T|:
 *     recall     h / |T|                       an item of T that no list can hold counts as missed
 *     precision  h / k
 *     hit rate   1 if h > 0
 *     mrr        1 / rank of the first hit, 0 without one
 *     ndcg       sum of 1 / log2(rank + 1) over hits, divided by that sum for min(k, |T|) hits at the top
 *                (binary relevance, as in LightGCN's evaluation)
 * and their mean over the users.
 * Variety of the lists of all users, cut at k, against the matrix that was learnt from:
 *     coverage   share of the items with an interaction that are in any list
 *     novelty    mean of -log2(share of users who touched the item) over all places, in bits
 *     diversity  1 - mean cosine of the pairs of one list, cosine(i, j) = users of both / sqrt(users of i * users of j),
 *                mean over at most FR_VARIETY_LISTS lists, evenly spaced
 * Threads   any; nothing is kept. */
#ifndef FR_LEARN_QUALITY_H
#define FR_LEARN_QUALITY_H

#include "freshet/learn/interactions.h"
#include "freshet/learn/toplists.h"

enum { FR_VARIETY_LISTS = 500 };

struct fr_accuracy {
    uint64_t tested; /* users */
    double recall, ndcg, mrr, hit_rate, precision;
};

/* Adds one user to sums. list[n] best first; truth[truth_n] ascending, truth_n >= 1; k >= 1. */
void fr_accuracy_add(struct fr_accuracy *sums, const uint32_t *list, uint32_t n, const uint32_t *truth,
                     uint32_t truth_n, uint32_t k);
/* Sums divided by tested; all 0 when there is none. */
struct fr_accuracy fr_accuracy_mean(const struct fr_accuracy *sums);
/* The mean over those users of the lists whose row in truth is not empty. */
struct fr_accuracy fr_accuracy_of(const struct fr_toplists *lists, const struct fr_rows *truth, uint32_t k);

/* (recall + ndcg) / 2 of each list, into values[row_n]; 0 for a user without a row in truth. */
void fr_accuracy_each(const struct fr_toplists *lists, const struct fr_rows *truth, uint32_t k,
                      double *values);

struct fr_variety {
    double coverage, novelty, diversity;
};

/* Of the lists of users whose row in tested is not empty. */
struct fr_variety fr_variety_of(const struct fr_toplists *lists, const struct fr_rows *tested,
                                const struct fr_interactions *learnt, uint32_t k);

#endif
