/* What happened, counted once more from the partitions' logs. */
#include "eval_pacing.h"
#include <math.h>
#include <stdlib.h>

enum { DAY_HOURS = 24, HOUR_MS = FR_HOUR_MS, DAY_MS = DAY_HOURS * FR_HOUR_MS };

struct seen {
    uint32_t user, at_ms;
    uint16_t campaign;
};

struct judge {
    const struct sim_world *world;
    int64_t (*spent)[DAY_HOURS + 1]; /* [campaigns]; the last one: after midnight */
    const struct fr_pacing_plan **plans;
    const struct fr_ledger **ledgers;
    struct seen *seen; /* of campaigns with caps */
    size_t seen_n, seen_cap;
};

/* --- logs --------------------------------------------------------------------------------------------- */

static void see(struct judge *j, const struct sim_entry *e) {
    if (j->seen_n == j->seen_cap) {
        j->seen_cap = j->seen_cap ? 2 * j->seen_cap : 4096;
        j->seen = fr_realloc(j->seen, j->seen_cap * sizeof *j->seen);
    }
    j->seen[j->seen_n++] = (struct seen){e->user, e->at_ms, e->campaign};
}

static void read_entry(struct judge *j, const struct sim_entry *e, struct sim_verdict *v) {
    if (e->kind == SIM_REQUEST) v->requests++;
    if (e->kind > SIM_CONVERSION || e->kind == SIM_REQUEST) return;
    const struct sim_campaign *c = &j->world->campaigns[e->campaign];
    v->impressions += e->kind == SIM_IMPRESSION;
    v->clicks += e->kind == SIM_CLICK;
    v->conversions += e->kind == SIM_CONVERSION;
    if (e->kind == SIM_IMPRESSION && c->hour_cap) see(j, e);
    if (e->kind - SIM_IMPRESSION != (int)c->paid) return;
    v->unbilled += !e->billed;
    uint32_t hour = e->at_ms / HOUR_MS;
    if (e->billed) j->spent[e->campaign][hour < DAY_HOURS ? hour : DAY_HOURS] += c->budget.price_micros;
}

static int compare_seen(const void *a, const void *b) {
    const struct seen *x = a, *y = b;
    if (x->user != y->user) return x->user < y->user ? -1 : 1;
    if (x->campaign != y->campaign) return x->campaign < y->campaign ? -1 : 1;
    return (x->at_ms > y->at_ms) - (x->at_ms < y->at_ms);
}

/* Within any hour and any day that ends with an impression, no more of them than the cap. */
static void check_caps(struct judge *j, struct sim_verdict *v) {
    size_t first = 0, in_hour = 0;
    if (j->seen_n) qsort(j->seen, j->seen_n, sizeof *j->seen, compare_seen);
    for (size_t i = 0; i < j->seen_n; i++) {
        const struct seen *s = &j->seen[i];
        const struct sim_campaign *c = &j->world->campaigns[s->campaign];
        bool is_next = i > 0 && s[-1].user == s->user && s[-1].campaign == s->campaign;
        if (!is_next) first = in_hour = i;
        while (j->seen[in_hour].at_ms + HOUR_MS <= s->at_ms) in_hour++;
        while (j->seen[first].at_ms + DAY_MS <= s->at_ms) first++;
        v->cap_violations += i - in_hour + 1 > c->hour_cap || i - first + 1 > c->day_cap;
    }
    v->capped_impressions = j->seen_n;
}

static void check_ledgers(const struct judge *j, struct sim_verdict *v) {
    for (uint32_t c = 0; c < j->world->campaign_n; c++)
        for (int32_t h = 0; h <= DAY_HOURS; h++) {
            int32_t hour = SIM_DAY * DAY_HOURS + h;
            int64_t known = fr_ledger_in_hours(j->ledgers[c], hour, hour, FR_LEDGER_SPEND_MICROS);
            v->ledger_mismatches += known != j->spent[c][h];
        }
}

/* --- deviations --------------------------------------------------------------------------------------- */

struct numbers {
    double *at; /* [n] */
    size_t n, cap;
};

static void push(struct numbers *list, double x) {
    if (list->n == list->cap) {
        list->cap = list->cap ? 2 * list->cap : 256;
        list->at = fr_realloc(list->at, list->cap * sizeof *list->at);
    }
    list->at[list->n++] = x;
}

static int compare_numbers(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The least value that a share of all do not exceed; sorts. */
static double quantile(struct numbers *list, double share) {
    if (!list->n) return 0;
    qsort(list->at, list->n, sizeof *list->at, compare_numbers);
    size_t at = (size_t)ceil(share * (double)list->n);
    return list->at[at ? at - 1 : 0];
}

static double planned(const struct fr_pacing_plan *plan, uint32_t hours) {
    return fr_pacing_planned(plan, sim_time(hours * HOUR_MS));
}

static void hour_deviation(const struct judge *j, uint32_t c, uint32_t h, struct sim_deviation *d,
                           struct numbers *all) {
    const struct fr_pacing_plan *plan = j->plans[c];
    double before = planned(plan, h), plan_micros = planned(plan, h + 1) - before;
    if (plan_micros <= 0) return;
    double off = fabs((double)j->spent[c][h] - plan_micros);
    double so_far = 0;
    for (uint32_t i = 0; i <= h; i++) so_far += (double)j->spent[c][i];
    d->hours++;
    d->off_micros += off;
    d->planned_micros += plan_micros;
    d->hour_most = fmax(d->hour_most, off / plan_micros);
    if (plan_micros >= SIM_DENSE * plan->price_micros) {
        d->dense_hours++;
        d->dense_most = fmax(d->dense_most, off / plan_micros);
    }
    d->curve_most = fmax(d->curve_most, fabs(so_far - before - plan_micros) / plan->budget_micros);
    d->events_most = fmax(d->events_most, off / plan->price_micros);
    d->within += off <= fmax(.01 * plan_micros, plan->price_micros);
    push(all, off / plan_micros);
}

static double spent_today(const struct judge *j, uint32_t c) {
    double sum = 0;
    for (uint32_t h = 0; h < DAY_HOURS; h++) sum += (double)j->spent[c][h];
    return sum;
}

static bool belongs(const struct sim_campaign *c, int paid) {
    return paid < 0 ? !c->can_spend : c->can_spend && (int)c->paid == paid;
}

/* paid below 0: those that cannot spend. */
static void deviation(const struct judge *j, int paid, struct sim_deviation *d) {
    struct numbers all = {0};
    for (uint32_t c = 0; c < j->world->campaign_n; c++) {
        if (!belongs(&j->world->campaigns[c], paid)) continue;
        double budget = j->plans[c]->budget_micros, spent = spent_today(j, c);
        d->campaigns++;
        d->budget_micros += budget;
        d->spent_micros += spent;
        d->over_most = fmax(d->over_most, (spent - budget) / budget);
        d->over_events = fmax(d->over_events, (spent - budget) / j->plans[c]->price_micros);
        d->day_most = fmax(d->day_most, fabs(spent - budget) / budget);
        for (uint32_t h = 0; h < DAY_HOURS; h++) hour_deviation(j, c, h, d, &all);
    }
    d->hour_p99 = quantile(&all, .99);
    if (d->hours) {
        d->hour_mean = d->off_micros / d->planned_micros;
        d->within /= d->hours;
    }
    free(all.at);
}

static void by_hour(const struct judge *j, struct sim_verdict *v) {
    for (uint32_t h = 0; h < DAY_HOURS; h++) {
        struct numbers all = {0};
        for (uint32_t c = 0; c < j->world->campaign_n; c++) {
            if (!j->world->campaigns[c].can_spend) continue;
            struct sim_deviation unused = {0};
            v->planned[h] += planned(j->plans[c], h + 1) - planned(j->plans[c], h);
            v->spent[h] += (double)j->spent[c][h];
            if (j->world->campaigns[c].paid == SIM_PAID_IMPRESSION) hour_deviation(j, c, h, &unused, &all);
        }
        v->most[h] = quantile(&all, 1);
        v->p99[h] = quantile(&all, .99);
        free(all.at);
    }
}

/* What follows midnight counts for the budget too where it is for the whole run and not for a day. */
static void budgets(const struct judge *j, struct sim_verdict *v) {
    for (uint32_t c = 0; c < j->world->campaign_n; c++) {
        const struct sim_campaign *campaign = &j->world->campaigns[c];
        double budget = j->plans[c]->budget_micros, spent = spent_today(j, c);
        if (!campaign->budget.daily_micros) spent += (double)j->spent[c][DAY_HOURS];
        double over = fmax(spent - budget, 0);
        v->over_micros += over;
        v->over_most = fmax(v->over_most, over / budget);
        v->over_events = fmax(v->over_events, over / (double)campaign->budget.price_micros);
        if (!campaign->can_spend) continue;
        v->budget_micros += budget;
        v->under_micros += fmax(budget - spent, 0);
    }
}

void sim_judge(const struct sim_world *w, const struct sim_partition *partitions,
               const struct sim_aggregate *aggregates, struct sim_verdict *v) {
    struct judge j = {.world = w};
    *v = (struct sim_verdict){0};
    j.spent = fr_alloc_zero(w->campaign_n, sizeof *j.spent);
    j.plans = fr_alloc(w->campaign_n * sizeof *j.plans);
    j.ledgers = fr_alloc(w->campaign_n * sizeof *j.ledgers);
    for (uint32_t p = 0; p < SIM_PARTITIONS; p++) {
        for (uint32_t i = 0; i < aggregates[p].campaign_n; i++) {
            j.plans[aggregates[p].campaigns[i]] = &aggregates[p].plans[i];
            j.ledgers[aggregates[p].campaigns[i]] = &aggregates[p].ledgers[i];
        }
        for (uint32_t i = 0; i < partitions[p].log.n; i++) read_entry(&j, &partitions[p].log.at[i], v);
        v->unanswered += partitions[p].unanswered;
        v->replayed += partitions[p].replayed + aggregates[p].replayed;
        v->replay_mismatches += partitions[p].mismatches + aggregates[p].mismatches;
    }
    check_caps(&j, v);
    check_ledgers(&j, v);
    for (int paid = 0; paid < SIM_PAID_N; paid++) deviation(&j, paid, &v->paid[paid]);
    deviation(&j, -1, &v->others);
    by_hour(&j, v);
    budgets(&j, v);
    free(j.spent);
    free(j.plans);
    free(j.ledgers);
    free(j.seen);
}
