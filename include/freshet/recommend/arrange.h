/* arrange.h - what becomes of ranked candidates before they are a list: what must not be shown goes, the rest is boosted,
 * varied, spread over unlike items, and a share of the places is given to items of which little is known.
 *
 *     key(i)    = score(i) * boosts(i) * (1 + rotation * (2 u(i) - 1)), u uniform in [0, 1) by (draw, item id)
 *     a place   takes the candidate with the largest (1 - diversity) * key / largest key - diversity * (largest
 *               similarity to what stands above it): maximal marginal relevance, Carbonell and Goldstein, SIGIR 1998
 *     explored  with probability `exploration`, decided for each place by itself, the place takes an item drawn from
 *               `fresh` instead
 *
 * Similarity is the cosine of the content where both items have any, else what `similar` says, else how much of the
 * categories' paths is the same.
 *
 * Propensity  with what probability this item would come to this place, given what stands above it and the order of the
 *             candidates: 1 without exploration; for Thompson an estimate from FR_ARRANGE_DRAWS repeated draws. Rotation is
 *             no part of it.
 * Promise   a function of its arguments; numbers of items do not matter, their ids do. No rule: the candidates as they are.
 * Threads   pure; the arena is scratch.
 * Bounds    the first FR_ARRANGE_CANDIDATES candidates that may be shown are looked at, and FR_ARRANGE_FRESH fresh ones. */
#ifndef FR_RECOMMEND_ARRANGE_H
#define FR_RECOMMEND_ARRANGE_H

#include "freshet/base/rows.h"
#include "freshet/catalog/catalog.h"
#include "freshet/recommend/query.h"
#include "freshet/recommend/surface.h"

enum { FR_ARRANGE_CANDIDATES = 1000, FR_ARRANGE_FRESH = 100, FR_ARRANGE_DRAWS = 100 };

struct fr_ranked {
    uint32_t item;
    double score;        /* > 0 */
    double shown, taken; /* how often so far; only read of fresh ones, for Thompson */
};

struct fr_arrange_input {
    const struct fr_query *query;
    const struct fr_catalog *catalog; /* under query->ids; NULL: nothing is known of any item */
    const struct fr_rows *content;    /* item x feature, rows of length 1 or empty; NULL: none */
    double (*similar)(void *context, uint32_t a, uint32_t b); /* 0 to 1; NULL: not known */
    void *context;
    const struct fr_ranked *ranked; /* [ranked_n] best first, each item once */
    uint32_t ranked_n;
    const struct fr_ranked *fresh; /* [fresh_n] to explore, in an order that does not depend on numbers */
    uint32_t fresh_n;
};

struct fr_arranged {
    uint32_t item;
    uint32_t at; /* its place in ranked, or in fresh when is_explored */
    bool is_explored;
    double propensity; /* in (0, 1] */
};

/* Fills out[surface->items] from the top; returns how many. surface must have no fault. */
uint32_t fr_arrange(const struct fr_surface *surface, const struct fr_arrange_input *in,
                    struct fr_arena *arena, struct fr_arranged *out);

#endif
