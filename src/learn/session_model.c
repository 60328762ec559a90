/* One table of kinds; each kind turns its values into an index, rules or counts. Half-lives are shares of the sessions that
 * are fitted, so that a value chosen on a part means the same on the whole. */
#include "session_model_internal.h"
#include "freshet/base/err.h"
#include "freshet/base/real.h"
#include <stdlib.h>

/* Longer visits are the exception; what is older has faded anyway. */
enum { LENGTH_MAX = 50, PER_ITEM_MAX = 8192, WINDOW = 10 };

static const double neighbors_grid[] = {50, 100, 200, 500, 1000, 1500, 3000};
static const double sample_grid[] = {500, 1000, 2500, 5000, 10000};
static const double fade_grid[] = {.3, .6, 1.2, 2.4, 4.8, 9.6, 20, 100};
static const double share_grid[] = {.02, .05, .1, .2, .4, .6, 1, 2, 4, 1000};
static const double idf_grid[] = {0, .3, 1, 3, 10};
static const double rarity_grid[] = {0, .25, .5, 1};
static const double step_grid[] = {0, .1, .3, .5, .7, .9};
static const double popularity_grid[] = {0, .1, .25, .5, .75};

#define GRID(values) values, sizeof values / sizeof *values

enum {
    NEIGHBORS,
    SAMPLE,
    POSITION_FADE,
    ITEM_FADE,
    HALF_LIFE,
    STAN_N,
    COMMON_FADE = STAN_N,
    IDF,
    RARITY,
    VSTAN_N
};
static const struct fr_parameter session_parameters[] = {
    {"neighbors", 1500, GRID(neighbors_grid)}, {"sample", 5000, GRID(sample_grid)},
    {"position_fade", 4.8, GRID(fade_grid)},   {"item_fade", 4.8, GRID(fade_grid)},
    {"half_life", 1, GRID(share_grid)},        {"common_fade", 1.2, GRID(fade_grid)},
    {"idf_weight", 10, GRID(idf_grid)},        {"rarity", 0, GRID(rarity_grid)},
};
static const struct fr_parameter stan_parameters[] = {
    {"neighbors", 500, GRID(neighbors_grid)}, {"sample", 10000, GRID(sample_grid)},
    {"position_fade", 1.2, GRID(fade_grid)},  {"item_fade", 4.8, GRID(fade_grid)},
    {"half_life", 1, GRID(share_grid)},
};
enum { RULES_FADE, RULES_HALF_LIFE, RULES_POPULARITY, RULES_N };
static const struct fr_parameter rules_parameters[] = {{"fade", .3, GRID(step_grid)},
                                                       {"half_life", 1, GRID(share_grid)},
                                                       {"popularity", 0, GRID(popularity_grid)}};
static const struct fr_parameter popular_parameters[] = {{"half_life", .1, GRID(share_grid)}};

static const struct {
    const char *name;
    const struct fr_parameter *parameters;
    uint32_t parameter_n;
} kinds[FR_SESSION_MODEL_N] = {
    [FR_SESSION_MODEL_SESSION] = {"session", session_parameters, VSTAN_N},
    [FR_SESSION_MODEL_STAN] = {"stan", stan_parameters, STAN_N},
    [FR_SESSION_MODEL_NEXT] = {"next-item", rules_parameters, RULES_N},
    [FR_SESSION_MODEL_ASSOCIATION] = {"association", rules_parameters, RULES_N},
    [FR_SESSION_MODEL_POPULAR] = {"popular", popular_parameters, 1},
    [FR_SESSION_MODEL_BLEND] = {"blend", NULL, 0},
};

const char *fr_session_model_name(enum fr_session_model_kind kind) { return kinds[kind].name; }

const struct fr_parameter *fr_session_model_parameters(enum fr_session_model_kind kind, uint32_t *n) {
    *n = kinds[kind].parameter_n;
    return kinds[kind].parameters;
}

void fr_session_model_defaults(struct fr_session_model_values *values) {
    for (uint32_t kind = 0; kind < FR_SESSION_MODEL_N; kind++)
        for (uint32_t i = 0; i < kinds[kind].parameter_n; i++)
            values->at[kind][i] = kinds[kind].parameters[i].standard;
}

/* Time is counted in sessions. */
static struct fr_session_index *new_index(const struct fr_visits *v, uint32_t session_n, const double *values,
                                          bool is_vstan) {
    struct fr_session_params p = {.sessions = session_n ? session_n : 1,
                                  .items = 1u << 24,
                                  .length = LENGTH_MAX,
                                  .per_item = PER_ITEM_MAX,
                                  .sample = (uint32_t)values[SAMPLE],
                                  .neighbors = (uint32_t)values[NEIGHBORS],
                                  .position_fade = values[POSITION_FADE],
                                  .item_fade = values[ITEM_FADE],
                                  .common_fade = is_vstan ? values[COMMON_FADE] : (double)INFINITY,
                                  .half_life_ms = values[HALF_LIFE] * (session_n + 1),
                                  .idf_weight = is_vstan ? values[IDF] : 0,
                                  .rarity = is_vstan ? values[RARITY] : 0};
    struct fr_session_index *x = fr_session_index_new(&p);
    for (uint32_t s = 0; s < session_n; s++) {
        uint64_t session = fr_session_index_begin(x);
        for (size_t i = v->starts[s]; i < v->starts[s + 1]; i++)
            fr_session_index_append(x, session, v->items[i], s);
    }
    return x;
}

static struct fr_session_rules *new_rules(const struct fr_visits *v, uint32_t session_n,
                                          const struct fr_dict *ids, const double *values, bool together) {
    struct fr_session_rules_params p = {.together = together,
                                        .window = WINDOW,
                                        .half_life = values[RULES_HALF_LIFE] * (session_n + 1),
                                        .fade = values[RULES_FADE],
                                        .popularity = values[RULES_POPULARITY]};
    return fr_session_rules_new(v, session_n, ids, &p);
}

static void count_items(struct fr_session_model *m, const struct fr_visits *v, uint32_t session_n,
                        double half_life) {
    struct fr_scratch sums = {0};
    fr_scratch_reserve(&sums, m->ids->n);
    for (uint32_t s = 0; s < session_n; s++) {
        float worth = (float)fr_exp2(-(double)(session_n - s) / (half_life * (session_n + 1)));
        for (size_t i = v->starts[s]; i < v->starts[s + 1]; i++)
            fr_scratch_add(&sums, v->items[i], worth, FR_DICT_NONE);
    }
    m->popular_n = fr_scratch_best(&sums, m->ids, SESSION_POPULAR, m->popular);
    fr_scratch_fini(&sums);
}

struct fr_session_model *fr_session_model_new(enum fr_session_model_kind kind, const struct fr_visits *v,
                                              uint32_t session_n, const struct fr_dict *ids,
                                              const struct fr_session_model_values *values,
                                              double held_share) {
    struct fr_session_model *m = fr_alloc_zero(1, sizeof *m);
    const double *at = values->at[kind];
    m->kind = kind;
    m->ids = ids;
    if (kind == FR_SESSION_MODEL_SESSION || kind == FR_SESSION_MODEL_STAN) {
        m->index = new_index(v, session_n, at, kind == FR_SESSION_MODEL_SESSION);
        m->now = session_n;
    } else if (kind == FR_SESSION_MODEL_POPULAR)
        count_items(m, v, session_n, at[0]);
    else if (kind == FR_SESSION_MODEL_BLEND)
        m->blend = session_blend_new(v, session_n, ids, values, held_share);
    else
        m->rules = new_rules(v, session_n, ids, at, kind == FR_SESSION_MODEL_ASSOCIATION);
    return m;
}

void fr_session_model_free(struct fr_session_model *m) {
    if (!m) return;
    fr_session_index_free(m->index);
    fr_session_rules_free(m->rules);
    session_blend_free(m->blend);
    free(m);
}

static void search(const struct fr_session_model *m, const uint32_t *items, uint32_t n,
                   struct fr_scratch *scratch) {
    uint32_t newest_first[LENGTH_MAX], kept = n < LENGTH_MAX ? n : LENGTH_MAX;
    for (uint32_t i = 0; i < kept; i++) newest_first[i] = items[n - 1 - i];
    struct fr_session_query q = {.items = newest_first, .n = kept, .now_ms = m->now};
    fr_session_index_search(m->index, &q, scratch);
}

uint32_t fr_session_model_list(const struct fr_session_model *m, const uint32_t *items, uint32_t n,
                               struct fr_scratch *scratch, uint32_t most, struct fr_vote *out) {
    if (m->kind == FR_SESSION_MODEL_POPULAR) {
        uint32_t kept = most < m->popular_n ? most : m->popular_n;
        memcpy(out, m->popular, kept * sizeof *out);
        return kept;
    }
    if (m->blend) return session_blend_list(m->blend, items, n, scratch, most, out);
    fr_scratch_reserve(scratch, m->ids->n);
    if (m->index)
        search(m, items, n, scratch);
    else
        fr_session_rules_vote(m->rules, items, n, scratch);
    return fr_scratch_best(scratch, m->ids, most, out);
}
