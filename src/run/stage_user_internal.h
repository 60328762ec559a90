/* stage_user_internal.h - the user stage's inside, shared by stage_user.c, and its parts in user_*.c. */
#ifndef FR_RUN_STAGE_USER_INTERNAL_H
#define FR_RUN_STAGE_USER_INTERNAL_H

#include "freshet/affinity/delta.h"
#include "freshet/affinity/trend.h"
#include "freshet/event/clean.h"
#include "freshet/event/decode.h"
#include "freshet/profile/codec.h"
#include "freshet/recommend/recommendation.h"
#include "freshet/recommend/example_record.h"
#include "freshet/recommend/seeds.h"
#include "freshet/run/live_list.h"
#include "freshet/run/propensity_store.h"
#include "freshet/target/rule_facts.h"
#include "freshet/target/ad_scores.h"
#include "freshet/target/ledger_record.h"
#include "freshet/run/stages.h"
#include "freshet/target/ad_example.h"
#include "freshet/target/permit.h"

/* The record that last touched a user. */
struct cause {
    int32_t partition;
    int64_t offset;
    fr_time_ms timestamp_ms;
};

struct user_state {
    struct fr_user user;
    uint32_t touched;                  /* its place in this batch's touched + 1; 0: none */
    struct fr_str user_id;             /* lent by the cell's key */
    struct cause cause;                /* of the latest list; valid if is_active */
    bool is_active;                    /* touched since the state came into memory, and not forgotten */
    struct user_state *before, *after; /* in user_stage.states */
    uint64_t asked_in;                 /* the batch that segments_before is of */
    const bool *segments_before;       /* in the batch's arena; NULL: ads were not allowed */
    uint32_t
        *withheld; /* [withheld_n] campaigns that were told to be withheld since the state came into memory */
    uint32_t withheld_n, withheld_cap;
    uint64_t propensities_of; /* the version that was said of the user last; 0: nothing was */
    float propensities[FR_PROPENSITY_TASKS];
};

struct watermark_state {
    fr_time_ms watermark_ms; /* INT64_MIN: no event yet */
};

struct decoded {
    struct fr_event event;
    enum fr_reject reject;
    struct fr_str detail; /* the field at fault */
};

/* A user whose list is due in this batch. */
struct touched {
    struct user_state *state;
    struct fr_str user_id;
    uint32_t record;     /* the last one that touched it */
    fr_time_ms since_ms; /* time of the first one */
    bool forgotten, due, scores_due;
    bool allowed_before; /* ads, before the first of them */
};

/* An item's neighbours as last seen in the store. */
struct row {
    struct fr_candidate *candidates; /* NULL: none known */
    uint32_t n;
    fr_time_ms read_ms; /* 0: never */
    bool wanted;        /* in this batch */
};

/* The popular or trending items of a group, merged over the affinity partitions. */
struct crowd {
    uint32_t group; /* FR_TREND_ALL: everybody */
    struct fr_popular *popular, *trend;
    uint32_t popular_n, trend_n;
    fr_time_ms read_ms;
    bool wanted;
};

/* The pacing view of one affinity partition, as last seen. */
struct user_paces {
    struct fr_buf bytes;             /* which the entries' ids lie in */
    struct fr_pacing_entry *entries; /* [n] ascending by id */
    uint32_t n;
};

/* What user_ads.c keeps. */
struct user_ads {
    struct fr_ad_scorer *scorer;
    struct user_paces *paces;              /* [views.partitions], NULL: never read */
    fr_time_ms pacing_ms;                  /* when they were read; 0: never */
    bool pacing_wanted;                    /* in this batch */
    const struct fr_pacing_entry **places; /* [campaign_n] of the version places_of, 0: of none */
    uint64_t places_of;
    bool had_campaigns; /* there has been one: scores are said, if only that there are none any more */
    struct user_state *sweep_at; /* the next one to be scored anew, NULL: no sweep */
    uint64_t swept;              /* the version that the last sweep was for; 0: none */
};

/* One partition of the input, as hard budgets see it. */
struct permit_place {
    fr_time_ms clock_ms; /* the latest timestamp of a record, but not of the future; 0: none yet */
    int64_t generation;  /* 0: nothing has been said for it since it came */
    bool moved;          /* in this batch */
};

struct permit_holder {
    struct fr_permits permits;
    uint32_t partition, campaign; /* in ids */
    fr_time_ms learnt_ms;         /* of the pacing views that it has seen */
};

/* What user_permits.c keeps. */
struct user_permits {
    struct permit_place *places; /* [place_n] */
    uint32_t place_n;
    int32_t now_at;                 /* the partition of the record being applied */
    struct fr_map holder_of;        /* partition and campaign to holder + 1 */
    struct permit_holder **holders; /* [holder_n] */
    uint32_t holder_n, holder_cap;
    /* By place of the campaign in the version numbers_of, 0: of none. */
    bool *covered;     /* whether a permit can be given */
    uint32_t *numbers; /* in ids; FR_DICT_NONE: its budget is not hard */
    uint64_t numbers_of;
};

struct user_stage {
    struct fr_stage base;
    const struct fr_rules *rules;
    struct fr_keys views; /* of the affinity partitions */
    struct fr_keys lists; /* of the input's partitions, for views of lists; made with the first batch */
    struct fr_dict ids;   /* items, users, groups */
    struct fr_decoder *decoder;
    struct fr_user_effects effects;
    struct fr_delta_sink *deltas;
    struct fr_ranker *ranker;
    struct fr_example_writer *examples;
    struct fr_ad_writer *ad_examples;
    struct fr_ledger_sink ledger;
    struct fr_stage_feeds feeds;
    struct fr_slot_hold campaigns, ad_models, propensities; /* of the feeds of these names, during a batch */
    struct fr_live_lister *lister;
    struct user_ads ads;
    struct user_permits permits;
    struct fr_arena scratch; /* of one user: a batch has thousands of them, and campaigns hundreds each */
    fr_time_ms newest_ms;    /* the latest time of an event so far */
    uint64_t batch_number;   /* from 1 */
    int64_t *through;        /* [partitions] last offset applied of each input partition */
    struct user_state *states, *sweep_at; /* all in memory; the next one to get a new list, NULL: no sweep */
    char swept[FR_LIVE_VERSION_BYTES];    /* the bundle that the last sweep was for */
    struct fr_buf text;
    struct decoded *decoded; /* [record_n], in the batch's arena */
    struct touched *touched;
    uint32_t touched_n, touched_cap;
    struct row *rows; /* by item number */
    uint32_t row_cap;
    uint64_t row_bytes;
    fr_time_ms refreshed_ms; /* when rows were last asked for again */
    struct crowd *crowds;
    uint32_t crowd_n, crowd_cap;
    uint32_t *wanted_items; /* rows asked for in this batch, then crowds */
    uint32_t wanted_n, wanted_cap;
};

/* user_views.c: what the store knows of items and groups, cached */
uint32_t user_views_wanted(struct fr_stage *stage, const struct fr_stage_batch *b,
                           const struct fr_str **keys);
void user_views_loaded(struct fr_stage *stage, const struct fr_stage_batch *b, const struct fr_str *values,
                       uint32_t n);
struct crowd *user_crowd(struct user_stage *s, uint32_t group);
void user_views_fini(struct user_stage *s);

/* user_examples.c: what the learner is told */
/* The user before an event that teaches, in the batch's arena; NULL: it does not. */
const struct fr_query *user_query_before(struct user_stage *s, const struct fr_stage_batch *b,
                                         uint32_t record, const struct fr_user *u);
void user_example(struct user_stage *s, const struct fr_stage_batch *b, uint32_t record,
                  const struct fr_query *q);

/* user_ad_examples.c: what the click and conversion models are told */
void user_begin_ads(struct user_stage *s); /* of a batch: campaigns and models as they stand */
void user_end_ads(struct user_stage *s, const struct fr_stage_batch *b);
void user_drop_ads(struct user_stage *s); /* lets go of them */
bool user_allows_ads(const struct user_stage *s, const struct fr_user *u);
/* What a model is asked of an impression; u after the event. */
void user_ad_impression(const struct user_stage *s, const struct fr_user *u, const struct fr_event *e,
                        struct fr_impression *out);
/* allowed_before: user_allows_ads before the event was applied. */
void user_ad_example(struct user_stage *s, const struct fr_stage_batch *b, uint32_t record,
                     const struct fr_user *u, enum fr_user_outcome outcome, bool allowed_before);

/* user_facts.c: what rules are asked about, in s->scratch, which is cleared; catalog NULL: none is known */
const struct fr_rule_facts *user_facts(struct user_stage *s, const struct fr_user *u,
                                       const struct fr_campaign_set *set, const struct fr_catalog *catalog,
                                       fr_time_ms now_ms);

/* user_ledger.c: what the campaigns' ledgers are told */
/* What was between the user and the event's campaign before it. */
struct user_ad_before {
    bool is_ad; /* false: the event is of no campaign */
    bool has_events, touched, shown, converted;
    fr_time_ms
        unanswered_ms; /* the latest impression, if no event of this type followed it; else FR_EXPOSURE_NEVER */
};
struct user_ad_before user_ledger_before(const struct user_stage *s, const struct fr_event *e,
                                         const struct fr_user *u);
/* An event that counted. */
void user_ledger_event(struct user_stage *s, const struct fr_event *e, const struct fr_user *u,
                       const struct user_ad_before *before);
/* One scoring: the traffic, and each campaign that only budget or pacing could keep away. */
void user_ledger_opportunities(struct user_stage *s, const struct fr_stage_batch *b, struct user_state *u,
                               const struct fr_ad_scores *scores, const struct fr_campaign_set *set,
                               fr_time_ms now_ms);
void user_ledger_send(struct user_stage *s, const struct fr_stage_batch *b);

/* user_permits.c: permits of campaigns with a hard budget */
/* Each record, before it is applied. */
void user_permits_record(struct user_stage *s, const struct fr_stage_batch *b, uint32_t record, bool silent);
/* Something of such a campaign was applied, of whatever it pays for. False: it is not covered, and is not billed. */
bool user_permits_bill(struct user_stage *s, const struct fr_event *e, const struct user_ad_before *before,
                       const struct fr_campaign *c, int64_t *micros);
/* Until when a score that is said because of a record of this time is a permit. */
fr_time_ms user_permits_until(const struct user_stage *s, int32_t partition, fr_time_ms cause_ms);
/* What can be shown to a user of this partition. Lent until the next one. */
const bool *user_permits_covered(struct user_stage *s, int32_t partition, const struct fr_campaign_set *set);
/* Scores that are said now, with permits until until_ms. */
void user_permits_give(struct user_stage *s, const struct fr_stage_batch *b, int32_t partition,
                       const struct fr_ad_scores *scores, const struct fr_campaign_set *set,
                       fr_time_ms until_ms);
/* After the ledger's records. */
void user_permits_send(struct user_stage *s, const struct fr_stage_batch *b);
void user_permits_dropped(struct user_stage *s, int32_t partition);
void user_permits_fini(struct user_stage *s);

/* user_withheld.c: who could have been shown what */
/* Unless it is remembered, or on its way. */
void user_tell_withheld(struct user_stage *s, const struct fr_stage_batch *b, struct user_state *u,
                        uint32_t campaign, fr_time_ms now_ms);

/* user_audiences.c: which segments users enter and leave */
/* Before the first event of a user in a batch is applied. */
void user_audience_before(struct user_stage *s, const struct fr_stage_batch *b, struct user_state *u);
/* If it differs; before NULL: whatever it is. */
void user_publish_audience(struct user_stage *s, const struct fr_stage_batch *b, const struct user_state *u,
                           const bool *before, fr_time_ms now_ms);
void user_publish_audiences(struct user_stage *s, const struct fr_stage_batch *b);

/* user_propensities.c: what users will probably do */
/* What rules ask about it, in s->scratch. */
void user_propensity_facts(struct user_stage *s, struct fr_rule_world *world, const struct fr_user *u,
                           fr_time_ms now_ms);
void user_publish_propensities(struct user_stage *s, const struct fr_stage_batch *b);

/* user_ads.c: what campaigns are worth for users */
/* Keys of the pacing views, if they are due; keys has room for views.partitions. */
uint32_t user_pacing_wanted(struct user_stage *s, const struct fr_stage_batch *b, struct fr_str *keys);
void user_pacing_loaded(struct user_stage *s, const struct fr_stage_batch *b, const struct fr_str *values,
                        uint32_t n);
void user_publish_scores(struct user_stage *s, const struct fr_stage_batch *b);
bool user_scores_sweep_is_due(struct user_stage *s);
void user_sweep_scores(struct user_stage *s, const struct fr_stage_batch *b);
void user_ads_fini(struct user_stage *s);

/* user_sweep.c: new lists for active users after a refit */
void user_states_add(struct user_stage *s, struct user_state *u);
void user_states_remove(struct user_stage *s, struct user_state *u);
bool user_sweep_is_due(struct user_stage *s);
void user_sweep(struct user_stage *s, const struct fr_stage_batch *b);

/* user_lists.c */
/* One list for the state as it stands; since_ms: when it was asked for, 0 by nobody. */
void user_publish_list(struct user_stage *s, const struct fr_stage_batch *b, const struct user_state *u,
                       const struct fr_live_model *model, fr_time_ms since_ms);
void user_publish_lists(struct user_stage *s, const struct fr_stage_batch *b);
/* What later lists and scores of the users touched in this batch will be because of. */
void user_note_causes(struct user_stage *s, const struct fr_stage_batch *b);

#endif
