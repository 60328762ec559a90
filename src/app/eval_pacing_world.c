#include "eval_pacing.h"
#include "freshet/base/hash.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Users differ in activity as in KuaiRand-Pure's log, whose counts of impressions by user have this standard deviation of the
 * logarithm. Everything else of this table is chosen, not measured. */
static const double ACTIVITY_SPREAD = .94;
static const double SHOWN = .95;        /* of the ads given */
static const double SOLD = .55;         /* of the requests, by the plans of campaigns that can spend */
static const double OF_ITS_USERS = .25; /* the most of its users' requests or caps that a plan takes */
static const double NARROW = .002;      /* targets of a campaign that cannot spend, at least */
static const double CLICK_MEAN_MS = 20000, CONVERSION_MEAN_MS = 600000;

enum { SHOW_LEAST_MS = 300, SHOW_SPREAD_MS = 2200, HISTORY_DAYS = 14, GAUSSIAN_FROM = 50 };

void sim_log_add(struct sim_log *log, struct sim_entry e) {
    if (log->n == log->cap) {
        log->cap = log->cap ? 2 * log->cap : 64;
        log->at = fr_realloc(log->at, log->cap * sizeof *log->at);
    }
    log->at[log->n++] = e;
}

static double gaussian(struct fr_rng *rng) {
    double u = 1 - fr_rng_uniform(rng), v = fr_rng_uniform(rng);
    return sqrt(-2 * log(u)) * cos(2 * M_PI * v);
}

static double exponential(struct fr_rng *rng, double mean) { return -mean * log(1 - fr_rng_uniform(rng)); }

static uint32_t poisson(struct fr_rng *rng, double mean) {
    if (mean > GAUSSIAN_FROM) return (uint32_t)fmax(0, round(mean + sqrt(mean) * gaussian(rng)));
    uint32_t n = 0;
    double product = fr_rng_uniform(rng), least = exp(-mean);
    for (; product > least; n++) product *= fr_rng_uniform(rng);
    return n;
}

/* --- campaigns ---------------------------------------------------------------------------------------- */

static int by_falling_value(const void *a, const void *b) {
    const struct sim_campaign *x = a, *y = b;
    return (x->value_micros < y->value_micros) - (x->value_micros > y->value_micros);
}

/* One in ten cannot spend its budget; of twenty, three are paid by click and one by conversion; half have caps. */
static void make_campaign(struct sim_campaign *c, uint32_t i, struct fr_rng *rng) {
    c->can_spend = i % 10 != 9;
    c->targets = fmin(.15 * exp(.8 * gaussian(rng)), 1);
    if (!c->can_spend) c->targets = NARROW + .006 * fr_rng_uniform(rng);
    c->click = .02 * exp(.4 * gaussian(rng));
    c->conversion = .1 * exp(.3 * gaussian(rng));
    c->value_micros = 2000 * exp(.5 * gaussian(rng));
    c->paid = SIM_PAID_IMPRESSION;
    if (i % 20 >= 15 && i % 20 < 18) c->paid = SIM_PAID_CLICK;
    if (i % 20 == 18) c->paid = SIM_PAID_CONVERSION;
    double rate = c->paid == SIM_PAID_IMPRESSION ? 1
                  : c->paid == SIM_PAID_CLICK    ? c->click
                                                 : c->click * c->conversion;
    c->budget = (struct fr_pacing_budget){.start_ms = INT64_MIN, .end_ms = INT64_MAX};
    c->budget.price_micros = (int64_t)ceil(c->value_micros / rate);
    if (fr_rng_below(rng, 2)) {
        c->hour_cap = 1 + fr_rng_below(rng, 3);
        c->day_cap = c->hour_cap + fr_rng_below(rng, 6);
    }
}

/* One in five runs from eight to twenty o'clock, another has a total and no daily budget and ends at twenty. */
static void give_budget(struct sim_campaign *c, uint32_t i, double impressions) {
    double micros = impressions * c->value_micros;
    int64_t rounded = (int64_t)ceil(micros / (double)c->budget.price_micros) * c->budget.price_micros;
    if (i % 5 == 3) {
        c->budget.total_micros = rounded;
        c->budget.end_ms = sim_time(20 * FR_HOUR_MS);
    } else {
        c->budget.daily_micros = rounded;
    }
    if (i % 5 == 4) {
        c->budget.start_ms = sim_time(8 * FR_HOUR_MS);
        c->budget.end_ms = sim_time(20 * FR_HOUR_MS);
    }
}

static void make_budgets(struct sim_world *w) {
    const struct sim_options *o = w->options;
    double *weights = fr_alloc(w->campaign_n * sizeof *weights), sum = 0;
    for (uint32_t i = 0; i < w->campaign_n; i++) {
        weights[i] = w->campaigns[i].can_spend ? exp(.7 * gaussian(&w->rng)) : 0;
        sum += weights[i];
    }
    for (uint32_t i = 0; i < w->campaign_n; i++) {
        struct sim_campaign *c = &w->campaigns[i];
        double brings = c->targets * (double)o->requests;
        double most = OF_ITS_USERS * brings;
        if (c->day_cap) most = fmin(most, OF_ITS_USERS * c->targets * (double)o->users * c->day_cap);
        double plan = SOLD * (double)o->requests * weights[i] / fmax(sum, 1e-9);
        give_budget(c, i, c->can_spend ? fmin(plan, most) : 3 * brings);
    }
    free(weights);
}

static void make_campaigns(struct sim_world *w) {
    w->campaign_n = (uint32_t)w->options->campaigns;
    w->words = (w->campaign_n + 63) / 64;
    w->campaigns = fr_alloc_zero(w->campaign_n, sizeof *w->campaigns);
    for (uint32_t i = 0; i < w->campaign_n; i++) make_campaign(&w->campaigns[i], i, &w->rng);
    make_budgets(w);
    qsort(w->campaigns, w->campaign_n, sizeof *w->campaigns, by_falling_value);
    for (uint32_t i = 0; i < w->campaign_n; i++) {
        struct sim_campaign *c = &w->campaigns[i];
        snprintf(c->id, sizeof c->id, "c%04u", i);
        c->number = fr_dict_intern(&w->ids, fr_str_of(c->id));
    }
}

/* --- users -------------------------------------------------------------------------------------------- */

static void make_users(struct sim_world *w) {
    uint32_t users = (uint32_t)w->options->users;
    w->activity = fr_alloc(users * sizeof *w->activity);
    w->targeted = fr_alloc_zero((size_t)users * w->words, sizeof *w->targeted);
    double sum = 0;
    for (uint32_t u = 0; u < users; u++) {
        w->activity[u] = sum += exp(ACTIVITY_SPREAD * gaussian(&w->rng));
        for (uint32_t c = 0; c < w->campaign_n; c++)
            if (fr_rng_uniform(&w->rng) < w->campaigns[c].targets)
                w->targeted[(size_t)u * w->words + c / 64] |= UINT64_C(1) << c % 64;
    }
    for (uint32_t u = 0; u < users; u++) w->activity[u] /= sum;
}

static uint32_t draw_user(struct sim_world *w) {
    double x = fr_rng_uniform(&w->rng);
    uint32_t low = 0, high = (uint32_t)w->options->users - 1;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (w->activity[middle] <= x)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* --- traffic ------------------------------------------------------------------------------------------ */

static void make_traffic(struct sim_world *w) {
    const struct sim_options *o = w->options;
    double sum = 0;
    for (int d = HISTORY_DAYS; d > 0; d--) {
        for (int h = 0; h < 24; h++) {
            struct fr_ledger_delta delta = {.campaign = FR_DICT_NONE, .hour = (SIM_DAY - d) * 24 + h};
            double n = (double)o->requests * o->shape[h] * exp(o->noise * gaussian(&w->rng));
            delta.add.of[FR_LEDGER_OPPORTUNITIES] = (int64_t)n;
            fr_ledger_apply(&w->history, FR_TRAFFIC_HOURS, &delta);
        }
    }
    for (int h = 0; h < 24; h++) sum += w->today[h] = o->shape[h] * exp(o->noise * gaussian(&w->rng));
    for (int h = 0; h < 24; h++) w->today[h] /= sum;
}

static void come(struct sim_world *w, struct sim_entry e) {
    if (e.at_ms / 1000 < SIM_DAY_S + SIM_DRAIN_S) sim_log_add(&w->coming[e.at_ms / 1000], e);
}

void sim_world_ask(struct sim_world *w, uint32_t second) {
    double mean = (double)w->options->requests * w->today[second / 3600] / 3600;
    for (uint32_t n = poisson(&w->rng, mean); n > 0; n--) {
        uint32_t user = draw_user(w);
        come(w, (struct sim_entry){second * 1000 + fr_rng_below(&w->rng, 1000), user, SIM_NONE, SIM_REQUEST,
                                   false});
    }
}

void sim_world_answer(struct sim_world *w, const struct sim_entry *request, uint32_t second) {
    const struct sim_campaign *c = &w->campaigns[request->campaign];
    struct sim_entry e = *request;
    if (fr_rng_uniform(&w->rng) >= SHOWN) return;
    e.kind = SIM_IMPRESSION;
    e.at_ms = (second + 1) * 1000 + SHOW_LEAST_MS + fr_rng_below(&w->rng, SHOW_SPREAD_MS);
    come(w, e);
    if (fr_rng_uniform(&w->rng) >= c->click) return;
    e.kind = SIM_CLICK;
    e.at_ms += (uint32_t)exponential(&w->rng, CLICK_MEAN_MS);
    come(w, e);
    if (fr_rng_uniform(&w->rng) >= c->conversion) return;
    e.kind = SIM_CONVERSION;
    e.at_ms += (uint32_t)exponential(&w->rng, CONVERSION_MEAN_MS);
    come(w, e);
}

void sim_world_init(struct sim_world *w, const struct sim_options *options) {
    *w = (struct sim_world){.options = options, .rng = {(uint64_t)options->seed}};
    fr_dict_init(&w->ids);
    make_campaigns(w);
    make_users(w);
    make_traffic(w);
    w->coming = fr_alloc_zero(SIM_DAY_S + SIM_DRAIN_S, sizeof *w->coming);
}

void sim_world_fini(struct sim_world *w) {
    for (uint32_t s = 0; s < SIM_DAY_S + SIM_DRAIN_S; s++) free(w->coming[s].at);
    free(w->coming);
    free(w->campaigns);
    free(w->activity);
    free(w->targeted);
    fr_ledger_fini(&w->history);
    fr_dict_fini(&w->ids);
}
