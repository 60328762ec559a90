/* list.h - the first ranker: item-based collaborative filtering over a user's recent history, complemented by
 * what is popular in the user's group and what is trending.
 *
 * Score     of a candidate c, in 0..1, is the sum of its reasons, three kinds of terms:
 *
 *     cf_weight * share(s) * worth(s, c)                 for each seed s
 *     group_weight * value(c) / value of the group's first
 *     trend_weight * value(c) / value of the trend's first
 *
 *           with cf_weight = 1 - group_weight - trend_weight,
 *           share(s) = strength(s) / sum of the seeds' strengths and
 *           worth(s, c) = similarity(s, c) * pair(s, c) / (pair(s, c) + shrinkage), in single precision.
 *           Each term is cut to a multiple of 1e-6 before it is added; a term that is cut to 0 does not
 *           exist. So no score depends on the order of addition, and whoever adds the printed weights
 *           gets the printed score to the last digit.
 * Promise   best first, ties by the bytes of the item id: the same inputs give the same list whatever
 *           numbers the items have in this process. A disliked item is never in a list; a seen one by
 *           policy.
 * Not       it does not fetch, decay or look at a clock: strengths come decayed, neighbours by callback.
 * Threads   one ranker per thread.
 * Memory    a ranker keeps its tables, 4 bytes for each item of the dictionary: no allocation once it has
 *           seen the largest input. The list lies in the caller's arena.
 * Errors    none: strengths, values, similarities and pairs out of their range (NaN, below 0) make a term
 *           0. */
#ifndef FR_RECOMMEND_LIST_H
#define FR_RECOMMEND_LIST_H

#include "freshet/base/arena.h"
#include "freshet/recommend/query.h"
#include "freshet/recommend/reason.h"

/* A neighbour of a seed, as compact as a cache of many wants it. */
struct fr_candidate {
    uint32_t item; /* each at most once in a row */
    float worth;   /* fr_candidate_worth, taken once when the neighbours are read */
};

struct fr_popular {
    uint32_t item;
    double value; /* any unit; > 0 */
};

enum fr_seen {
    FR_SEEN_SHOW,      /* seen items may be shown again */
    FR_SEEN_HIDE,      /* nothing of the history is shown */
    FR_SEEN_PURCHASED, /* only what was purchased is hidden */
};

enum { FR_LIST_ITEMS_MAX = 200, FR_LIST_SEEDS_MAX = 100, FR_LIST_REASONS_MAX = 10 };

struct fr_list_params {
    uint32_t items;            /* length of a list, 1 to FR_LIST_ITEMS_MAX */
    uint32_t seeds;            /* how many of the history speak for candidates, 0 to FR_LIST_SEEDS_MAX */
    uint32_t reasons_per_item; /* co_occurrence reasons with their item, 1 to FR_LIST_REASONS_MAX; the others
                                  are summed into one without */
    uint32_t popular_items;    /* how many of group and of trend are candidates */
    double shrinkage;          /* pairs of this count are believed by half; >= 0 */
    double group_weight, trend_weight; /* >= 0, together < 1 */
    enum fr_seen seen;
};

#define FR_LIST_DEFAULTS                            \
    ((struct fr_list_params){.items = 20,           \
                             .seeds = 20,           \
                             .reasons_per_item = 2, \
                             .popular_items = 50,   \
                             .shrinkage = 2,        \
                             .group_weight = 0.01,  \
                             .trend_weight = 0.005, \
                             .seen = FR_SEEN_HIDE})

/* Gives item's neighbours. They must stay as they are until fr_list_make returns. */
typedef void fr_candidates_of(void *context, uint32_t item, const struct fr_candidate **out, uint32_t *n);

struct fr_list_input {
    const struct fr_dict *items; /* of all the numbers below; the ids decide ties */
    const struct fr_seed *seeds; /* the whole history, most recent first, each item once; the first
                                    params.seeds with strength > 0 and no dislike speak, all are seen */
    uint32_t seed_n;
    fr_candidates_of *candidates_of;
    void *context;
    const struct fr_popular *group, *trend; /* best first; may be empty */
    uint32_t group_n, trend_n;
};

struct fr_reason {
    enum fr_reason_code code;
    uint32_t item; /* FR_DICT_NONE: none */
    double weight; /* > 0, a multiple of 1e-6 */
};

struct fr_list_item {
    uint32_t item;
    double score;                    /* > 0, at most 1, a multiple of 1e-6 */
    const struct fr_reason *reasons; /* co_occurrence by falling weight, the summed one, then the others */
    uint32_t reason_n;
    double
        propensity; /* in (0, 1]: with what probability it came to its place, of a list that explores; 0: not said */
};

struct fr_list {
    struct fr_list_item *items; /* best first */
    uint32_t item_n;            /* may be 0: nothing is known yet */
    bool fallback;              /* no item has a personal reason */
};

struct fr_ranker;

struct fr_ranker *fr_ranker_new(void);
void fr_ranker_free(struct fr_ranker *r);
/* NULL when p is within the ranges above, else what is wrong (a constant text). */
const char *fr_list_params_fault(const struct fr_list_params *p);
/* What a neighbour is worth, 0 to 1: see the formula. A similarity above 1 counts as 1; pair is how much
 * evidence there is, the decayed co-occurrence count. */
float fr_candidate_worth(const struct fr_list_params *p, double similarity, double pair);
/* p must have no fault. The list lives as long as the arena's contents. */
struct fr_list fr_list_make(struct fr_ranker *r, const struct fr_list_params *p,
                            const struct fr_list_input *in, struct fr_arena *arena);

/* Scores and weights in millionths: exact. */
static inline uint32_t fr_list_units(double weight) { return (uint32_t)(weight * 1e6 + .5); }

#endif
