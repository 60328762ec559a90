/* Two kinds of pictures: what a campaign spends against its plan for today, and what was predicted of clicks against what was seen. */
#include "campaign_report.h"
#include "plot.h"
#include <stdio.h>
#include <stdlib.h>

enum { WIDTH = 1000, CHART_HEIGHT = 190, CHARTS_MOST = 6, POINTS = 25, HEAD = 56, SQUARE = 340 };

/* Spend since the start of the day at the end of each hour, and what the plan allowed. */
static uint32_t trace(const struct campaign_report *r, const struct campaign_row *row, double spent[POINTS],
                      double planned[POINTS]) {
    int32_t first = fr_ledger_day(fr_ledger_hour(r->as_of_ms)) * 24, now = fr_ledger_hour(r->as_of_ms);
    uint32_t n = 0;
    for (int32_t hour = 0; hour < POINTS; hour++) {
        fr_time_ms t = ((fr_time_ms)first + hour) * FR_HOUR_MS;
        planned[hour] = 1e-6 * fr_pacing_planned(&row->plan, t);
        spent[hour] = hour ? spent[hour - 1] +
                                 1e-6 * (double)fr_ledger_in_hours(&row->ledger, first + hour - 1,
                                                                   first + hour - 1, FR_LEDGER_SPEND_MICROS)
                           : 0;
        if (first + hour <= now + 1) n = (uint32_t)hour + 1;
    }
    return n;
}

static void plot_spend(const struct campaign_report *r, const struct campaign_row *row, double y,
                       struct fr_buf *out) {
    double spent[POINTS], planned[POINTS];
    char title[160];
    uint32_t n = trace(r, row, spent, planned);
    for (uint32_t i = n; i < POINTS; i++) spent[i] = spent[n - 1]; /* flat: has not been yet */
    struct plot_line lines[] = {{"spent", spent}, {"plan", planned}};
    snprintf(title, sizeof title, "%.*s: spend today", (int)(row->id.len < 100 ? row->id.len : 100),
             row->id.ptr);
    plot_lines(out, (struct plot_box){24, y, WIDTH - 48, CHART_HEIGHT - 14}, title,
               "the day from 0 to 24 h (UTC); flat after the latest event", lines, 2, POINTS);
}

static uint32_t points_of(const struct campaign_report *r, struct plot_point *points) {
    uint32_t n = 0;
    for (uint32_t i = 0; i < r->n; i++) {
        const struct campaign_row *row = &r->rows[i];
        double shown = (double)fr_ledger_total(&row->ledger, FR_LEDGER_IMPRESSIONS);
        if (row->clicks.judged)
            points[n++] =
                (struct plot_point){row->clicks.predicted / shown, (double)row->clicks.seen / shown};
    }
    return n;
}

void campaign_report_plot(const struct campaign_report *r, struct fr_buf *out) {
    struct plot_point *points = fr_alloc((r->n + 1) * sizeof *points);
    uint32_t charts = 0, drawn = 0, point_n = points_of(r, points);
    for (uint32_t i = 0; i < r->n && charts < CHARTS_MOST; i++) charts += r->rows[i].has_plan;
    double y = HEAD + charts * CHART_HEIGHT;
    plot_open(out, WIDTH, y + (point_n ? SQUARE + 20 : 10), "Campaigns");
    for (uint32_t i = 0; i < r->n && drawn < charts; i++)
        if (r->rows[i].has_plan) plot_spend(r, &r->rows[i], HEAD + CHART_HEIGHT * drawn++, out);
    if (point_n)
        plot_reliability(out, (struct plot_box){24, y, SQUARE, SQUARE}, "Click rate, a point a campaign",
                         points, point_n);
    plot_close(out);
    free(points);
}
