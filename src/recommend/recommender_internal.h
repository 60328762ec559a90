/* recommender_internal.h - the recommender's inside, shared by recommender.c (learning, storing), candidates.c (union and
 * features) and account.c (scores and reasons).
 *
 * A table has a column for each candidate and a row for each feature: first those of the item, then three for each source.
 *
 *     rows   0 .. ITEM_FEATURES              what everybody does with the item: item_features.c
 *            ITEM_FEATURES + 3 s             source s proposed it: 1
 *                          + 3 s + 1         log2 of its score relative to the source's best
 *                          + 3 s + 2         10 / (10 + its place) */
#ifndef FR_RECOMMEND_RECOMMENDER_INTERNAL_H
#define FR_RECOMMEND_RECOMMENDER_INTERNAL_H

#include "freshet/base/allowance.h"
#include "freshet/recommend/rank.h"
#include "freshet/recommend/recommender.h"
#include "freshet/recommend/shown.h"
#include "freshet/recommend/source_popular.h"

enum {
    BOARDS = 10,   /* popular sources, the first of all sources; each is a feature of any item as well */
    EXPOSURES = 2, /* what is being shown: features only, for what is shown is not what is liked */
    LIFTS = 3,     /* how an audience differs from everybody */
    ITEM_FEATURES = BOARDS + EXPOSURES + LIFTS + 4,
    SOURCE_FEATURES = 3,
    FEATURES_MAX = ITEM_FEATURES + SOURCE_FEATURES * FR_RECOMMENDER_SOURCES_MAX,
    CONTEXTS = 2,
    HISTORY_CONTEXTS = 5,
    PAUSE_CONTEXTS = 4
};

/* What is known of an item; taken 0: nobody took to it yet. */
struct item_fact {
    fr_time_ms first_ms, last_ms; /* heard of; taken to last */
    uint64_t taken;               /* how often */
    uint64_t passed;              /* how often it was shown and not taken to */
};

struct fr_recommender {
    struct fr_recommender_params params;
    struct fr_dict ids;
    struct fr_source *sources[FR_RECOMMENDER_SOURCES_MAX];
    uint32_t source_n;
    struct fr_source *item_cf, *newcomers; /* two of them */
    struct fr_source *exposures[EXPOSURES];
    struct fr_shown shown;
    struct item_fact *facts; /* [fact_n] by item */
    uint32_t fact_n;
    struct fr_rank *rank;
    const struct fr_catalog *catalog; /* NULL: none */
    const struct fr_rows *content;    /* NULL: none */
    double asked, found;              /* fading counts of examples, and of those whose item was a candidate */
    struct fr_allowance lessons;      /* of the ranker */
};

struct fr_recommender_use {
    struct fr_scratch scratch;
    struct fr_vote *votes; /* [source_n][votes] */
    uint32_t vote_n[FR_RECOMMENDER_SOURCES_MAX];
    uint32_t *columns; /* [column_cap] by item: 1 + its column; 0: not a candidate; HIDDEN: must not be one */
    uint32_t column_cap;
    uint32_t *items;  /* [table.n] by column */
    uint16_t *places; /* [source_n][table.stride] 1 + place among the source's votes; 0: not proposed */
    struct fr_rank_table table;
    float *chances;  /* [table.n] */
    float *learning; /* what fr_rank_learn needs */
    float weights[FEATURES_MAX];
    uint32_t *order; /* [table.n] */
    uint64_t *keys;  /* [2 table.n] for ordering */
    size_t vote_cap;
};

static inline enum fr_seen recommender_seen(const struct fr_recommender *r) {
    return r->params.surface ? r->params.surface->seen : r->params.list.seen;
}

/* candidates.c: fills the use with candidates, features and contexts; then chances, by the weights. */
void candidates_find(const struct fr_recommender *r, const struct fr_query *q,
                     struct fr_recommender_use *use);
void candidates_judge(const struct fr_recommender *r, struct fr_recommender_use *use);
/* Forgets them; always after find. */
void candidates_clear(const struct fr_query *q, struct fr_recommender_use *use);
uint32_t candidates_column(const struct fr_recommender_use *use,
                           uint32_t item); /* table.n: not a candidate */

/* item_features.c */
void item_features_fill(const struct fr_recommender *r, const struct fr_query *q,
                        struct fr_recommender_use *use);
void item_features_learn(struct fr_recommender *r, const struct fr_example *e);
struct item_fact *item_fact_of(struct fr_recommender *r, uint32_t item);

/* account.c: the list of the columns in use->order[n], in that order. */
struct fr_list account_list(const struct fr_recommender *r, const struct fr_recommender_use *use, uint32_t n,
                            struct fr_arena *arena);

#endif
