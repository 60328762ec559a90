/* The state of a partition is a function of its log: `apply` is the only thing that changes it, for a record that is new and
 * for one that is replayed alike. What depends on more, the multipliers at hand, is decided before and stands in the
 * record. */
#include "eval_pacing.h"
#include <stdio.h>
#include <stdlib.h>

enum { HOUR_MS = FR_HOUR_MS };

static const uint32_t NEVER = UINT32_MAX;

void sim_partition_init(struct sim_partition *p, struct sim_world *w, uint16_t number,
                        struct sim_user *users) {
    uint32_t n = w->campaign_n;
    *p = (struct sim_partition){.world = w, .users = users, .number = number, .snapshots = 1};
    p->permits = fr_alloc_zero(n, sizeof *p->permits);
    p->opportunities = fr_alloc_zero(n, sizeof *p->opportunities);
    p->in_hour = fr_alloc_zero(n, sizeof *p->in_hour);
    p->in_day = fr_alloc_zero(n, sizeof *p->in_day);
    fr_ledger_sink_init(&p->sink, &w->ids, SIM_PARTITIONS, 0);
}

void sim_partition_fini(struct sim_partition *p) {
    for (uint32_t i = 0; i < p->journal_n; i++) free(p->journal[i].was.at);
    free(p->journal);
    free(p->log.at);
    free(p->permits);
    free(p->offers);
    free(p->opportunities);
    free(p->in_hour);
    free(p->in_day);
    fr_ledger_sink_fini(&p->sink);
}

/* --- users -------------------------------------------------------------------------------------------- */

/* The user, to be changed: as he is now is kept for the way back to the snapshot. */
static struct sim_user *change_user(struct sim_partition *p, uint32_t number) {
    struct sim_user *u = &p->users[number];
    if (u->kept_in == p->snapshots) return u;
    if (p->journal_n == p->journal_cap) {
        p->journal_cap = p->journal_cap ? 2 * p->journal_cap : 256;
        p->journal = fr_realloc(p->journal, p->journal_cap * sizeof *p->journal);
    }
    struct sim_user was = *u;
    was.cap = was.n;
    was.at = fr_alloc((was.n + 1u) * sizeof *was.at);
    if (u->n) memcpy(was.at, u->at, u->n * sizeof *was.at);
    p->journal[p->journal_n++] = (struct sim_kept){number, was};
    u->kept_in = p->snapshots;
    return u;
}

static void add_shown(struct sim_partition *p, uint32_t number, uint32_t at_ms, uint16_t campaign) {
    struct sim_user *u = change_user(p, number);
    if (u->n == u->cap) {
        u->cap = (uint16_t)(u->cap ? 2 * u->cap : 4);
        u->at = fr_realloc(u->at, u->cap * sizeof *u->at);
    }
    u->at[u->n++] = (struct sim_shown){at_ms, campaign, true, false};
}

/* The user's open ad of this campaign that was given at this time, or NEVER: the first one. */
static struct sim_shown *find_open(struct sim_user *u, uint16_t campaign, uint32_t at_ms) {
    for (uint32_t i = 0; i < u->n; i++)
        if (u->at[i].open && u->at[i].campaign == campaign && (at_ms == NEVER || u->at[i].at_ms == at_ms))
            return &u->at[i];
    return NULL;
}

/* --- state -------------------------------------------------------------------------------------------- */

static void give_offer(struct sim_partition *p, const struct sim_entry *e) {
    if (p->facts.offers_n == p->offer_cap) {
        p->offer_cap = p->offer_cap ? 2 * p->offer_cap : 1024;
        p->offers = fr_realloc(p->offers, p->offer_cap * sizeof *p->offers);
    }
    p->offers[p->facts.offers_n++] = (struct sim_offer){e->at_ms, e->user, e->campaign};
    add_shown(p, e->user, e->at_ms, e->campaign);
}

/* No cap counts ads that were given and not shown in time. */
static void expire_offers(struct sim_partition *p, uint32_t at_ms) {
    struct sim_facts *f = &p->facts;
    for (; f->offers_from < f->offers_n && p->offers[f->offers_from].at_ms + SIM_OFFER_MS < at_ms;
         f->offers_from++) {
        const struct sim_offer *o = &p->offers[f->offers_from];
        struct sim_shown *open = find_open(&p->users[o->user], o->campaign, o->at_ms);
        if (!open) continue;
        size_t index = (size_t)(open - p->users[o->user].at);
        struct sim_user *u = change_user(p, o->user);
        u->at[index] = u->at[--u->n];
    }
}

/* The user's latest ad of this campaign that was shown, or NULL. */
static struct sim_shown *find_shown(struct sim_user *u, uint16_t campaign) {
    struct sim_shown *latest = NULL;
    for (uint32_t i = 0; i < u->n; i++)
        if (!u->at[i].open && u->at[i].campaign == campaign && (!latest || u->at[i].at_ms >= latest->at_ms))
            latest = &u->at[i];
    return latest;
}

static fr_time_ms answer_ms(enum sim_paid paid) {
    static const fr_time_ms by_kind[SIM_PAID_N] = {0, FR_PERMIT_CLICK_MS, FR_PERMIT_CONVERSION_MS};
    return by_kind[paid];
}

/* As in hard mode: the first answer after the latest impression, while that is reserved. */
static bool is_first_answer(struct sim_partition *p, const struct sim_entry *e, enum sim_paid kind) {
    struct sim_shown *shown = find_shown(change_user(p, e->user), e->campaign);
    if (!shown || shown->answered || e->at_ms < shown->at_ms || e->at_ms - shown->at_ms > answer_ms(kind))
        return false;
    return shown->answered = true;
}

static bool bill_answer(struct sim_partition *p, const struct sim_entry *e, enum sim_paid kind) {
    if (p->world->campaigns[e->campaign].paid != kind) return false;
    return !p->world->options->hard || is_first_answer(p, e, kind);
}

static bool apply_shown(struct sim_partition *p, const struct sim_entry *e) {
    struct sim_user *u = change_user(p, e->user);
    struct sim_shown *open = find_open(u, e->campaign, NEVER);
    if (open) *open = (struct sim_shown){e->at_ms, e->campaign, false, false};
    p->mismatches += !open;
    return p->world->campaigns[e->campaign].paid == SIM_PAID_IMPRESSION;
}

/* Whether e was billed. */
static bool apply(struct sim_partition *p, const struct sim_entry *e) {
    expire_offers(p, e->at_ms);
    switch ((enum sim_kind)e->kind) {
    case SIM_REQUEST:
        if (e->campaign != SIM_NONE) give_offer(p, e);
        return false;
    case SIM_IMPRESSION: return apply_shown(p, e);
    case SIM_CLICK: return bill_answer(p, e, SIM_PAID_CLICK);
    case SIM_CONVERSION: return bill_answer(p, e, SIM_PAID_CONVERSION);
    }
    return false;
}

/* --- permits ------------------------------------------------------------------------------------------ */

/* As late as the partition's clock. */
static struct fr_permits *permits_of(struct sim_partition *p, uint32_t campaign) {
    struct fr_permits *permits = &p->permits[campaign];
    const struct sim_campaign *c = &p->world->campaigns[campaign];
    const struct fr_permit_terms terms = {
        {c->budget.daily_micros, c->budget.total_micros, c->budget.price_micros}, answer_ms(c->paid)};
    if (permits->generation != p->generation) fr_permits_start(permits, p->generation, &terms, p->clock_ms);
    fr_permits_advance(permits, p->clock_ms);
    return permits;
}

/* True: the request may be answered with this campaign, and its price is reserved. */
static bool give_permit(struct sim_partition *p, uint32_t campaign, uint32_t at_ms) {
    if (!p->world->options->hard) return true;
    return fr_permits_give(permits_of(p, campaign), sim_time(at_ms) + SIM_OFFER_MS, p->clock_ms);
}

static void note_permits(struct sim_partition *p, const struct sim_entry *e) {
    if (!p->world->options->hard || e->kind == SIM_REQUEST) return;
    struct fr_permits *permits = permits_of(p, e->campaign);
    if (e->kind == SIM_IMPRESSION) fr_permits_shown(permits, p->clock_ms);
    if (e->billed) fr_permits_bill(permits, p->world->campaigns[e->campaign].budget.price_micros);
}

bool sim_partition_report(struct sim_partition *p, uint16_t campaign, struct fr_permit_report *report) {
    struct fr_permits *permits = &p->permits[campaign];
    if (!p->generation || permits->generation != p->generation) return false;
    fr_permits_advance(permits, p->clock_ms);
    if (!fr_permits_report(permits, p->clock_ms, report)) return false;
    report->partition = p->number;
    return true;
}

/* --- decisions ---------------------------------------------------------------------------------------- */

/* What caps count: shown in the window, or given and still open, since it may yet be shown. */
static void count_shown(struct sim_partition *p, const struct sim_user *u, uint32_t at_ms, int sign) {
    for (uint32_t i = 0; i < u->n; i++) {
        const struct sim_shown *s = &u->at[i];
        if (s->open || s->at_ms + HOUR_MS > at_ms)
            p->in_hour[s->campaign] = (uint16_t)(p->in_hour[s->campaign] + sign);
        p->in_day[s->campaign] = (uint16_t)(p->in_day[s->campaign] + sign);
    }
}

static bool is_open(const struct sim_partition *p, const struct sim_campaign *c, uint32_t number,
                    fr_time_ms now) {
    bool capped = c->hour_cap && (p->in_hour[number] >= c->hour_cap || p->in_day[number] >= c->day_cap);
    return !capped && c->budget.start_ms <= now && now < c->budget.end_ms;
}

/* The campaigns come by falling value: the first that is let in and can be paid for. */
static void choose(struct sim_partition *p, struct sim_entry *e) {
    const struct sim_world *w = p->world;
    char id[16];
    struct fr_str user = {id, (uint32_t)snprintf(id, sizeof id, "u%u", e->user)};
    const uint64_t *targeted = w->targeted + (size_t)e->user * w->words;
    fr_time_ms now = sim_time(e->at_ms);
    for (uint32_t word = 0; word < w->words; word++) {
        for (uint64_t bits = targeted[word]; bits; bits &= bits - 1) {
            uint32_t number = word * 64 + (uint32_t)__builtin_ctzll(bits);
            const struct sim_campaign *c = &w->campaigns[number];
            if (!is_open(p, c, number, now)) continue;
            p->opportunities[number]++;
            if (e->campaign != SIM_NONE) continue;
            if (!fr_pacing_admits(p->multipliers[number], user, fr_str_of(c->id), now)) continue;
            if (give_permit(p, number, e->at_ms)) e->campaign = (uint16_t)number;
        }
    }
}

static void decide(struct sim_partition *p, struct sim_entry *e) {
    const struct sim_user *u = &p->users[e->user];
    expire_offers(p, e->at_ms);
    count_shown(p, u, e->at_ms, 1);
    choose(p, e);
    count_shown(p, u, e->at_ms, -1);
}

/* --- batches ------------------------------------------------------------------------------------------ */

static int32_t hour_of(uint32_t at_ms) { return fr_ledger_hour(sim_time(at_ms)); }

static void tell_ledger(struct sim_partition *p, const struct sim_entry *e) {
    static const enum fr_ledger_measure measures[] = {
        [SIM_REQUEST] = FR_LEDGER_OPPORTUNITIES,
        [SIM_IMPRESSION] = FR_LEDGER_IMPRESSIONS,
        [SIM_CLICK] = FR_LEDGER_CLICKS,
        [SIM_CONVERSION] = FR_LEDGER_CONVERSIONS,
    };
    int32_t hour = hour_of(e->at_ms);
    if (e->kind == SIM_REQUEST) {
        fr_ledger_sink_add(&p->sink, FR_DICT_NONE, hour, FR_LEDGER_OPPORTUNITIES, 1);
        return;
    }
    const struct sim_campaign *c = &p->world->campaigns[e->campaign];
    fr_ledger_sink_add(&p->sink, c->number, hour, measures[e->kind], 1);
    if (!e->billed) return;
    fr_ledger_sink_add(&p->sink, c->number, hour, FR_LEDGER_BILLED, 1);
    fr_ledger_sink_add(&p->sink, c->number, hour, FR_LEDGER_SPEND_MICROS, c->budget.price_micros);
}

/* Of a second's requests, all of which are counted in its hour. */
static void tell_opportunities(struct sim_partition *p, uint32_t second) {
    int32_t hour = hour_of(second * 1000);
    for (uint32_t c = 0; c < p->world->campaign_n; c++) {
        if (p->opportunities[c])
            fr_ledger_sink_add(&p->sink, p->world->campaigns[c].number, hour, FR_LEDGER_OPPORTUNITIES,
                               p->opportunities[c]);
        p->opportunities[c] = 0;
    }
}

void sim_partition_read(struct sim_partition *p, uint32_t second) {
    for (; p->facts.read < p->log.n; p->facts.read++) {
        struct sim_entry *e = &p->log.at[p->facts.read];
        bool late = e->at_ms + SIM_PATIENCE_MS < second * 1000;
        if (!p->generation) p->generation = (int64_t)p->facts.read + 1;
        if (sim_time(e->at_ms) > p->clock_ms) p->clock_ms = sim_time(e->at_ms);
        if (e->kind == SIM_REQUEST && late) p->unanswered++;
        if (e->kind == SIM_REQUEST && !late) decide(p, e);
        e->billed = apply(p, e);
        note_permits(p, e);
        tell_ledger(p, e);
    }
    tell_opportunities(p, second);
}

static void keep_snapshot(struct sim_partition *p) {
    struct sim_facts *to = &p->snapshot;
    to->read = p->facts.read;
    to->offers_from = p->facts.offers_from;
    to->offers_n = p->facts.offers_n;
    for (uint32_t i = 0; i < p->journal_n; i++) free(p->journal[i].was.at);
    p->journal_n = 0;
    p->snapshots++;
}

void sim_partition_commit(struct sim_partition *p, uint32_t second) {
    for (; p->committed < p->facts.read; p->committed++) {
        const struct sim_entry *e = &p->log.at[p->committed];
        if (e->kind == SIM_REQUEST && e->campaign != SIM_NONE) sim_world_answer(p->world, e, second);
    }
    fr_ledger_sink_clear(&p->sink);
    if ((second + p->number) % SIM_SNAPSHOT_S == 0) keep_snapshot(p);
}

static void forget_batch(struct sim_partition *p) {
    for (uint32_t i = p->committed; i < p->facts.read; i++) {
        struct sim_entry *e = &p->log.at[i];
        if (e->kind == SIM_REQUEST) e->campaign = SIM_NONE;
        e->billed = false;
    }
    fr_ledger_sink_clear(&p->sink);
}

static void return_to_snapshot(struct sim_partition *p) {
    for (uint32_t i = 0; i < p->journal_n; i++) {
        struct sim_kept *kept = &p->journal[i];
        free(p->users[kept->user].at);
        p->users[kept->user] = kept->was;
    }
    p->journal_n = 0;
    p->facts.read = p->snapshot.read;
    p->facts.offers_from = p->snapshot.offers_from;
    p->facts.offers_n = p->snapshot.offers_n;
}

void sim_partition_kill(struct sim_partition *p) {
    forget_batch(p);
    p->generation = 0;
    return_to_snapshot(p);
    for (; p->facts.read < p->committed; p->facts.read++) {
        const struct sim_entry *e = &p->log.at[p->facts.read];
        p->replayed++;
        if (apply(p, e) != e->billed) p->mismatches++;
    }
}
