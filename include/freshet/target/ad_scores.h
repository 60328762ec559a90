/* ad_scores.h - what each campaign is worth for a user, and why one is not eligible: the stage between a profile and the record
 * on the ad-scores topic.
 *
 *     campaigns that run -> rule -> bought, caps, control group -> budget, pacing -> creative -> p(click), p(conversion) -> value
 *
 * Value     what the next impression is expected to earn, in millionths of the campaign's currency: price, price * p(click) or
 *           price * p(conversion), as it is paid. Higher priority first, then higher value.
 * Chances   of the click and the conversion model, asked about this user, campaign and creative (target/click_model.h). A model
 *           that has learnt fewer than FR_AD_LEARNT_LEAST answers knows nothing yet, and would say one half: until then the
 *           campaign's own rate, (yes + 20 prior) / (impressions + 20), priors .01 and .001.
 * Creative  drawn by Thompson sampling from what the click model counted (target/creative_choice.h); the probability of the draw
 *           is in the score.
 * Who       nobody who does not allow ads: the caller asks fr_user_allows_ads first, and does not come here otherwise.
 * Bounds    of the eligible at most `most` are scored, those of the highest priority and of the highest value by the campaigns'
 *           own rates; the rest is counted.
 * Promise   a function of the question. Threads: a scorer has one owner; it keeps what follows from the versions that it was
 *           asked with, and their addresses must not be used again for others while it lives (numbers tell them apart).
 * Memory    scores lie in the arena and borrow from the question. */
#ifndef FR_TARGET_AD_SCORES_H
#define FR_TARGET_AD_SCORES_H

#include "freshet/target/click_model.h"
#include "freshet/target/just_bought.h"
#include "freshet/target/pacing_view.h"

/* Why a campaign is not eligible, the first that applies: name, code, sentence */
#define FR_AD_BAR_MAP(X)                                                              \
    X(NONE, "eligible", "it may be shown")                                            \
    X(BOUGHT, "just_bought", "the user has just bought what it promotes")             \
    X(CAP_LIFE, "capped_life", "shown to the user as often as it may ever be")        \
    X(CAP_DAY, "capped_day", "shown to the user as often as it may be in 24 hours")   \
    X(CAP_HOUR, "capped_hour", "shown to the user as often as it may be in an hour")  \
    X(CONTROL, "control_group", "the user is one of those who are never shown it")    \
    X(BUDGET, "out_of_budget", "the budget of the day, or all of it, is spent")       \
    X(PACED, "paced", "left out at the moment, so that the budget lasts for the day") \
    X(UNCOVERED, "uncovered",                                                         \
      "its budget is hard, and at the moment none of it is held here to cover a showing")

enum fr_ad_bar {
#define FR_AD_BAR_ENUM(name, code, text) FR_AD_BAR_##name,
    FR_AD_BAR_MAP(FR_AD_BAR_ENUM)
#undef FR_AD_BAR_ENUM
        FR_AD_BARS
};
const char *fr_ad_bar_code(enum fr_ad_bar bar);
const char *fr_ad_bar_text(enum fr_ad_bar bar);

/* Whether something bars it but pacing and budget: then this was no opportunity. */
static inline bool fr_ad_is_opportunity(enum fr_ad_bar bar) {
    return bar == FR_AD_BAR_NONE || bar == FR_AD_BAR_BUDGET || bar == FR_AD_BAR_PACED ||
           bar == FR_AD_BAR_UNCOVERED;
}

enum { FR_AD_LEARNT_LEAST = 200 };
/* A campaign with fewer impressions is new. */
enum { FR_AD_NEW_IMPRESSIONS = 1000 };

struct fr_ad_score {
    uint32_t campaign; /* its place in the version */
    enum fr_ad_bar bar;
    /* Of the eligible that were scored only: */
    struct fr_str creative_id;
    double creative_propensity; /* the probability with which this creative was drawn */
    double click, conversion;   /* 0..1 */
    double value_micros;
    bool has_reasons;                /* the click model was asked */
    struct fr_click_reasons reasons; /* of click: log-odds that add up */
};

/* A new campaign that was put first to be tried. */
struct fr_ad_exploration {
    uint32_t new_n; /* eligible campaigns of the highest priority with few impressions; 0: nothing to try */
    bool explored;  /* one of them was put first, whatever its worth */
    double first_propensity; /* the probability that at[0] was to stand first */
};

struct fr_ad_scores {
    const struct fr_ad_score
        *at; /* [n] the scored, best first but for what is tried; then the barred, by id */
    struct fr_ad_exploration exploration;
    uint32_t n, scored_n;
    uint32_t not_targeted; /* campaigns that run, whose rule leaves the user out */
    uint32_t unscored;     /* eligible, beyond `most` */
};

struct fr_ad_question {
    struct fr_str user_id;
    const struct fr_rule_facts *facts; /* of the user, at now_ms of them */
    const struct fr_catalog *catalog;  /* NULL: none */
    const struct fr_campaign_set *campaigns;
    const struct fr_pacing_entry *const
        *paces; /* [campaign_n] NULL: not known, and what has a budget waits */
    const bool
        *covered; /* [campaign_n] of those with a hard budget: whether a permit can be given; NULL: none */
    const struct fr_click_model *clicks, *conversions; /* both NULL: none yet */
    uint64_t model_number;                             /* another one for another model */
    struct fr_str surface;
    int64_t bought_ms; /* how long something counts as just bought */
    int64_t slot;      /* the time slot of pacing's draw */
    uint32_t most;     /* scored at most, > 0; one more when one is tried */
    uint64_t draw;     /* seed of what is drawn */
    double epsilon;    /* 0..1: with this probability a new campaign is put first, each of them alike */
};

struct fr_ad_scorer;

struct fr_ad_scorer *fr_ad_scorer_new(void); /* gives */
void fr_ad_scorer_free(struct fr_ad_scorer *s);
struct fr_ad_scores fr_ad_scores_of(struct fr_ad_scorer *s, const struct fr_ad_question *q,
                                    struct fr_arena *arena);

/* How likely an impression is answered, as scores have it. False: there is no model, or it knows nothing yet. */
bool fr_ad_chance_of(struct fr_ad_scorer *s, const struct fr_click_model *m,
                     const struct fr_impression *shown, double *chance);

/* What is barred of a campaign that targets the user; paced and budget are looked at last. */
enum fr_ad_bar fr_ad_bar_of(const struct fr_ad_question *q, uint32_t campaign, const struct fr_bought *bought,
                            const struct fr_promoted *promoted);

/* The head of the record. */
struct fr_ad_scores_head {
    struct fr_str user_id;
    fr_time_ms generated_ms, expires_ms;
    fr_time_ms permit_ms;        /* until when a campaign with a hard budget may be shown */
    struct fr_str model_version; /* empty: there is no model yet */
    uint64_t campaigns;          /* records of the campaigns topic that were known */
};

/* Appends the value: docs/schemas/ad-scores.schema.json. Reasons: the FR_AD_REASONS largest in size and what is left, so that
 * they add up to the logit within 1e-6. */
enum { FR_AD_REASONS = 3 };
void fr_ad_scores_write(struct fr_buf *out, const struct fr_ad_scores_head *head,
                        const struct fr_ad_scores *scores, const struct fr_campaign_set *set);
/* The value for a user who does not allow ads: no score, and it says so. */
void fr_ad_scores_write_refused(struct fr_buf *out, const struct fr_ad_scores_head *head);

#endif
