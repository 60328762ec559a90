/* eval_pacing.h - a simulated day of ads: what `freshet eval pacing` is made of.
 *
 * Users ask for ads by the hours of a day; partitions of the user stage decide, with the functions that are used live
 * (target/pacing.h, target/permit.h), and send ledger records and reports of permits to aggregate partitions, which publish
 * multipliers and books. All of it moves in steps of a second. Partitions belong to instances, and an instance can be killed: its batch under
 * way is lost, its states fall back to the last snapshot, and the log is replayed up to what was committed.
 *
 * A decision is kept in the partition's log, committed with the offset of its request, so that states are functions of
 * logs; permits are no state, and a restart begins a generation of them. A function of the options: same seed, same day. */
#ifndef FR_APP_EVAL_PACING_H
#define FR_APP_EVAL_PACING_H

#include "freshet/base/rng.h"
#include "freshet/target/ledger_record.h"
#include "freshet/target/pacing.h"
#include "freshet/target/permit.h"

enum {
    SIM_DAY = 20000, /* the simulated day of UTC */
    SIM_DAY_S = 86400,
    SIM_DRAIN_S = 60, /* after midnight, so that all logs are read */
    SIM_PARTITIONS = 12,
    SIM_CAMPAIGNS_MAX = 4096,
    SIM_NONE = UINT16_MAX,
    SIM_SNAPSHOT_S = 10,
    SIM_DOWN_S = 5,         /* from a kill to the restart */
    SIM_PATIENCE_MS = 2000, /* an older request is not answered any more */
    SIM_DENSE = 1000,
    SIM_OFFER_MS = 30000 /* an ad that was not shown by then never is */
};

struct sim_options {
    int64_t requests, campaigns, users, instances, kill_every_s, seed; /* kill_every_s 0: never */
    bool hard;
    bool steps;   /* for comparison: multipliers by steps of a tenth a minute */
    double noise; /* of an hour's traffic from day to day: standard deviation of the logarithm */
    double shape[24];
};

enum sim_paid { SIM_PAID_IMPRESSION, SIM_PAID_CLICK, SIM_PAID_CONVERSION, SIM_PAID_N };

struct sim_campaign {
    char id[16];
    uint32_t number;          /* in the world's dictionary */
    double targets;           /* share of the users */
    double click, conversion; /* rates: of an impression, of a click */
    double value_micros;      /* expected, of an impression: the order of the auction */
    enum sim_paid paid;
    uint32_t hour_cap, day_cap; /* impressions a user; 0: none */
    struct fr_pacing_budget budget;
    bool can_spend; /* as it was made: the budget is a fraction of what its users bring */
};

/* --- the world outside: users and what they do -------------------------------------------------------------- */

enum sim_kind { SIM_REQUEST, SIM_IMPRESSION, SIM_CLICK, SIM_CONVERSION };

/* A record of a partition's log. */
struct sim_entry {
    uint32_t at_ms; /* since the day's midnight */
    uint32_t user;
    uint16_t campaign;
    uint8_t kind;
    bool billed;
};

struct sim_log {
    struct sim_entry *at; /* [n] */
    uint32_t n, cap;
};
void sim_log_add(struct sim_log *log, struct sim_entry e);

struct sim_world {
    const struct sim_options *options;
    struct fr_dict ids;
    struct sim_campaign *campaigns; /* [campaign_n] by falling value */
    uint32_t campaign_n, words;     /* words of 64 campaigns */
    uint64_t *targeted;             /* [users x words] */
    double *activity;               /* [users] cumulated, ends at 1 */
    double today[24];               /* what today's traffic is in truth; sums to 1 */
    struct fr_ledger history;       /* of the traffic, two weeks */
    struct sim_log *coming;         /* [seconds] what users will have done */
    struct fr_rng rng;
};

void sim_world_init(struct sim_world *w, const struct sim_options *options);
void sim_world_fini(struct sim_world *w);
/* Makes the requests of this second. */
void sim_world_ask(struct sim_world *w, uint32_t second);
/* The user was given an ad at `second`: it may be shown, clicked and lead to a purchase. */
void sim_world_answer(struct sim_world *w, const struct sim_entry *request, uint32_t second);
static inline fr_time_ms sim_time(uint32_t at_ms) { return (fr_time_ms)SIM_DAY * SIM_DAY_S * 1000 + at_ms; }

/* --- a partition of the user stage --------------------------------------------------------------------------- */

/* An ad given to a user: at_ms is when it was shown, or given as long as it is open. */
struct sim_shown {
    uint32_t at_ms;
    uint16_t campaign;
    bool open, answered; /* answered: by the click or conversion that was billed, in hard mode */
};

struct sim_user {
    struct sim_shown *at; /* [n] */
    uint16_t n, cap;
    uint32_t kept_in; /* the snapshot whose journal has the user as he was */
};

struct sim_offer {
    uint32_t at_ms, user;
    uint16_t campaign;
};

/* What a snapshot keeps beside the users. */
struct sim_facts {
    uint32_t read; /* position in the log */
    uint32_t offers_from, offers_n;
};

struct sim_kept {
    uint32_t user;
    struct sim_user was;
};

struct sim_partition {
    struct sim_world *world;
    struct sim_user *users;    /* [users], of all partitions: each user is in one */
    const double *multipliers; /* [campaigns], the views at hand */
    uint16_t number;
    struct sim_log log;
    struct fr_permits
        *permits;       /* [campaigns] of generation, or of one before and then to be started; hard mode */
    int64_t generation; /* 0: nothing was read since the last death */
    fr_time_ms clock_ms;
    struct sim_facts facts, snapshot;
    uint32_t committed; /* position in the log */
    struct sim_offer *offers;
    uint32_t offer_cap;
    struct sim_kept *journal; /* [journal_n] users as they were at the snapshot */
    uint32_t journal_n, journal_cap, snapshots;
    struct fr_ledger_sink sink;
    uint32_t *opportunities;                   /* [campaigns], of the hour of the batch under way */
    uint16_t *in_hour, *in_day;                /* [campaigns] working memory of a decision, 0 outside */
    uint64_t unanswered, replayed, mismatches; /* mismatches: a replay that differs from what was committed */
};

void sim_partition_init(struct sim_partition *p, struct sim_world *w, uint16_t number,
                        struct sim_user *users);
void sim_partition_fini(struct sim_partition *p);
/* Reads the log to its end at this second. What comes of it is in sink, permits and the log's entries from committed on. */
void sim_partition_read(struct sim_partition *p, uint32_t second);
/* Makes what was read durable; takes a snapshot when its time has come. */
void sim_partition_commit(struct sim_partition *p, uint32_t second);
/* Memory is gone, with the batch under way: back to the snapshot, and the log again up to what is committed. */
void sim_partition_kill(struct sim_partition *p);
/* Whether there is something to tell the campaign's book, behind the records of the sink. */
bool sim_partition_report(struct sim_partition *p, uint16_t campaign, struct fr_permit_report *report);

/* --- a partition of the aggregate stage ------------------------------------------------------------------------ */

struct sim_records {
    struct fr_buf bytes;
    size_t *ends; /* [n] */
    uint32_t n, cap;
};

struct sim_aggregate {
    struct sim_world *world;
    struct sim_records records; /* its log since the day began */
    uint32_t applied, kept_at;  /* records; kept_at: of the snapshot */
    uint16_t *campaigns;        /* [campaign_n] its own */
    uint32_t number, campaign_n;
    struct fr_ledger *ledgers;          /* [campaign_n], like the following */
    struct fr_pacing_control *controls; /* live in the views: a restart finds them there */
    struct fr_pacing_plan *plans;
    double *saturated_s; /* seconds at a multiplier of 1, while it runs */
    struct fr_buf snapshot;
    struct fr_ledger_rows rows;
    uint64_t mismatches, replayed;
};

void sim_aggregate_init(struct sim_aggregate *a, struct sim_world *w, uint32_t number);
void sim_aggregate_fini(struct sim_aggregate *a);
void sim_aggregate_send(struct sim_aggregate *a, struct fr_str record);
/* Applies what has come, sets multipliers[campaigns], and lets partitions[SIM_PARTITIONS] learn what they were granted. */
void sim_aggregate_step(struct sim_aggregate *a, uint32_t second, double *multipliers,
                        struct sim_partition *partitions);
void sim_aggregate_kill(struct sim_aggregate *a);

/* --- judgement: one pass over the logs, with nothing of the above ------------------------------------------------ */

/* Of the campaign-hours or campaigns of one kind. */
struct sim_deviation {
    uint32_t campaigns, hours;
    double budget_micros, spent_micros;
    double off_micros, planned_micros; /* sums over the hours */
    double hour_most, hour_p99,
        hour_mean;     /* |spent - planned| / planned of an hour; mean: of sums over all hours */
    double dense_most; /* hour_most, of hours that the plan pays SIM_DENSE events or more for */
    uint32_t dense_hours;
    double curve_most;  /* |spent - planned| since the plan's start, at the end of any hour, / budget */
    double events_most; /* |spent - planned| of an hour in billed events */
    double within;      /* share of hours within 1 % or one billed event */
    double day_most;    /* |spent - budget| / budget */
    double over_most, over_events; /* of one campaign, over the budget: of it; in billed events */
};

struct sim_verdict {
    struct sim_deviation paid[SIM_PAID_N]; /* campaigns that can spend */
    struct sim_deviation others;           /* that cannot */
    double planned[24], spent[24];         /* micros, of campaigns that can spend */
    double most[24], p99[24];              /* deviation by hour, of those paid by impression */
    uint64_t impressions, clicks, conversions, unbilled, capped_impressions, cap_violations,
        ledger_mismatches;
    double over_micros, over_most, over_events; /* sums over campaigns; the most of a budget; of a price */
    double under_micros, budget_micros;         /* of campaigns that can spend */
    uint64_t unanswered, replayed, replay_mismatches, requests;
};

void sim_judge(const struct sim_world *w, const struct sim_partition *partitions,
               const struct sim_aggregate *aggregates, struct sim_verdict *v);

void sim_report_table(const struct sim_options *o, const struct sim_verdict *v, uint32_t kills,
                      double seconds, struct fr_buf *out);
void sim_report_json(const struct sim_options *o, const struct sim_verdict *v, uint32_t kills, double seconds,
                     struct fr_buf *out);
void sim_report_plot(const struct sim_options *o, const struct sim_verdict *v, struct fr_buf *out);

#endif
