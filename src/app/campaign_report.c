/* From ledgers to rows. Days and plans are as of the latest event: a log that was replayed is reported as of its own time. */
#include "campaign_report.h"
#include <stdlib.h>

struct reading {
    const struct fr_campaign_set *set;
    struct fr_str only;
    struct campaign_report *report;
    uint32_t cap;
    struct fr_ledger traffic; /* the one that heard most */
};

/* ---- reading ---- */

static struct campaign_row *add_row(struct reading *r, struct fr_str id) {
    struct campaign_report *report = r->report;
    if (report->n == r->cap) {
        r->cap = r->cap ? 2 * r->cap : 64;
        report->rows = fr_realloc(report->rows, r->cap * sizeof *report->rows);
    }
    struct campaign_row *row = &report->rows[report->n++];
    *row = (struct campaign_row){.id = fr_arena_copy(&report->arena, id)};
    return row;
}

static enum fr_err take_traffic(struct reading *r, const struct fr_state *state, struct fr_errmsg *msg) {
    struct fr_ledger heard = {0};
    if (!fr_ledger_decode(&heard, FR_TRAFFIC_HOURS, state->bytes)) return fr_state_corrupt(state, msg);
    bool more = fr_ledger_total(&heard, FR_LEDGER_OPPORTUNITIES) >
                fr_ledger_total(&r->traffic, FR_LEDGER_OPPORTUNITIES);
    struct fr_ledger less = more ? r->traffic : heard;
    if (more) r->traffic = heard;
    fr_ledger_fini(&less);
    return FR_OK;
}

static enum fr_err take_ledger(void *context, const struct fr_state *state, struct fr_errmsg *msg) {
    struct reading *r = context;
    if (state->id.len == 0) return take_traffic(r, state, msg);
    if (r->only.len && !fr_str_eq(r->only, state->id)) return FR_OK;
    struct campaign_row *row = add_row(r, state->id);
    if (fr_ledger_decode(&row->ledger, FR_LEDGER_HOURS, state->bytes)) return FR_OK;
    return fr_state_corrupt(state, msg);
}

static enum fr_err read_ledgers(struct fr_state_reader *reader, struct reading *r, struct fr_errmsg *msg) {
    struct fr_state_list list = {0};
    const struct fr_keys *keys = &reader->keys[FR_STAGE_AGGREGATE];
    if (keys->partitions == 0) return FR_OK;
    enum fr_err err = fr_state_list(reader->store, keys, FR_KEY_LEDGER, &list, msg);
    if (err == FR_OK) err = fr_state_each(reader->store, &list, take_ledger, r, msg);
    fr_state_list_fini(&list);
    return err;
}

static int by_id(const void *a, const void *b) {
    return fr_str_cmp(((const struct campaign_row *)a)->id, ((const struct campaign_row *)b)->id);
}

/* Campaigns to which nothing has happened yet have a row too. */
static void add_campaigns(struct reading *r) {
    uint32_t with_ledger = r->report->n;
    if (with_ledger) qsort(r->report->rows, with_ledger, sizeof *r->report->rows, by_id);
    for (uint32_t i = 0; i < r->set->campaign_n; i++) {
        const struct fr_campaign *c = &r->set->campaigns[i].record;
        if (r->only.len && !fr_str_eq(r->only, c->id)) continue;
        struct campaign_row wanted = {.id = c->id};
        struct campaign_row *row =
            with_ledger ? bsearch(&wanted, r->report->rows, with_ledger, sizeof wanted, by_id) : NULL;
        if (!row) row = add_row(r, c->id);
        row->campaign = c;
    }
}

/* ---- what follows from a ledger ---- */

static uint64_t counted(const struct campaign_row *row, enum fr_ledger_measure measure) {
    int64_t n = fr_ledger_total(&row->ledger, measure);
    return n > 0 ? (uint64_t)n : 0;
}

static struct campaign_calibration calibration_of(const struct campaign_row *row,
                                                  enum fr_ledger_measure judged,
                                                  enum fr_ledger_measure predicted,
                                                  enum fr_ledger_measure seen) {
    struct campaign_calibration c = {.judged = counted(row, judged), .seen = counted(row, seen)};
    double impressions = (double)counted(row, FR_LEDGER_IMPRESSIONS);
    if (c.judged) c.predicted = 1e-6 * (double)counted(row, predicted) * impressions / (double)c.judged;
    c.ratio = fr_calibration_ratio(c.predicted, c.seen, CAMPAIGN_REPORT_CONFIDENCE);
    return c;
}

static struct fr_group_count group_of(const struct campaign_row *row, enum fr_ledger_measure people,
                                      enum fr_ledger_measure converted) {
    struct fr_group_count g = {counted(row, people), counted(row, converted)};
    if (g.yes > g.n) g.yes = g.n;
    return g;
}

static void plan_today(const struct campaign_report *r, const struct fr_traffic_shape *traffic,
                       struct campaign_row *row) {
    const struct fr_campaign *c = row->campaign;
    if (!c || !row->runs || (!c->daily_micros && !c->total_micros)) return;
    struct fr_pacing_budget budget = {c->daily_micros, c->total_micros, c->start_ms, c->end_ms,
                                      c->price_micros};
    fr_pacing_plan_of(&row->plan, &budget, &row->ledger, traffic, r->as_of_ms);
    row->has_plan = true;
}

static void fill(const struct campaign_report *r, const struct fr_traffic_shape *traffic,
                 struct campaign_row *row) {
    row->runs = row->campaign && fr_campaign_runs(row->campaign, r->as_of_ms);
    row->spent_today_micros =
        fr_ledger_spent_on_day(&row->ledger, fr_ledger_day(fr_ledger_hour(r->as_of_ms)));
    plan_today(r, traffic, row);
    row->clicks =
        calibration_of(row, FR_LEDGER_CLICK_JUDGED, FR_LEDGER_CLICK_PREDICTED_MICROS, FR_LEDGER_CLICKS);
    row->conversions = calibration_of(row, FR_LEDGER_CONVERSION_JUDGED, FR_LEDGER_CONVERSION_PREDICTED_MICROS,
                                      FR_LEDGER_CONVERSIONS);
    row->treated = group_of(row, FR_LEDGER_REACHED, FR_LEDGER_CONVERTED);
    row->control = group_of(row, FR_LEDGER_CONTROL_REACHED, FR_LEDGER_CONTROL_CONVERTED);
    row->lift = fr_lift_of(row->treated, row->control, CAMPAIGN_REPORT_CONFIDENCE);
}

double campaign_planned_micros(const struct campaign_report *r, const struct campaign_row *row) {
    return fr_pacing_planned(&row->plan, r->as_of_ms);
}

static int by_weight(const void *a, const void *b) {
    const struct campaign_row *x = a, *y = b;
    int64_t spent_x = fr_ledger_total(&x->ledger, FR_LEDGER_SPEND_MICROS);
    int64_t spent_y = fr_ledger_total(&y->ledger, FR_LEDGER_SPEND_MICROS);
    if (x->runs != y->runs) return x->runs ? -1 : 1;
    if (spent_x != spent_y) return spent_x > spent_y ? -1 : 1;
    return fr_str_cmp(x->id, y->id);
}

/* ---- all of them ---- */

enum fr_err campaign_report_read(struct fr_state_reader *reader, const struct fr_campaign_set *set,
                                 struct fr_str only, struct campaign_report *out, struct fr_errmsg *msg) {
    struct reading r = {.set = set, .only = only, .report = out};
    fr_time_ms latest_ms, now_ms = fr_clock_wall_ms();
    *out = (struct campaign_report){0};
    enum fr_err err = fr_state_latest(reader, &latest_ms, msg);
    out->as_of_ms = latest_ms < now_ms && latest_ms != INT64_MIN ? latest_ms : now_ms;
    if (err == FR_OK) err = read_ledgers(reader, &r, msg);
    if (err == FR_OK) {
        struct fr_traffic_shape uniform, traffic;
        fr_traffic_shape_uniform(&uniform);
        fr_traffic_shape_of(&traffic, &r.traffic, out->as_of_ms, &uniform);
        add_campaigns(&r);
        for (uint32_t i = 0; i < out->n; i++) fill(out, &traffic, &out->rows[i]);
        if (out->n) qsort(out->rows, out->n, sizeof *out->rows, by_weight);
    }
    fr_ledger_fini(&r.traffic);
    return err;
}

void campaign_report_fini(struct campaign_report *r) {
    for (uint32_t i = 0; i < r->n; i++) fr_ledger_fini(&r->rows[i].ledger);
    free(r->rows);
    fr_arena_fini(&r->arena);
    *r = (struct campaign_report){0};
}
