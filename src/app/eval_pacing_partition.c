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
    p->facts.leases = fr_alloc_zero(n, sizeof *p->facts.leases);
    p->snapshot.leases = fr_alloc_zero(n, sizeof *p->snapshot.leases);
    p->opportunities = fr_alloc_zero(n, sizeof *p->opportunities);
    p->in_hour = fr_alloc_zero(n, sizeof *p->in_hour);
    p->in_day = fr_alloc_zero(n, sizeof *p->in_day);
    fr_ledger_sink_init(&p->sink, &w->ids, SIM_PARTITIONS, 0);
}

void sim_partition_fini(struct sim_partition *p) {
    for (uint32_t i = 0; i < p->journal_n; i++) free(p->journal[i].was.at);
    free(p->journal);
    free(p->log.at);
    free(p->grants);
    free(p->facts.leases);
    free(p->snapshot.leases);
    free(p->offers);
    free(p->asks.at);
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
    u->at[u->n++] = (struct sim_shown){at_ms, campaign, true};
}

/* The user's open ad of this campaign that was given at this time, or NEVER: the first one. */
static struct sim_shown *find_open(struct sim_user *u, uint16_t campaign, uint32_t at_ms) {
    for (uint32_t i = 0; i < u->n; i++)
        if (u->at[i].open && u->at[i].campaign == campaign && (at_ms == NEVER || u->at[i].at_ms == at_ms))
            return &u->at[i];
    return NULL;
}

/* --- state -------------------------------------------------------------------------------------------- */

static bool is_reserved(const struct sim_partition *p, uint16_t campaign) {
    return p->world->options->hard && p->world->campaigns[campaign].paid == SIM_PAID_IMPRESSION;
}

void sim_asks_add(struct sim_asks *asks, struct sim_ask ask) {
    if (asks->n == asks->cap) {
        asks->cap = asks->cap ? 2 * asks->cap : 64;
        asks->at = fr_realloc(asks->at, asks->cap * sizeof *asks->at);
    }
    asks->at[asks->n++] = ask;
}

static void ask_for(struct sim_partition *p, uint16_t campaign, uint32_t at_ms, bool live) {
    if (!p->world->options->hard || campaign == SIM_NONE) return;
    struct sim_ask out = {.campaign = campaign, .partition = p->number};
    int64_t price = p->world->campaigns[campaign].budget.price_micros;
    if (fr_lease_asks(&p->facts.leases[campaign], price, sim_time(at_ms), &out.ask) && live)
        sim_asks_add(&p->asks, out);
}

static void give_offer(struct sim_partition *p, const struct sim_entry *e) {
    if (p->facts.offers_n == p->offer_cap) {
        p->offer_cap = p->offer_cap ? 2 * p->offer_cap : 1024;
        p->offers = fr_realloc(p->offers, p->offer_cap * sizeof *p->offers);
    }
    p->offers[p->facts.offers_n++] = (struct sim_offer){e->at_ms, e->user, e->campaign};
    add_shown(p, e->user, e->at_ms, e->campaign);
    if (!is_reserved(p, e->campaign)) return;
    int64_t price = p->world->campaigns[e->campaign].budget.price_micros;
    bool ok = fr_lease_reserve(&p->facts.leases[e->campaign], price, sim_time(e->at_ms));
    p->mismatches += !ok; /* the decision saw that there is enough */
}

/* Ads that were given and not shown in time give back what was set aside, and no cap counts them. */
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
        if (is_reserved(p, o->campaign))
            fr_lease_release(&f->leases[o->campaign], SIM_DAY,
                             p->world->campaigns[o->campaign].budget.price_micros);
    }
}

static bool bill(struct sim_partition *p, const struct sim_entry *e, enum sim_paid kind) {
    const struct sim_campaign *c = &p->world->campaigns[e->campaign];
    if (c->paid != kind) return false;
    if (!p->world->options->hard) return true;
    return fr_lease_bill(&p->facts.leases[e->campaign], is_reserved(p, e->campaign), SIM_DAY,
                         c->budget.price_micros, sim_time(e->at_ms));
}

static bool apply_shown(struct sim_partition *p, const struct sim_entry *e) {
    struct sim_user *u = change_user(p, e->user);
    struct sim_shown *open = find_open(u, e->campaign, NEVER);
    if (open) *open = (struct sim_shown){e->at_ms, e->campaign, false};
    p->mismatches += !open;
    return bill(p, e, SIM_PAID_IMPRESSION);
}

static void apply_tick(struct sim_partition *p, const struct sim_entry *e, bool live) {
    for (uint32_t c = 0; c < p->world->campaign_n; c++) ask_for(p, (uint16_t)c, e->at_ms, live);
}

/* Whether e was billed. */
static bool apply(struct sim_partition *p, const struct sim_entry *e, bool live) {
    bool billed = false;
    expire_offers(p, e->at_ms);
    if (e->campaign != SIM_NONE) fr_lease_advance(&p->facts.leases[e->campaign], sim_time(e->at_ms));
    switch ((enum sim_kind)e->kind) {
    case SIM_REQUEST:
        if (e->wanted != SIM_NONE) {
            fr_lease_advance(&p->facts.leases[e->wanted], sim_time(e->at_ms));
            fr_lease_reserve(&p->facts.leases[e->wanted], INT64_MAX, sim_time(e->at_ms));
            ask_for(p, e->wanted, e->at_ms, live);
        }
        if (e->campaign != SIM_NONE) give_offer(p, e);
        break;
    case SIM_IMPRESSION: billed = apply_shown(p, e); break;
    case SIM_CLICK: billed = bill(p, e, SIM_PAID_CLICK); break;
    case SIM_CONVERSION: billed = bill(p, e, SIM_PAID_CONVERSION); break;
    case SIM_GRANT: fr_lease_take(&p->facts.leases[e->campaign], &p->grants[e->user]); break;
    case SIM_TICK: apply_tick(p, e, live); break;
    }
    ask_for(p, e->campaign, e->at_ms, live);
    return billed;
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
            if (!w->options->hard || fr_lease_free(&p->facts.leases[number]) >= c->budget.price_micros)
                e->campaign = (uint16_t)number;
            else if (e->wanted == SIM_NONE)
                e->wanted = (uint16_t)number;
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
    if (e->kind > SIM_CONVERSION) return;
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
        if (e->kind == SIM_REQUEST && late) p->unanswered++;
        if (e->kind == SIM_REQUEST && !late) decide(p, e);
        e->billed = apply(p, e, true);
        tell_ledger(p, e);
    }
    tell_opportunities(p, second);
}

static void keep_snapshot(struct sim_partition *p) {
    struct sim_facts *to = &p->snapshot;
    memcpy(to->leases, p->facts.leases, p->world->campaign_n * sizeof *to->leases);
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
    p->asks.n = 0;
    fr_ledger_sink_clear(&p->sink);
    if ((second + p->number) % SIM_SNAPSHOT_S == 0) keep_snapshot(p);
}

static void forget_batch(struct sim_partition *p) {
    for (uint32_t i = p->committed; i < p->facts.read; i++) {
        struct sim_entry *e = &p->log.at[i];
        if (e->kind == SIM_REQUEST) e->campaign = e->wanted = SIM_NONE;
        e->billed = false;
    }
    p->asks.n = 0;
    fr_ledger_sink_clear(&p->sink);
}

static void return_to_snapshot(struct sim_partition *p) {
    for (uint32_t i = 0; i < p->journal_n; i++) {
        struct sim_kept *kept = &p->journal[i];
        free(p->users[kept->user].at);
        p->users[kept->user] = kept->was;
    }
    p->journal_n = 0;
    memcpy(p->facts.leases, p->snapshot.leases, p->world->campaign_n * sizeof *p->facts.leases);
    p->facts.read = p->snapshot.read;
    p->facts.offers_from = p->snapshot.offers_from;
    p->facts.offers_n = p->snapshot.offers_n;
}

void sim_partition_kill(struct sim_partition *p) {
    forget_batch(p);
    return_to_snapshot(p);
    for (; p->facts.read < p->committed; p->facts.read++) {
        const struct sim_entry *e = &p->log.at[p->facts.read];
        p->replayed++;
        if (apply(p, e, false) != e->billed) p->mismatches++;
    }
}

void sim_partition_grant(struct sim_partition *p, uint32_t second, uint16_t campaign,
                         struct fr_lease_grant grant) {
    if (p->grant_n == p->grant_cap) {
        p->grant_cap = p->grant_cap ? 2 * p->grant_cap : 256;
        p->grants = fr_realloc(p->grants, p->grant_cap * sizeof *p->grants);
    }
    p->grants[p->grant_n] = grant;
    sim_log_add(&p->log,
                (struct sim_entry){second * 1000, p->grant_n++, campaign, SIM_NONE, SIM_GRANT, false});
}
