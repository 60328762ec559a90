/* The report as a table for people and as JSON for programs. */
#include "freshet/app/text_table.h"
#include "freshet/base/json.h"
#include "freshet/target/audience.h"
#include "campaign_report.h"
#include <math.h>

enum { FEW_PEOPLE = 20 }; /* converted in both groups: below it a lift is noise, and not shown in the table */

static int64_t total(const struct campaign_row *row, enum fr_ledger_measure measure) {
    return fr_ledger_total(&row->ledger, measure);
}

static double amount(int64_t micros) { return 1e-6 * (double)micros; }

static double share(double part, double all) { return all > 0 ? part / all : (double)NAN; }

/* ---- table ---- */

static void cell_count(struct fr_buf *out, int64_t n) { fr_buf_printf(out, "%lld\t", (long long)n); }

static void cell_share(struct fr_buf *out, double part, double all) {
    if (all > 0)
        fr_buf_printf(out, "%.2f %%\t", 100 * part / all);
    else
        fr_buf_printf(out, "-\t");
}

static const char *state_of(const struct campaign_row *row) {
    if (!row->campaign) return "gone";
    if (row->campaign->state != FR_CAMPAIGN_ACTIVE) return fr_campaign_state_name(row->campaign->state);
    return row->runs ? "runs" : "waits";
}

static void cell_spent(const struct campaign_row *row, struct fr_buf *out) {
    const struct fr_campaign *c = row->campaign;
    fr_buf_printf(out, "%.2f", amount(total(row, FR_LEDGER_SPEND_MICROS)));
    if (c && c->total_micros) fr_buf_printf(out, " of %.2f", amount(c->total_micros));
    fr_buf_byte(out, '\t');
}

static void cell_today(const struct campaign_report *r, const struct campaign_row *row, struct fr_buf *out) {
    fr_buf_printf(out, "%.2f", amount(row->spent_today_micros));
    if (row->has_plan) fr_buf_printf(out, " of %.2f", 1e-6 * campaign_planned_micros(r, row));
    fr_buf_byte(out, '\t');
}

static void cell_ratio(struct fr_buf *out, const struct campaign_calibration *c) {
    if (isnan(c->ratio.value))
        fr_buf_printf(out, "-\t");
    else
        fr_buf_printf(out, "%.2f (%.2f..%.2f)\t", c->ratio.value, c->ratio.low, c->ratio.high);
}

static void cell_lift(struct fr_buf *out, const struct campaign_row *row) {
    const struct fr_bounded *l = &row->lift.relative;
    if (row->control.n == 0 || row->treated.n == 0)
        fr_buf_printf(out, "-\n");
    else if (row->treated.yes + row->control.yes < FEW_PEOPLE)
        fr_buf_printf(out, "too few\n");
    else
        fr_buf_printf(out, "%+.0f %% (%+.0f..%+.0f)\n", 100 * l->value, 100 * l->low, 100 * l->high);
}

static void put_row(const struct campaign_report *r, const struct campaign_row *row, struct fr_buf *out) {
    double impressions = (double)total(row, FR_LEDGER_IMPRESSIONS);
    fr_buf_printf(out, "%.*s\t%s\t", FR_STR_ARG(row->id), state_of(row));
    cell_count(out, total(row, FR_LEDGER_REACHED));
    cell_count(out, total(row, FR_LEDGER_IMPRESSIONS));
    cell_count(out, total(row, FR_LEDGER_CLICKS));
    cell_share(out, (double)total(row, FR_LEDGER_CLICKS), impressions);
    cell_count(out, total(row, FR_LEDGER_CONVERSIONS));
    cell_spent(row, out);
    cell_today(r, row, out);
    cell_ratio(out, &row->clicks);
    cell_ratio(out, &row->conversions);
    cell_lift(out, row);
}

static void put_segments(const struct campaign_row *row, struct fr_buf *out) {
    for (uint32_t i = 0; i < row->segment_n; i++) {
        const struct campaign_segment *s = &row->segments[i];
        fr_buf_printf(out, "%.*s\t%.*s\t", FR_STR_ARG(row->id), FR_STR_ARG(s->id));
        if (s->reached == FR_AUDIENCE_FEW)
            fr_buf_printf(out, "too few\t\t\n");
        else
            fr_buf_printf(out, "about %lld\t%.1f %%\t%.1f %%\n", (long long)s->reached, 100 * s->clicked,
                          100 * s->converted);
    }
}

static void segments_table(const struct campaign_report *r, struct fr_buf *out) {
    struct fr_buf rows = {0};
    for (uint32_t i = 0; i < r->n; i++) put_segments(&r->rows[i], &rows);
    if (rows.len) {
        struct fr_buf all = {0};
        fr_buf_printf(&all, "CAMPAIGN\tSEGMENT\tREACHED\tCLICKED\tCONVERTED\n");
        fr_buf_append(&all, rows.data, rows.len);
        fr_buf_byte(out, '\n');
        fr_text_table(out, fr_buf_slice(&all));
        fr_buf_fini(&all);
    }
    fr_buf_fini(&rows);
}

void campaign_report_table(const struct campaign_report *r, struct fr_buf *out) {
    struct fr_buf rows = {0};
    char as_of[25];
    fr_time_format(r->as_of_ms, as_of);
    fr_buf_printf(out, "as of %s; today is its day in UTC; intervals hold with %.0f %%\n\n", as_of,
                  100 * CAMPAIGN_REPORT_CONFIDENCE);
    fr_buf_printf(&rows, "CAMPAIGN\tSTATE\tREACHED\tSHOWN\tCLICKS\tRATE\tCONVERSIONS\tSPENT\tTODAY OF PLAN\t"
                         "CLICKS/PREDICTED\tCONVERSIONS/PREDICTED\tLIFT\n");
    for (uint32_t i = 0; i < r->n; i++) put_row(r, &r->rows[i], &rows);
    fr_text_table(out, fr_buf_slice(&rows));
    fr_buf_fini(&rows);
    segments_table(r, out);
    if (r->with_permits) campaign_permits_table(r, out);
}

/* ---- JSON ---- */

static void put_double(struct fr_buf *out, const char *key, double v) {
    fr_json_key(out, key);
    fr_json_number(out, v);
}

static void put_bounded(struct fr_buf *out, const char *key, const struct fr_bounded *b) {
    fr_json_key(out, key);
    fr_json_open(out, '{');
    put_double(out, "value", b->value);
    put_double(out, "low", b->low);
    put_double(out, "high", b->high);
    fr_json_close(out, '}');
}

static void put_calibration(struct fr_buf *out, const char *key, const struct campaign_calibration *c) {
    fr_json_key(out, key);
    fr_json_open(out, '{');
    fr_json_key(out, "impressions_judged");
    fr_json_int(out, (int64_t)c->judged);
    put_double(out, "predicted", c->judged ? c->predicted : (double)NAN);
    fr_json_key(out, "seen");
    fr_json_int(out, (int64_t)c->seen);
    put_bounded(out, "seen_of_predicted", &c->ratio);
    fr_json_close(out, '}');
}

static void put_lift(struct fr_buf *out, const struct campaign_row *row) {
    fr_json_key(out, "lift");
    fr_json_open(out, '{');
    put_double(out, "rate", share((double)row->treated.yes, (double)row->treated.n));
    put_double(out, "control_rate", share((double)row->control.yes, (double)row->control.n));
    put_bounded(out, "difference", &row->lift.difference);
    put_bounded(out, "relative", &row->lift.relative);
    put_double(out, "p", row->lift.p);
    fr_json_close(out, '}');
}

static void put_money(const struct campaign_report *r, const struct campaign_row *row, struct fr_buf *out) {
    const struct fr_campaign *c = row->campaign;
    fr_json_key(out, "currency");
    fr_json_str(out, c ? c->currency : FR_STR(""));
    fr_json_key(out, "spent");
    fr_json_double(out, amount(total(row, FR_LEDGER_SPEND_MICROS)));
    fr_json_key(out, "spent_today");
    fr_json_double(out, amount(row->spent_today_micros));
    put_double(out, "planned_until_now",
               row->has_plan ? 1e-6 * campaign_planned_micros(r, row) : (double)NAN);
    put_double(out, "planned_today", row->has_plan ? 1e-6 * row->plan.budget_micros : (double)NAN);
    put_double(out, "budget_total", c && c->total_micros ? amount(c->total_micros) : (double)NAN);
}

static void put_segments_json(const struct campaign_row *row, struct fr_buf *out) {
    fr_json_key(out, "segments");
    fr_json_open(out, '[');
    for (uint32_t i = 0; i < row->segment_n; i++) {
        const struct campaign_segment *s = &row->segments[i];
        bool few = s->reached == FR_AUDIENCE_FEW;
        fr_json_open(out, '{');
        fr_json_key(out, "segment_id");
        fr_json_str(out, s->id);
        put_double(out, "reached", few ? (double)NAN : (double)s->reached);
        put_double(out, "clicked", few ? (double)NAN : s->clicked);
        put_double(out, "converted", few ? (double)NAN : s->converted);
        fr_json_close(out, '}');
    }
    fr_json_close(out, ']');
}

static void put_row_json(const struct campaign_report *r, const struct campaign_row *row,
                         struct fr_buf *out) {
    fr_json_open(out, '{');
    fr_json_key(out, "campaign_id");
    fr_json_str(out, row->id);
    fr_json_key(out, "state");
    fr_json_str(out, fr_str_of(state_of(row)));
    for (unsigned m = 0; m < FR_LEDGER_CLICK_JUDGED; m++) {
        if (m == FR_LEDGER_SPEND_MICROS) continue; /* an amount, below */
        fr_json_key(out, fr_ledger_measure_name((enum fr_ledger_measure)m));
        fr_json_int(out, total(row, (enum fr_ledger_measure)m));
    }
    put_money(r, row, out);
    put_calibration(out, "click_predictions", &row->clicks);
    put_calibration(out, "conversion_predictions", &row->conversions);
    put_lift(out, row);
    if (row->segments) put_segments_json(row, out);
    if (r->with_permits && campaign_has_permits(row)) campaign_permits_json(row, out);
    fr_json_close(out, '}');
}

void campaign_report_json(const struct campaign_report *r, struct fr_buf *out) {
    fr_json_open(out, '{');
    fr_json_key(out, "as_of");
    fr_json_time(out, r->as_of_ms);
    put_double(out, "confidence", CAMPAIGN_REPORT_CONFIDENCE);
    fr_json_key(out, "campaigns");
    fr_json_open(out, '[');
    for (uint32_t i = 0; i < r->n; i++) put_row_json(r, &r->rows[i], out);
    fr_json_close(out, ']');
    fr_json_close(out, '}');
    fr_buf_byte(out, '\n');
}
