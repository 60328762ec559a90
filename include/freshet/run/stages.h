/* stages.h - the stages of the program: what the rooms event, profile, affinity and recommend do, put in order.
 *
 * user       freshet.events -> freshet.recommendations, freshet.affinity, freshet.rejects
 *            state: one per user, and the partition's event-time watermark
 * aggregate  freshet.affinity -> freshet.item-neighbors, and the views of neighbours and trends in the store
 *            state: one per item, one ledger per campaign
 * learner    freshet.examples -> the views of live models in the store
 *            state: one recommender per model, and the click and conversion models of ads
 * campaigns  freshet.campaigns -> freshet.rejects
 *            state: none
 *
 * Memory: a stage keeps the rules it is given; they outlive it. gives; the worker takes it. */
#ifndef FR_RUN_STAGES_H
#define FR_RUN_STAGES_H

#include "freshet/affinity/decay.h"
#include "freshet/profile/rules.h"
#include "freshet/learn/judge.h"
#include "freshet/recommend/recommender.h"
#include "freshet/recommend/surface.h"
#include "freshet/run/keys.h"
#include "freshet/run/live_ads.h"
#include "freshet/run/slot.h"
#include "freshet/run/stage.h"

/* What is said about campaigns, and to whom. */
struct fr_ad_rules {
    bool enabled;               /* false: campaigns are not followed and nothing is said about them */
    bool consent_must_be_given; /* false: ads are for everybody who has not refused */
    bool tell_withheld;         /* a control user's first opportunity becomes an ad_withheld event */
    bool score_views;           /* scores are written to the store too */
    char surface[64];           /* where scores are meant for: what the click model is asked with */
    uint32_t ttl_ms;            /* of scores */
    uint32_t scores_most;       /* campaigns scored for a user */
    double exploration;         /* with this probability a new campaign is put first */
    int64_t bought_ms;          /* how long something counts as just bought */
    struct fr_live_ads_params models;
    uint32_t snapshot_ms; /* between two snapshots of the ad models, at least */
};

/* What users will probably do. */
struct fr_propensity_rules {
    bool enabled;  /* false: models are not followed and nothing is said */
    double change; /* a probability that has moved so far is said again */
};

/* Read-only for all stages of the process. */
struct fr_rules {
    struct fr_event_rules events;
    struct fr_profile_rules profile;
    struct fr_decay popularity, trend; /* half-lives of counts and of what is trending */
    uint32_t pairs_per_item, neighbors;
    struct fr_list_params list;
    uint32_t list_ttl_ms;
    uint32_t publish_interval_ms, publish_per_batch;
    char surface[64], topic_prefix[FR_KEYS_PREFIX_BYTES], source[96]; /* source: CloudEvents' ce_source */
    bool list_views;
    bool
        blend; /* examples are produced, a model learns from them, and lists are made with it once there is one */
    struct fr_recommender_params recommender; /* recommender.list is a copy of list */
    const struct fr_surface
        *arrange; /* rules of the surface that lists are for, in texts; NULL: as list says */
    struct fr_arena texts;
    struct fr_monitor_params monitor; /* of the lists by a bundle after it came into force */
    uint32_t snapshot_ms;             /* between two snapshots of a live model, at least */
    struct fr_ad_rules ads;
    struct fr_propensity_rules propensities;
};

/* Every default of the program: what it does without a configuration. */
void fr_rules_default(struct fr_rules *r);
/* After fields were changed: checks them and fills what follows from them. */
enum fr_err fr_rules_prepare(struct fr_rules *r, uint32_t half_life_epochs, uint32_t trend_half_life_epochs,
                             uint32_t window_epochs, struct fr_errmsg *msg) FR_MUST_USE;
void fr_rules_fini(struct fr_rules *r);
/* A hash of what shapes the stored states: other values must not continue them. */
uint64_t fr_rules_hash(const struct fr_rules *r, enum fr_topic input);

/* What others keep up to date while stages run; each may be NULL: there is none. All are kept. */
struct fr_stage_feeds {
    struct fr_slot *models;       /* of struct fr_live_model (run/live_model.h): what lists are made with */
    struct fr_slot *catalogs;     /* of struct fr_catalog_version (run/catalog_follow.h) */
    struct fr_slot *campaigns;    /* of struct fr_campaign_set (target/campaign_set.h) */
    struct fr_slot *ads;          /* of struct fr_live_ads (run/live_ads.h): what ad scores are made with */
    struct fr_slot *propensities; /* of struct fr_live_propensities (run/propensity_follow.h) */
};

struct fr_stage *fr_stage_user_new(const struct fr_rules *rules, uint32_t affinity_partitions,
                                   const struct fr_stage_feeds *feeds); /* NULL: none of them */
struct fr_stage *fr_stage_aggregate_new(const struct fr_rules *rules, uint32_t affinity_partitions,
                                        const struct fr_stage_feeds *feeds);
struct fr_stage *fr_stage_learner_new(const struct fr_rules *rules, uint32_t example_partitions);
struct fr_stage *fr_stage_campaigns_new(const struct fr_rules *rules);

/* The parts of a state key: what kind of thing it is and its id. */
enum {
    FR_KEY_USER = 'u',
    FR_KEY_WATERMARK = 'w',
    FR_KEY_ITEM = 'i',
    FR_KEY_LEDGER = 'l', /* of a campaign; without an id: of the traffic */
    FR_KEY_MODEL = 'm'
};

#endif
