/* From a profile to scores.
 *
 * Problem   hundreds of campaigns for each user that was touched, thousands of users a second; a click model costs microseconds
 *           for each, Thompson sampling a tenth of a millisecond.
 * Choice    the cheap questions first: rules, bought, caps, budget. Only what is eligible is asked of the model, and not more than
 *           `most`. How a campaign's creatives share its impressions depends on no user, so it is worked out once for each
 *           version of model and campaigns, when it is first needed; a user only draws.
 * Rejected  a vector of all campaigns' features for one matrix product: half of the features cross user and campaign. */
#include "freshet/target/ad_scores.h"
#include "freshet/base/hash.h"
#include "freshet/base/real.h"
#include "freshet/base/rng.h"
#include "freshet/target/ad_impression.h"
#include "freshet/target/creative_choice.h"
#include <math.h>
#include <stdlib.h>

static const double PRIOR_CLICKS = .01, PRIOR_CONVERSIONS = .001, PRIOR_IMPRESSIONS = 20;

struct fr_ad_scorer {
    uint64_t set_number, model_number; /* what is kept is of these; 0: nothing is */
    struct fr_promoted promoted;
    double *shares;     /* [campaign_n][FR_CAMPAIGN_CREATIVES] of impressions, by Thompson sampling */
    bool *shares_known; /* [campaign_n] */
    struct fr_click_context context; /* of the question at hand, with its features */
    struct fr_click_features features;
};

struct fr_ad_scorer *fr_ad_scorer_new(void) {
    return fr_alloc_zero(1, sizeof(struct fr_ad_scorer));
}

static void drop(struct fr_ad_scorer *s) {
    fr_promoted_fini(&s->promoted);
    free(s->shares);
    free(s->shares_known);
    s->shares = NULL;
    s->shares_known = NULL;
}

void fr_ad_scorer_free(struct fr_ad_scorer *s) {
    if (!s) return;
    drop(s);
    free(s);
}

static void follow_versions(struct fr_ad_scorer *s, const struct fr_ad_question *q) {
    uint32_t n = q->campaigns->campaign_n;
    bool same_set = s->set_number == q->campaigns->number;
    if (!same_set) {
        drop(s);
        fr_promoted_init(&s->promoted, q->campaigns);
        s->shares = fr_alloc((n + 1) * FR_CAMPAIGN_CREATIVES * sizeof *s->shares);
        s->shares_known = fr_alloc((n + 1) * sizeof *s->shares_known);
    }
    if (!same_set || s->model_number != q->model_number) memset(s->shares_known, 0, n * sizeof(bool));
    s->set_number = q->campaigns->number;
    s->model_number = q->model_number;
}

/* ---- creatives ---- */

/* What was counted of a creative is in its running rate: n impressions, and (yes + strength prior) / (n + strength). */
static struct fr_choice_arm arm_of(const struct fr_click_context *x, double strength) {
    double n = expm1((double)x->seen[FR_CLICK_CREATIVE]);
    double rate = fr_logistic(x->base + (double)x->rates[FR_CLICK_CREATIVE]);
    double prior = fr_logistic(x->base + (double)x->rates[FR_CLICK_CAMPAIGN]);
    double yes = rate * (n + strength) - strength * prior;
    return (struct fr_choice_arm){n, fmin(fmax(yes, 0), n)};
}

/* How the creatives of a campaign share its impressions. */
static void share_out(struct fr_ad_scorer *s, const struct fr_ad_question *q, uint32_t campaign,
                      double *shares) {
    const struct fr_campaign_entry *c = &q->campaigns->campaigns[campaign];
    struct fr_choice_arm arms[FR_CAMPAIGN_CREATIVES];
    double rate = PRIOR_CLICKS;
    for (uint32_t i = 0; i < c->record.creative_n; i++) {
        struct fr_impression shown = {.time_ms = q->facts->now_ms, .position = -1, .age_days = -1};
        arms[i] = (struct fr_choice_arm){0, 0};
        if (!q->clicks) continue;
        fr_ad_impression_campaign(&shown, c, c->record.id, c->record.creatives[i]);
        fr_click_model_look(q->clicks, &shown, &s->context);
        arms[i] = arm_of(&s->context, PRIOR_IMPRESSIONS);
        rate = fr_logistic(s->context.base + (double)s->context.rates[FR_CLICK_CAMPAIGN]);
    }
    struct fr_choice_prior prior = fr_choice_prior_of(rate, PRIOR_IMPRESSIONS);
    fr_choice_thompson(arms, c->record.creative_n, &prior, shares);
}

static void choose_creative(struct fr_ad_scorer *s, const struct fr_ad_question *q,
                            struct fr_ad_score *score) {
    const struct fr_campaign_entry *c = &q->campaigns->campaigns[score->campaign];
    score->creative_propensity = 1;
    score->creative_id = c->record.creative_n ? c->record.creatives[0] : c->record.id;
    if (c->record.creative_n < 2) return;
    double *shares = s->shares + (size_t)score->campaign * FR_CAMPAIGN_CREATIVES;
    if (!s->shares_known[score->campaign]) share_out(s, q, score->campaign, shares);
    s->shares_known[score->campaign] = true;
    struct fr_choice choice = fr_choice_draw(shares, c->record.creative_n, fr_hash_mix(q->draw ^ c->id_hash));
    score->creative_id = c->record.creatives[choice.arm];
    score->creative_propensity = choice.propensity;
}

/* ---- chances and value ---- */

static double own_rate(const struct fr_pacing_entry *pace, int64_t yes, double prior) {
    double n = pace ? (double)pace->impressions : 0;
    double rate = ((pace ? (double)yes : 0) + PRIOR_IMPRESSIONS * prior) / (n + PRIOR_IMPRESSIONS);
    return fmin(rate, 1);
}

static double own_click(const struct fr_pacing_entry *pace) {
    return own_rate(pace, pace ? pace->clicks : 0, PRIOR_CLICKS);
}

static double own_conversion(const struct fr_pacing_entry *pace) {
    return own_rate(pace, pace ? pace->conversions : 0, PRIOR_CONVERSIONS);
}

static double value_of(const struct fr_campaign *c, double click, double conversion) {
    double price = (double)c->price_micros;
    if (c->pays == FR_CAMPAIGN_PAYS_IMPRESSION) return price;
    return price * (c->pays == FR_CAMPAIGN_PAYS_CLICK ? click : conversion);
}

static bool knows(const struct fr_click_model *m) {
    return m && fr_click_model_learnt(m) >= FR_AD_LEARNT_LEAST;
}

bool fr_ad_chance_of(struct fr_ad_scorer *s, const struct fr_click_model *m,
                     const struct fr_impression *shown, double *chance) {
    if (!knows(m)) return false;
    fr_click_model_look(m, shown, &s->context);
    fr_click_model_features(m, &s->context, &s->features);
    *chance = fr_click_model_predict(m, &s->features);
    return true;
}

static void ask_models(struct fr_ad_scorer *s, const struct fr_ad_question *q, struct fr_impression *shown,
                       struct fr_ad_score *score) {
    const struct fr_campaign_entry *c = &q->campaigns->campaigns[score->campaign];
    score->has_reasons = knows(q->clicks);
    fr_ad_impression_campaign(shown, c, c->record.id, score->creative_id);
    if (score->has_reasons) {
        fr_click_model_look(q->clicks, shown, &s->context);
        fr_click_model_features(q->clicks, &s->context, &s->features);
        score->click = fr_click_model_explain(q->clicks, &s->features, &score->reasons);
    }
    fr_ad_chance_of(s, q->conversions, shown, &score->conversion);
}

static void score_one(struct fr_ad_scorer *s, const struct fr_ad_question *q, struct fr_impression *shown,
                      struct fr_ad_score *score) {
    const struct fr_campaign *c = &q->campaigns->campaigns[score->campaign].record;
    const struct fr_pacing_entry *pace = q->paces[score->campaign];
    choose_creative(s, q, score);
    score->click = own_click(pace);
    score->conversion = own_conversion(pace);
    score->has_reasons = false;
    if (q->clicks) ask_models(s, q, shown, score);
    score->value_micros = value_of(c, score->click, score->conversion);
}

/* ---- order ---- */

struct ranked {
    struct fr_ad_score score;
    int32_t priority;
    struct fr_str id;
};

static int by_worth(const void *a, const void *b) {
    const struct ranked *x = a, *y = b;
    if (x->priority != y->priority) return x->priority > y->priority ? -1 : 1;
    if (x->score.value_micros > y->score.value_micros) return -1;
    if (x->score.value_micros < y->score.value_micros) return 1;
    return fr_str_cmp(x->id, y->id);
}

static struct ranked rank_first(const struct fr_ad_question *q, uint32_t campaign) {
    const struct fr_campaign *c = &q->campaigns->campaigns[campaign].record;
    const struct fr_pacing_entry *pace = q->paces[campaign];
    struct ranked r = {.priority = c->priority, .id = c->id};
    r.score = (struct fr_ad_score){.campaign = campaign, .bar = FR_AD_BAR_NONE};
    r.score.value_micros = value_of(c, own_click(pace), own_conversion(pace));
    return r;
}

/* The campaigns' places: the eligible from the front, what is barred in order of ids behind them. */
struct sorted {
    struct ranked *eligible;
    struct fr_ad_score *barred;
    uint32_t eligible_n, barred_n, not_targeted;
};

static struct sorted sort_out(const struct fr_ad_scorer *s, const struct fr_ad_question *q,
                              struct fr_arena *arena) {
    uint32_t n = q->campaigns->campaign_n;
    struct sorted out = {.eligible = fr_arena_alloc(arena, (n + 1) * sizeof *out.eligible),
                         .barred = fr_arena_alloc(arena, (n + 1) * sizeof *out.barred)};
    struct fr_bought bought =
        fr_bought_of(q->facts->user, q->facts->ids, q->catalog, q->facts->now_ms, q->bought_ms, arena);
    for (uint32_t i = 0; i < n; i++) {
        const struct fr_campaign_entry *c = &q->campaigns->campaigns[i];
        if (!fr_campaign_runs(&c->record, q->facts->now_ms)) continue;
        if (!fr_rule_matches(c->rule, q->facts)) {
            out.not_targeted++;
            continue;
        }
        enum fr_ad_bar bar = fr_ad_bar_of(q, i, &bought, &s->promoted);
        if (bar == FR_AD_BAR_NONE)
            out.eligible[out.eligible_n++] = rank_first(q, i);
        else
            out.barred[out.barred_n++] = (struct fr_ad_score){.campaign = i, .bar = bar};
    }
    return out;
}

/* ---- trying what is new ---- */

static bool is_new(const struct fr_ad_question *q, uint32_t campaign) {
    const struct fr_pacing_entry *pace = q->paces[campaign];
    return !pace || pace->impressions < FR_AD_NEW_IMPRESSIONS;
}

/* Priority goes before everything, so only what could be first by it is tried. */
static uint32_t list_new(const struct fr_ad_question *q, const struct sorted *sorted, uint32_t *out) {
    int32_t highest = INT32_MIN;
    uint32_t n = 0;
    for (uint32_t i = 0; i < sorted->eligible_n; i++)
        if (sorted->eligible[i].priority > highest) highest = sorted->eligible[i].priority;
    for (uint32_t i = 0; i < sorted->eligible_n; i++)
        if (sorted->eligible[i].priority == highest && is_new(q, sorted->eligible[i].score.campaign))
            out[n++] = sorted->eligible[i].score.campaign;
    return n;
}

/* Which campaign is tried; FR_AD_NONE_TRIED: none. Drawn in the order of ids, so that the same is drawn wherever it is made. */
#define FR_AD_NONE_TRIED UINT32_MAX
static uint32_t draw_new(const struct fr_ad_question *q, const uint32_t *campaigns, uint32_t n) {
    struct fr_rng rng = {fr_hash_mix(q->draw ^ UINT64_C(0x6e6577))};
    if (n == 0 || !(q->epsilon > 0) || fr_rng_uniform(&rng) >= q->epsilon) return FR_AD_NONE_TRIED;
    return campaigns[fr_rng_below(&rng, n)];
}

static uint32_t place_of(const struct ranked *eligible, uint32_t n, uint32_t campaign) {
    uint32_t at = 0;
    while (at < n && eligible[at].score.campaign != campaign) at++;
    return at;
}

static void move(struct ranked *eligible, uint32_t from, uint32_t to) {
    struct ranked moved = eligible[from];
    memmove(&eligible[to + 1], &eligible[to], (from - to) * sizeof *eligible);
    eligible[to] = moved;
}

/* The scored are in order: puts what is tried first, and says how likely it was to be the first. */
static struct fr_ad_exploration put_first(const struct fr_ad_question *q, struct ranked *eligible,
                                          uint32_t scored, uint32_t tried, uint32_t new_n) {
    struct fr_ad_exploration e = {.new_n = q->epsilon > 0 ? new_n : 0, .explored = tried != FR_AD_NONE_TRIED};
    if (scored == 0) return e;
    uint32_t best = eligible[0].score.campaign;
    if (e.explored) move(eligible, place_of(eligible, scored, tried), 0);
    uint32_t first = eligible[0].score.campaign;
    double by_chance = e.new_n ? q->epsilon : 0;
    e.first_propensity = first == best ? 1 - by_chance : 0;
    if (e.new_n && is_new(q, first)) e.first_propensity += by_chance / e.new_n;
    return e;
}

struct fr_ad_scores fr_ad_scores_of(struct fr_ad_scorer *s, const struct fr_ad_question *q,
                                    struct fr_arena *arena) {
    follow_versions(s, q);
    struct sorted sorted = sort_out(s, q, arena);
    uint32_t *news = fr_arena_alloc(arena, (sorted.eligible_n + 1) * sizeof *news);
    uint32_t scored = sorted.eligible_n, new_n = list_new(q, &sorted, news), tried = draw_new(q, news, new_n);
    if (scored > q->most) {
        qsort(sorted.eligible, scored, sizeof *sorted.eligible, by_worth);
        uint32_t place = tried == FR_AD_NONE_TRIED ? 0 : place_of(sorted.eligible, scored, tried);
        if (place > q->most) move(sorted.eligible, place, q->most);
        scored = q->most + (place >= q->most); /* what is tried takes nobody's place */
    }
    struct fr_impression shown = {0};
    if (q->clicks && scored)
        fr_ad_impression_user(&shown, q->user_id, q->facts->user, q->surface, -1, q->facts->now_ms);
    for (uint32_t i = 0; i < scored; i++) score_one(s, q, &shown, &sorted.eligible[i].score);
    qsort(sorted.eligible, scored, sizeof *sorted.eligible, by_worth);
    struct fr_ad_exploration exploration = put_first(q, sorted.eligible, scored, tried, new_n);
    struct fr_ad_score *all = fr_arena_alloc(arena, (scored + sorted.barred_n + 1) * sizeof *all);
    for (uint32_t i = 0; i < scored; i++) all[i] = sorted.eligible[i].score;
    memcpy(all + scored, sorted.barred, sorted.barred_n * sizeof *all);
    return (struct fr_ad_scores){.at = all,
                                 .exploration = exploration,
                                 .n = scored + sorted.barred_n,
                                 .scored_n = scored,
                                 .not_targeted = sorted.not_targeted,
                                 .unscored = sorted.eligible_n - scored};
}
