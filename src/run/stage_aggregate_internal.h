/* stage_aggregate_internal.h - the aggregate stage's inside, shared by stage_aggregate.c and its parts in aggregate_*.c. */
#ifndef FR_RUN_STAGE_AGGREGATE_INTERNAL_H
#define FR_RUN_STAGE_AGGREGATE_INTERNAL_H

#include "freshet/affinity/record.h"
#include "freshet/affinity/trend.h"
#include "freshet/run/examples.h"
#include "freshet/run/stages.h"
#include "freshet/target/ledger_record.h"
#include "freshet/target/pacing_view.h"

struct item_state {
    struct fr_item item;
    uint32_t number; /* in ids */
    int32_t partition;
    uint32_t queue_at; /* its place in the queue + 1; 0: not queued */
    fr_time_ms published_ms;
};

struct known_count {
    double value; /* at epoch; below 0: asked for and unknown */
    int32_t epoch;
    fr_time_ms read_ms; /* 0: own item, or never asked for */
    bool own, wanted;
};

/* One campaign's ledger, or the traffic's of a partition. */
struct ledger_state {
    struct fr_ledger ledger;
    uint32_t number; /* in ids; FR_DICT_NONE: the traffic */
    int32_t partition;
};

/* What pacing knows of a campaign, by its number in ids. */
struct pace {
    struct ledger_state *live; /* its state, while it is in memory */
    struct fr_ledger stored;   /* else as it was read from the store; valid if is_read */
    struct fr_pacing_control control;
    bool is_read;
};

/* What pacing knows of a partition. */
struct paced_partition {
    struct ledger_state *traffic;      /* NULL: not in memory */
    bool is_ours;                      /* a ledger record of it has been applied since it came */
    bool has_controls, wants_controls; /* of the view of before */
};

/* What aggregate_ledger.c and aggregate_pacing.c keep. */
struct aggregate_ads {
    struct fr_ledger_rows *rows;       /* [row_cap] one for each record of a batch, reused */
    bool *is_ledger;                   /* [record_n] of the batch, in its arena */
    struct fr_permit_report **reports; /* [record_n] NULL: the record is none; in the batch's arena */
    uint32_t row_cap;
    struct pace *paces; /* [pace_cap] by number in ids */
    uint32_t pace_cap;
    struct paced_partition *partitions; /* [views.partitions] */
    fr_time_ms newest_ms;               /* timestamp of a record so far */
    fr_time_ms paced_ms;                /* the worker's clock when views were last written; 0: never */
    uint32_t *wanted;                   /* campaigns whose ledgers are read in this batch, in its arena */
    uint32_t wanted_n;
    struct fr_slot_hold campaigns; /* of feeds.campaigns, from views_wanted to finish */
};

struct aggregate_stage {
    struct fr_stage base;
    const struct fr_rules *rules;
    struct fr_stage_feeds feeds;
    struct fr_item_rules item_rules;
    struct fr_keys views;
    struct fr_dict ids;
    struct fr_delta_record *records; /* one for each record of a batch, reused */
    bool *bad;                       /* [record_n] cannot be read; in the batch's arena */
    uint32_t record_cap;
    struct fr_item_scratch scratch;
    int32_t epoch; /* the newest seen */
    bool has_epoch;
    struct fr_trends **trends; /* [partitions], NULL: nothing seen there */
    bool *trends_changed;
    fr_time_ms trends_ms;
    struct item_state **queue; /* NULL: its state has gone */
    uint32_t queue_n, queue_head, queue_cap;
    struct item_state **chosen; /* to be published in this batch, in the batch's arena */
    uint32_t chosen_n;
    fr_time_ms chosen_ms;       /* when it was last decided what to publish */
    struct known_count *counts; /* by item number */
    uint32_t count_cap;
    uint32_t *wanted; /* item numbers, in the batch's arena */
    uint32_t wanted_n;
    struct fr_example_writer *rows; /* for the learner */
    struct aggregate_ads ads;
    struct fr_buf text, view;
};

/* aggregate_ledger.c: the campaigns' ledgers */
void ledger_begin(struct aggregate_stage *s, const struct fr_stage_batch *b);
/* Whether the record is one of ledgers; then its states are named. */
bool ledger_decode(struct aggregate_stage *s, const struct fr_stage_batch *b, uint32_t record,
                   struct fr_wants *wants);
void ledger_apply(struct aggregate_stage *s, const struct fr_stage_batch *b, uint32_t record,
                  struct fr_cell *const *cells, uint32_t cell_n);
void *ledger_state_decode(struct aggregate_stage *s, struct fr_str key, struct fr_str bytes); /* gives */
void ledger_state_free(struct aggregate_stage *s, struct ledger_state *st);
uint32_t ledger_hours(const struct ledger_state *st);
struct pace *ledger_pace(struct aggregate_stage *s, uint32_t number);
void ledger_fini(struct aggregate_stage *s);

/* aggregate_pacing.c: multipliers out of ledgers */
uint32_t pacing_views_wanted(struct aggregate_stage *s, const struct fr_stage_batch *b, struct fr_str *keys);
uint32_t pacing_views_most(const struct aggregate_stage *s);
void pacing_views_loaded(struct aggregate_stage *s, const struct fr_stage_batch *b,
                         const struct fr_str *values);
void pacing_finish(struct aggregate_stage *s, const struct fr_stage_batch *b);
bool pacing_has_more(struct aggregate_stage *s, fr_time_ms now_ms);
void pacing_partition_dropped(struct aggregate_stage *s, int32_t partition);

#endif
