/* campaign_report.h - what the campaigns have done so far, from their ledgers: the rows of `freshet report campaigns`.
 *
 * Promise   a function of (campaigns, ledgers, traffic, time). Formulas of lift and of predicted against seen: target/lift.h; of
 *           the plan: target/pacing.h.
 * Not       a snapshot: ledgers that change while they are read may be of different moments.
 * Threads   one owner. Memory: the report's arena; the set is borrowed until fini. */
#ifndef FR_APP_CAMPAIGN_REPORT_H
#define FR_APP_CAMPAIGN_REPORT_H

#include "freshet/app/state_read.h"
#include "freshet/target/campaign_set.h"
#include "freshet/target/lift.h"
#include "freshet/target/pacing.h"

#define CAMPAIGN_REPORT_CONFIDENCE .95

/* What was predicted of the impressions, and what happened. */
struct campaign_calibration {
    uint64_t judged, seen;   /* impressions with a prediction; answers to all impressions */
    double predicted;        /* answers expected of all impressions, as of those judged */
    struct fr_bounded ratio; /* seen / predicted; NaN: nothing was predicted */
};

/* A segment's part in a campaign: people, by the rules as they are now. */
struct campaign_segment {
    struct fr_str id;
    int64_t reached;           /* an estimate (target/audience.h), FR_AUDIENCE_FEW: nothing else is said */
    double clicked, converted; /* shares of those reached */
};

struct campaign_row {
    struct fr_str id;
    const struct fr_campaign *campaign; /* NULL: there is a ledger, and no campaign any more */
    struct fr_ledger ledger;
    bool runs;
    int64_t spent_today_micros;
    bool has_plan;
    struct fr_pacing_plan plan; /* of today; if has_plan */
    struct campaign_calibration clicks, conversions;
    struct fr_group_count treated, control; /* people reached, and who of them converted */
    struct fr_lift lift;
    const struct campaign_segment *segments; /* [segment_n] by falling share of clicks; only if asked for */
    uint32_t segment_n;
};

struct campaign_report {
    fr_time_ms as_of_ms;       /* the latest event, or now when that is earlier */
    struct campaign_row *rows; /* [n] those that run first, then by what they spent */
    uint32_t n;
    bool with_permits; /* say what partitions hold of hard budgets, too */
    struct fr_arena arena;
};

/* Reads every ledger. only: the campaign wanted; empty: all. campaign_report_fini follows in every case. */
enum fr_err campaign_report_read(struct fr_state_reader *reader, const struct fr_campaign_set *set,
                                 struct fr_str only, struct campaign_report *out, struct fr_errmsg *msg);
void campaign_report_fini(struct campaign_report *r);

/* What the plan allows until the report's time, in micros. */
double campaign_planned_micros(const struct campaign_report *r, const struct campaign_row *row);

/* campaign_segments.c: fills the rows' segments; reads every user. salt: of the estimates. */
enum fr_err campaign_report_segments(struct fr_state_reader *reader, const struct fr_campaign_set *set,
                                     struct fr_str salt, struct campaign_report *r, struct fr_errmsg *msg);

/* campaign_report_text.c */
void campaign_report_table(const struct campaign_report *r, struct fr_buf *out);
void campaign_report_json(const struct campaign_report *r,
                          struct fr_buf *out); /* one object and a line feed */
/* campaign_report_permits.c: what partitions hold of hard budgets. The table is empty when there is none; of one that was never
 * asked for permits there is nothing to say. */
bool campaign_has_permits(const struct campaign_row *row);
void campaign_permits_table(const struct campaign_report *r, struct fr_buf *out);
void campaign_permits_json(const struct campaign_row *row, struct fr_buf *out); /* a key and an object */
/* campaign_report_plot.c: SVG */
void campaign_report_plot(const struct campaign_report *r, struct fr_buf *out);

#endif
