#include "eval_pacing.h"
#include "freshet/base/json.h"
#include "plot.h"

static const char *const paid_names[SIM_PAID_N] = {"impression", "click", "conversion"};

static double share(double part, double whole) { return whole > 0 ? part / whole : 0; }

static const char heading[] =
    "Campaigns that can spend their budget, by what is paid for.\n"
    "  curve    |spent - planned| since midnight, at the end of any hour, of the day's budget: the most\n"
    "  hour     |spent - planned| of an hour, of that hour's plan: over all hours, of 99 in 100, the most; "
    "the most of\n"
    "           hours that are planned to have 1,000 billed events or more (their number)\n"
    "  events   the most |spent - planned| of an hour, in billed events\n"
    "  within   campaign-hours within 1 % or one billed event of their plan\n"
    "  over     the most that one campaign spent beyond its budget (billed events)\n\n"
    "paid for    campaigns     spent   curve  hour all     p99     most   1,000+ (hours)  events  within    "
    "over (events)\n";

static void table_row(const char *name, const struct sim_deviation *d, struct fr_buf *out) {
    if (!d->campaigns) return;
    fr_buf_printf(
        out,
        "%-11s %9u  %7.3f%% %6.2f%%   %6.2f%% %6.1f%%  %6.1f%%  %6.2f%% %7u  %6.1f  %5.1f%% %7.3f%% %8.0f\n",
        name, d->campaigns, 100 * share(d->spent_micros, d->budget_micros), 100 * d->curve_most,
        100 * d->hour_mean, 100 * d->hour_p99, 100 * d->hour_most, 100 * d->dense_most, d->dense_hours,
        d->events_most, 100 * d->within, 100 * d->over_most, d->over_events);
}

void sim_report_table(const struct sim_options *o, const struct sim_verdict *v, uint32_t kills,
                      double seconds, struct fr_buf *out) {
    fr_buf_str(out, fr_str_of(heading));
    for (unsigned i = 0; i < SIM_PAID_N; i++) table_row(paid_names[i], &v->paid[i], out);
    fr_buf_printf(out, "\n%u campaigns that cannot spend theirs: %.1f %% of the budget spent\n",
                  v->others.campaigns, 100 * share(v->others.spent_micros, v->others.budget_micros));
    fr_buf_printf(out, "cap violations   %llu of %llu capped impressions\n",
                  (unsigned long long)v->cap_violations, (unsigned long long)v->capped_impressions);
    fr_buf_printf(out,
                  "overspend        %.5f %% of all budgets; the most of one: %.4f %%, %.0f billed events\n",
                  100 * share(v->over_micros, v->budget_micros), 100 * v->over_most, v->over_events);
    fr_buf_printf(out, "underspend       %.4f %% of what can be spent\n",
                  100 * share(v->under_micros, v->budget_micros));
    if (o->hard)
        fr_buf_printf(out, "not billed       %llu events that no permit was reserved for any more\n",
                      (unsigned long long)v->unbilled);
    fr_buf_printf(out, "ledger           %llu campaign-hours differ from one pass over the logs\n",
                  (unsigned long long)v->ledger_mismatches);
    fr_buf_printf(out,
                  "kills            %u, %llu records replayed, %llu differences, %llu requests unanswered\n",
                  kills, (unsigned long long)v->replayed, (unsigned long long)v->replay_mismatches,
                  (unsigned long long)v->unanswered);
    fr_buf_printf(out, "%llu requests, %llu impressions, %llu clicks, %llu conversions; %s mode; %.0f s\n",
                  (unsigned long long)v->requests, (unsigned long long)v->impressions,
                  (unsigned long long)v->clicks, (unsigned long long)v->conversions,
                  o->hard ? "hard" : "soft", seconds);
}

static void number(struct fr_buf *out, const char *key, double value) {
    fr_json_key(out, key);
    fr_json_number(out, value);
}

static void integer(struct fr_buf *out, const char *key, uint64_t value) {
    fr_json_key(out, key);
    fr_json_int(out, (int64_t)value);
}

static void json_row(const char *name, const struct sim_deviation *d, struct fr_buf *out) {
    fr_json_key(out, name);
    fr_json_open(out, '{');
    integer(out, "campaigns", d->campaigns);
    integer(out, "hours", d->hours);
    number(out, "spent", share(d->spent_micros, d->budget_micros));
    number(out, "hour_mean", d->hour_mean);
    number(out, "hour_p99", d->hour_p99);
    number(out, "hour_most", d->hour_most);
    number(out, "curve_most", d->curve_most);
    integer(out, "dense_hours", d->dense_hours);
    number(out, "dense_most", d->dense_most);
    number(out, "day_most", d->day_most);
    number(out, "hour_events_most", d->events_most);
    number(out, "within", d->within);
    number(out, "over_most", d->over_most);
    number(out, "over_events", d->over_events);
    fr_json_close(out, '}');
}

static void json_hours(const char *name, const double values[24], struct fr_buf *out) {
    fr_json_key(out, name);
    fr_json_open(out, '[');
    for (unsigned h = 0; h < 24; h++) fr_json_number(out, values[h]);
    fr_json_close(out, ']');
}

void sim_report_json(const struct sim_options *o, const struct sim_verdict *v, uint32_t kills, double seconds,
                     struct fr_buf *out) {
    fr_json_open(out, '{');
    fr_json_key(out, "mode");
    fr_json_str(out, o->hard ? FR_STR("hard") : FR_STR("soft"));
    integer(out, "instances", (uint64_t)o->instances);
    integer(out, "kills", kills);
    integer(out, "seed", (uint64_t)o->seed);
    for (unsigned i = 0; i < SIM_PAID_N; i++) json_row(paid_names[i], &v->paid[i], out);
    json_row("cannot_spend", &v->others, out);
    integer(out, "capped_impressions", v->capped_impressions);
    integer(out, "cap_violations", v->cap_violations);
    number(out, "overspend", share(v->over_micros, v->budget_micros));
    number(out, "overspend_most", v->over_most);
    number(out, "overspend_most_events", v->over_events);
    number(out, "underspend", share(v->under_micros, v->budget_micros));
    integer(out, "unbilled", v->unbilled);
    integer(out, "ledger_mismatches", v->ledger_mismatches);
    integer(out, "replayed", v->replayed);
    integer(out, "replay_mismatches", v->replay_mismatches);
    integer(out, "requests", v->requests);
    integer(out, "unanswered", v->unanswered);
    integer(out, "impressions", v->impressions);
    integer(out, "clicks", v->clicks);
    integer(out, "conversions", v->conversions);
    json_hours("planned_micros", v->planned, out);
    json_hours("spent_micros", v->spent, out);
    number(out, "seconds", seconds);
    fr_json_close(out, '}');
    fr_buf_byte(out, '\n');
}

void sim_report_plot(const struct sim_options *o, const struct sim_verdict *v, struct fr_buf *out) {
    double spent[24], plan[24], most[24], p99[24], top = 0;
    for (unsigned h = 0; h < 24; h++) top = v->planned[h] > top ? v->planned[h] : top;
    for (unsigned h = 0; h < 24; h++) {
        spent[h] = share(v->spent[h], top);
        plan[h] = share(v->planned[h], top);
        most[h] = 100 * v->most[h];
        p99[h] = 100 * v->p99[h];
    }
    plot_open(out, 900, 660, o->hard ? "A day of pacing, hard mode" : "A day of pacing, soft mode");
    plot_lines(out, (struct plot_box){24, 56, 852, 270}, "spend by hour, of the busiest hour's plan",
               "hour of the day", (struct plot_line[]){{"spent", spent}, {"planned", plan}}, 2, 24);
    plot_lines(out, (struct plot_box){24, 356, 852, 270},
               "deviation from an hour's plan in %, campaigns paid by impression", "hour of the day",
               (struct plot_line[]){{"99 of 100", p99}, {"most", most}}, 2, 24);
    plot_close(out);
}
