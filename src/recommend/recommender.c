/* The parts put together. Learning goes in the order in which things happen: the ranker sees what was proposed before the
 * example was known, then the sources hear of it. */
#include "freshet/recommend/recommender.h"
#include "freshet/base/err.h"
#include "freshet/base/hash.h"
#include "freshet/recommend/source_cooccurrence.h"
#include "freshet/recommend/source_new.h"
#include "freshet/recommend/source_next.h"
#include "freshet/recommend/source_session.h"
#include "freshet/recommend/source_social.h"
#include "freshet/recommend/source_user.h"
#include "recommender_internal.h"
#include <stdlib.h>

#define RANK_RATE .05f
#define PLACE_PRIOR .5f      /* before anything is learnt: a sum of 10 / (10 + place), all sources alike */
#define COVERAGE_FADES .9995 /* a memory of some 2,000 examples */

static const struct fr_popular_params boards[BOARDS] = {
    {"popular-100", FR_REASON_POPULAR, FR_AUDIENCE_ALL, 100, false, false},
    {"popular-500", FR_REASON_POPULAR, FR_AUDIENCE_ALL, 500, false, false},
    {"popular-2000", FR_REASON_POPULAR, FR_AUDIENCE_ALL, 2000, false, false},
    {"popular-8000", FR_REASON_POPULAR, FR_AUDIENCE_ALL, 8000, false, false},
    {"popular-long", FR_REASON_POPULAR, FR_AUDIENCE_ALL, 30000, false, false},
    {"popular-hour", FR_REASON_POPULAR, FR_AUDIENCE_ALL, 3600e3, true, false},
    {"popular-day", FR_REASON_POPULAR, FR_AUDIENCE_ALL, 86400e3, true, false},
    {"popular-group", FR_REASON_POPULAR_IN_GROUP, FR_AUDIENCE_GROUP, 2000, false, false},
    {"popular-group-long", FR_REASON_POPULAR_IN_GROUP, FR_AUDIENCE_GROUP, 30000, false, false},
    {"popular-surface", FR_REASON_POPULAR, FR_AUDIENCE_SURFACE, 2000, false, false},
};

static const struct fr_popular_params exposures[EXPOSURES] = {
    {"shown-500", FR_REASON_POPULAR, FR_AUDIENCE_ALL, 500, false, true},
    {"shown-5000", FR_REASON_POPULAR, FR_AUDIENCE_ALL, 5000, false, true},
};

static void add_streaming(struct fr_recommender *r) {
    for (uint32_t b = 0; b < BOARDS; b++) fr_recommender_add(r, fr_source_popular_new(&boards[b]));
    fr_recommender_add(r, fr_source_trending_new(r->sources[0], r->sources[3]));
    r->newcomers = fr_source_new_new();
    fr_recommender_add(r, r->newcomers);
    r->item_cf = fr_source_cooccurrence_new();
    fr_recommender_add(r, r->item_cf);
    fr_recommender_add(r, fr_source_next_new(NULL));
    fr_recommender_add(r, fr_source_session_new(NULL));
    fr_recommender_add(r, fr_source_user_new(NULL));
    fr_recommender_add(r, fr_source_social_new(NULL));
}

struct fr_recommender *fr_recommender_new(const struct fr_recommender_params *params) {
    struct fr_recommender *r = fr_alloc_zero(1, sizeof *r);
    r->params = *params;
    FR_ASSERT(params->votes >= 1 && params->votes <= FR_RECOMMENDER_VOTES_MAX);
    fr_dict_init(&r->ids);
    r->rank = fr_rank_new(&(struct fr_rank_params){.feature_n = FEATURES_MAX,
                                                   .context_n = CONTEXTS,
                                                   .context_values = {HISTORY_CONTEXTS, PAUSE_CONTEXTS},
                                                   .rate = RANK_RATE});
    r->asked = 20;
    r->found = 10;
    for (uint32_t b = 0; b < EXPOSURES; b++) r->exposures[b] = fr_source_popular_new(&exposures[b]);
    fr_shown_init(&r->shown);
    add_streaming(r);
    return r;
}

void fr_recommender_free(struct fr_recommender *r) {
    if (!r) return;
    for (uint32_t s = 0; s < r->source_n; s++) r->sources[s]->ops->free(r->sources[s]);
    for (uint32_t b = 0; b < EXPOSURES; b++) r->exposures[b]->ops->free(r->exposures[b]);
    fr_shown_fini(&r->shown);
    fr_rank_free(r->rank);
    fr_dict_fini(&r->ids);
    free(r->facts);
    free(r);
}

struct fr_dict *fr_recommender_ids(struct fr_recommender *r) {
    return &r->ids;
}
const struct fr_dict *fr_recommender_names(const struct fr_recommender *r) { return &r->ids; }
uint32_t fr_recommender_sources(const struct fr_recommender *r) { return r->source_n; }
const struct fr_source *fr_recommender_source(const struct fr_recommender *r, uint32_t i) {
    return r->sources[i];
}

void fr_recommender_add(struct fr_recommender *r, struct fr_source *source) {
    for (uint32_t s = 0; s < r->source_n; s++)
        if (strcmp(r->sources[s]->ops->name, source->ops->name) == 0) {
            r->sources[s]->ops->free(r->sources[s]);
            r->sources[s] = source;
            return;
        }
    FR_ASSERT(r->source_n < FR_RECOMMENDER_SOURCES_MAX);
    fr_rank_prior(r->rank, ITEM_FEATURES + SOURCE_FEATURES * r->source_n + 2, PLACE_PRIOR);
    r->sources[r->source_n++] = source;
}

void fr_recommender_neighbors(struct fr_recommender *r, uint32_t item, const struct fr_candidate *row,
                              uint32_t n) {
    fr_source_cooccurrence_set(r->item_cf, item, row, n);
}

void fr_recommender_item(struct fr_recommender *r, uint32_t item, fr_time_ms since_ms) {
    struct item_fact *fact = item_fact_of(r, item);
    if (fact->first_ms == INT64_MIN) fact->first_ms = since_ms;
    fr_source_new_add(r->newcomers, item, since_ms);
}

void fr_recommender_catalog(struct fr_recommender *r, const struct fr_catalog *catalog,
                            const struct fr_rows *content) {
    r->catalog = catalog;
    r->content = content;
}

/* ---- learning ---- */

/* A lesson asks every source, some ten times as much work as all other learning; in a stream of thousands of examples a
 * second each says little that the others do not. */
static bool may_have_lesson(struct fr_recommender *r, const struct fr_example *e) {
    if (r->params.lessons_per_s == 0) return true;
    bool always =
        fr_hash_mix(e->before.draw ^ ((uint64_t)e->time_ms << 20) ^ e->item) % FR_RECOMMENDER_LESSON_ALWAYS ==
        0;
    return fr_allowance_take(&r->lessons, r->params.lessons_per_s, e->time_ms) || always;
}

/* Whether the ranker learns from it: what a list should have had. */
static bool is_lesson(struct fr_recommender *r, const struct fr_example *e) {
    if (e->weight == 0 || e->dislike) return false;
    if (r->params.targets && !(r->params.targets >> e->type & 1)) return false;
    if (!e->is_new && recommender_seen(r) == FR_SEEN_HIDE) return false;
    return may_have_lesson(r, e);
}

static void learn_ranking(struct fr_recommender *r, const struct fr_example *e,
                          struct fr_recommender_use *use) {
    candidates_find(r, &e->before, use);
    uint32_t target = candidates_column(use, e->item);
    bool found = target < use->table.n;
    r->asked = r->asked * COVERAGE_FADES + 1;
    r->found = r->found * COVERAGE_FADES + found;
    if (found) fr_rank_learn(r->rank, &use->table, target, use->learning);
    candidates_clear(&e->before, use);
}

bool fr_recommender_learn(struct fr_recommender *r, const struct fr_example *e,
                          struct fr_recommender_use *use) {
    bool lesson = is_lesson(r, e);
    if (lesson) learn_ranking(r, e, use);
    item_features_learn(r, e);
    fr_shown_learn(&r->shown, e);
    for (uint32_t b = 0; b < EXPOSURES; b++) r->exposures[b]->ops->learn(r->exposures[b], e);
    for (uint32_t s = 0; s < r->source_n; s++)
        if (r->sources[s]->ops->learn) r->sources[s]->ops->learn(r->sources[s], e);
    return lesson;
}
