/* click_context.h - an impression and all that was counted before it: what a click model is asked with and learns from.
 *
 * Keeps     running rates (target/running_rate.h) of users, of what is shown and of pairs of them, and of each user the
 *           last answers: when, of what, how quickly one after the other. Both in tables of fixed size.
 * Rates     each has a parent whose smoothed rate is its prior; an absent id (no campaign, no surface) makes a rate equal
 *           to its parent's, seen 0 times.
 * Time      an impression counts as shown when it is shown, its answer when that is decided (target/attribution.h): a context
 *           taken in between knows the one and not the other, as it is live.
 * Promise   a context is a function of what was noted before it. State follows from the notes in their order.
 * Threads   one owner, or any number of readers. */
#ifndef FR_TARGET_CLICK_CONTEXT_H
#define FR_TARGET_CLICK_CONTEXT_H

#include "freshet/target/impression.h"
#include "freshet/target/running_rate.h"

/* name, parent, whether its last days and hours count too, what it is of. A parent stands above. */
#define FR_CLICK_RATE_MAP(X)                                             \
    X(ALL, ALL, false, 0)                                                \
    X(USER, ALL, true, OF_USER)                                          \
    X(TOPIC, ALL, false, OF_TOPIC)                                       \
    X(ADVERTISER, TOPIC, true, OF_ADVERTISER)                            \
    X(CAMPAIGN, ADVERTISER, true, OF_CAMPAIGN)                           \
    X(CREATIVE, CAMPAIGN, true, OF_CREATIVE)                             \
    X(SURFACE_HOUR, ALL, false, OF_SURFACE | OF_HOUR)                    \
    X(USER_TOPIC, USER, true, OF_USER | OF_TOPIC)                        \
    X(USER_ADVERTISER, USER, true, OF_USER | OF_ADVERTISER)              \
    X(USER_CAMPAIGN, USER, false, OF_USER | OF_CAMPAIGN)                 \
    X(USER_CREATIVE, USER, false, OF_USER | OF_CREATIVE)                 \
    X(USER_SURFACE, USER, true, OF_USER | OF_SURFACE)                    \
    X(USER_DAYPART, USER, false, OF_USER | OF_DAYPART)                   \
    X(CREATIVE_SURFACE, CREATIVE, true, OF_CREATIVE | OF_SURFACE)        \
    X(ADVERTISER_SURFACE, ADVERTISER, false, OF_ADVERTISER | OF_SURFACE) \
    X(TOPIC_SURFACE, TOPIC, false, OF_TOPIC | OF_SURFACE)

enum fr_click_rate {
#define FR_CLICK_RATE_ENUM(name, parent, lately, of) FR_CLICK_##name,
    FR_CLICK_RATE_MAP(FR_CLICK_RATE_ENUM)
#undef FR_CLICK_RATE_ENUM
        FR_CLICK_RATES
};

bool fr_click_rate_counts_lately(enum fr_click_rate rate);
/* Whether all that it is of is known. */
bool fr_click_rate_applies(enum fr_click_rate rate, const struct fr_impression *shown);

enum { FR_CLICK_TOPICS = 3 };

/* A user's last answers. Zeros: none yet. */
struct fr_answers {
    fr_time_ms shown_ms, yes_ms;                           /* the last impression, the last yes; 0: none */
    uint64_t advertiser, surface, topics[FR_CLICK_TOPICS]; /* of the last answered ones, the latest first */
    uint32_t history;                                      /* a bit an answer, the latest lowest */
    uint32_t answered, session_answered, session_yes;
    uint32_t place;    /* in the session, from 0 */
    float quick, slow; /* exponential means of answers, by 3/10 and 1/10 */
    float pace;        /* of ln(1 + seconds between impressions), by 3/10 */
    uint32_t spare;
};

struct fr_click_context {
    struct fr_impression shown;
    double base;                                       /* log-odds of ALL */
    float rates[FR_CLICK_RATES];                       /* smoothed, as log-odds above base */
    float seen[FR_CLICK_RATES];                        /* ln(1 + how often shown) */
    float days[FR_CLICK_RATES], hours[FR_CLICK_RATES]; /* as rates, of late; where the map says so, else 0 */
    struct fr_answers answers;                         /* as of the impression: place counts it */
    float gap; /* ln(1 + seconds since the last impression), of a first one of a million */
};

struct fr_click_counts_params {
    struct fr_rates_params rates;
    uint32_t user_bits;                             /* 2^bits users' answers at most */
    double first_rate;                              /* what is believed before anything was answered, 0..1 */
    double strength, days_strength, hours_strength; /* of priors, in impressions */
    fr_time_ms session_gap_ms;
};

struct fr_click_counts {
    struct fr_click_counts_params params;
    struct fr_rates rates;
    struct fr_ways answers;
};

void fr_click_counts_init(struct fr_click_counts *c, const struct fr_click_counts_params *params);
void fr_click_counts_fini(struct fr_click_counts *c);

/* What is known of an impression before it is noted. */
void fr_click_counts_look(const struct fr_click_counts *c, const struct fr_impression *shown,
                          struct fr_click_context *out);
/* It was shown. */
void fr_click_counts_shown(struct fr_click_counts *c, const struct fr_click_context *x);
/* Its answer is decided. */
void fr_click_counts_answer(struct fr_click_counts *c, const struct fr_click_context *x, bool yes);
/* It was decided as no, and is a yes after all. */
void fr_click_counts_late_yes(struct fr_click_counts *c, const struct fr_click_context *x);

/* The user's rates, those of pairs with the user and the answers are as if they had never been. What was added to the rates of
 * others (of a creative, a topic, a surface) stays: sums that name nobody. user is not 0. Goes over all rates. */
void fr_click_counts_forget(struct fr_click_counts *c, uint64_t user);

void fr_click_counts_save(const struct fr_click_counts *c, struct fr_tensors_writer *w);
enum fr_err fr_click_counts_load(struct fr_click_counts *c, const struct fr_tensors_file *file,
                                 struct fr_errmsg *msg) FR_MUST_USE;

#endif
