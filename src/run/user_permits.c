/* Campaigns with a hard budget in the user stage: scores are permits, covered by what the aggregate stage granted.
 *
 *     events --> user stage: scores with show_until --> ad server --> ad_impression, ad_click --> events
 *                  | reports, behind the ledger records        ^ grants: the book in the pacing view
 *                  v                                           |
 *                aggregate stage: the campaign's ledger, its spend and its book in one state
 *
 * Problem   see target/permit.h. Here: which permits are given depends on views and models, so they cannot be state, and still no crash
 *           may forget one that an ad server holds.
 * Choice    holders of permits live as long as a partition does in memory. Each life has a generation: the offset of the first record
 *           that it speaks for, + 1. Whoever took over later begins behind what was committed, so generations rise, and a life that never
 *           committed gave nothing out. Reports go out in the transaction with the scores and the ledger records that they are about.
 * Billing   is bounded too: an impression that is FR_PERMIT_ARRIVE_MS late in the log, a click or conversion that is not the first of
 *           its kind since the latest impression, or is longer after it than a permit reserves, is counted and not billed; and no event is billed
 *           at more than the campaign's price. What is left to ad servers is in docs/TARGETING.md.
 * Invariant nothing here is state, and nothing is sent for a partition of which only silent records were read. */
#include "freshet/base/hash.h"
#include "stage_user_internal.h"
#include <stdlib.h>

void user_permits_record(struct user_stage *s, const struct fr_stage_batch *b, uint32_t record, bool silent) {
    struct user_permits *l = &s->permits;
    const struct fr_record *r = &b->records[record];
    if (!l->places) {
        l->place_n = b->input_partitions;
        l->places = fr_alloc_zero(l->place_n, sizeof *l->places);
    }
    struct permit_place *place = &l->places[r->partition];
    l->now_at = r->partition;
    fr_time_ms t =
        r->timestamp_ms < b->now_ms ? r->timestamp_ms : b->now_ms; /* one of the future ends no permit */
    if (t > place->clock_ms) place->clock_ms = t;
    if (silent) return;
    place->moved = true;
    if (!place->generation) place->generation = r->offset + 1;
}

/* ---- holders ---- */

static struct fr_permit_terms terms_of(const struct fr_campaign *c) {
    static const fr_time_ms answers_ms[] = {[FR_CAMPAIGN_PAYS_IMPRESSION] = 0,
                                            [FR_CAMPAIGN_PAYS_CLICK] = FR_PERMIT_CLICK_MS,
                                            [FR_CAMPAIGN_PAYS_CONVERSION] = FR_PERMIT_CONVERSION_MS};
    return (struct fr_permit_terms){{c->daily_micros, c->total_micros, c->price_micros}, answers_ms[c->pays]};
}

static struct permit_holder *holder_new(struct user_permits *l, uint32_t partition, uint32_t campaign,
                                        const struct fr_permit_terms *terms) {
    const struct permit_place *place = &l->places[partition];
    struct permit_holder *h = fr_alloc_zero(1, sizeof *h);
    h->partition = partition;
    h->campaign = campaign;
    fr_permits_start(&h->permits, place->generation, terms, place->clock_ms);
    if (l->holder_n == l->holder_cap) {
        l->holder_cap = l->holder_cap ? 2 * l->holder_cap : 64;
        l->holders = fr_realloc(l->holders, l->holder_cap * sizeof(struct permit_holder *));
    }
    l->holders[l->holder_n++] = h;
    return h;
}

/* On the terms of now, and as late as the partition's clock. */
static struct permit_holder *holder_at(struct user_permits *l, uint32_t partition, uint32_t campaign,
                                       const struct fr_campaign *c) {
    const struct fr_permit_terms terms = terms_of(c);
    bool was_there;
    uint64_t *at = fr_map_put(&l->holder_of, (uint64_t)partition << 32 | campaign, &was_there);
    if (!was_there) {
        holder_new(l, partition, campaign, &terms);
        *at = l->holder_n;
    }
    struct permit_holder *h = l->holders[*at - 1];
    h->permits.terms = terms;
    fr_permits_advance(&h->permits, l->places[partition].clock_ms);
    return h;
}

/* ---- what can be shown, and what was given ---- */

fr_time_ms user_permits_until(const struct user_stage *s, int32_t partition, fr_time_ms cause_ms) {
    const struct user_permits *l = &s->permits;
    fr_time_ms from_ms =
        l->places && l->places[partition].clock_ms < cause_ms ? l->places[partition].clock_ms : cause_ms;
    fr_time_ms ttl_ms = s->rules->ads.ttl_ms;
    return from_ms + (ttl_ms < FR_PERMIT_SHOW_MS ? ttl_ms : FR_PERMIT_SHOW_MS);
}

static void learn(struct user_stage *s, struct permit_holder *h, const struct fr_pacing_entry *pace) {
    struct fr_permit_account account;
    if (!pace || h->learnt_ms == s->ads.pacing_ms) return;
    h->learnt_ms = s->ads.pacing_ms;
    if (fr_permit_book_find(pace->permits, h->partition, &account)) fr_permits_learn(&h->permits, &account);
}

static void number_campaigns(struct user_stage *s, const struct fr_campaign_set *set) {
    struct user_permits *l = &s->permits;
    if (l->numbers_of == set->number) return;
    l->covered = fr_realloc(l->covered, (set->campaign_n + 1) * sizeof *l->covered);
    l->numbers = fr_realloc(l->numbers, (set->campaign_n + 1) * sizeof *l->numbers);
    for (uint32_t i = 0; i < set->campaign_n; i++) {
        const struct fr_campaign *c = &set->campaigns[i].record;
        bool hard = c->budget == FR_CAMPAIGN_HARD;
        l->numbers[i] = hard ? fr_dict_intern(&s->ids, c->id) : (uint32_t)FR_DICT_NONE;
    }
    l->numbers_of = set->number;
}

const bool *user_permits_covered(struct user_stage *s, int32_t partition, const struct fr_campaign_set *set) {
    struct user_permits *l = &s->permits;
    fr_time_ms clock_ms = l->places[partition].clock_ms;
    number_campaigns(s, set);
    for (uint32_t i = 0; i < set->campaign_n; i++) {
        const struct fr_campaign *c = &set->campaigns[i].record;
        l->covered[i] = false;
        if (l->numbers[i] == (uint32_t)FR_DICT_NONE || !fr_campaign_runs(c, clock_ms)) continue;
        struct permit_holder *h = holder_at(l, (uint32_t)partition, l->numbers[i], c);
        learn(s, h, s->ads.places[i]);
        l->covered[i] = fr_permits_covers(&h->permits, clock_ms + FR_PERMIT_SHOW_MS);
    }
    return l->covered;
}

/* Whether it was covered. */
static bool give(struct user_permits *l, int32_t partition, const struct fr_ad_score *score,
                 const struct fr_campaign *c, fr_time_ms until_ms) {
    struct fr_permits *p = &holder_at(l, (uint32_t)partition, l->numbers[score->campaign], c)->permits;
    fr_time_ms now_ms = l->places[partition].clock_ms;
    if (score->bar == FR_AD_BAR_UNCOVERED) {
        fr_permits_want(p, now_ms);
        return false;
    }
    bool given = fr_permits_give(p, until_ms, now_ms);
    FR_ASSERT(given); /* it was covered a moment ago */
    return given;
}

void user_permits_give(struct user_stage *s, const struct fr_stage_batch *b, int32_t partition,
                       const struct fr_ad_scores *scores, const struct fr_campaign_set *set,
                       fr_time_ms until_ms) {
    for (uint32_t i = 0; i < scores->n; i++) {
        const struct fr_ad_score *score = &scores->at[i];
        const struct fr_campaign *c = &set->campaigns[score->campaign].record;
        bool wanted = score->bar == FR_AD_BAR_NONE || score->bar == FR_AD_BAR_UNCOVERED;
        if (c->budget != FR_CAMPAIGN_HARD || !wanted) continue;
        bool given = give(&s->permits, partition, score, c, until_ms);
        fr_stat_add(b->stat, given ? FR_STAT_AD_PERMITS_GIVEN : FR_STAT_AD_PERMITS_WANTING, 0, 1);
    }
}

/* ---- what became of it ---- */

/* Whether the event can still be of a permit that is reserved. An answer from before the latest impression may be the second
 * one to another, and is not billed: else each of somebody's many clicks would be, as long as the next impression is known first. */
static bool is_in_time(const struct fr_event *e, const struct user_ad_before *before, fr_time_ms answer_ms,
                       fr_time_ms clock_ms) {
    if (e->type == FR_EVENT_AD_IMPRESSION) return clock_ms - e->time_ms <= FR_PERMIT_ARRIVE_MS;
    if (before->unanswered_ms == FR_EXPOSURE_NEVER || e->time_ms < before->unanswered_ms) return false;
    return clock_ms - before->unanswered_ms <= answer_ms;
}

bool user_permits_bill(struct user_stage *s, const struct fr_event *e, const struct user_ad_before *before,
                       const struct fr_campaign *c, int64_t *micros) {
    static const enum fr_event_type paid[] = {[FR_CAMPAIGN_PAYS_IMPRESSION] = FR_EVENT_AD_IMPRESSION,
                                              [FR_CAMPAIGN_PAYS_CLICK] = FR_EVENT_AD_CLICK,
                                              [FR_CAMPAIGN_PAYS_CONVERSION] = FR_EVENT_AD_CONVERSION};
    uint32_t partition = (uint32_t)s->permits.now_at;
    fr_time_ms clock_ms = s->permits.places[partition].clock_ms;
    struct fr_permits *p = &holder_at(&s->permits, partition, fr_dict_intern(&s->ids, c->id), c)->permits;
    if (e->type == FR_EVENT_AD_IMPRESSION) fr_permits_shown(p, clock_ms > e->time_ms ? clock_ms : e->time_ms);
    if (paid[c->pays] != e->type || !is_in_time(e, before, p->terms.answer_ms, clock_ms)) return false;
    if (*micros > c->price_micros) *micros = c->price_micros;
    fr_permits_bill(p, *micros);
    return true;
}

void user_permits_send(struct user_stage *s, const struct fr_stage_batch *b) {
    struct user_permits *l = &s->permits;
    struct fr_permit_report report;
    for (uint32_t i = 0; i < l->holder_n; i++) {
        struct permit_holder *h = l->holders[i];
        const struct permit_place *place = &l->places[h->partition];
        if (!place->moved) continue;
        fr_permits_advance(&h->permits, place->clock_ms);
        if (!fr_permits_report(&h->permits, place->clock_ms, &report)) continue;
        report.partition = h->partition;
        struct fr_str id = fr_dict_str(&s->ids, h->campaign);
        fr_buf_clear(&s->text);
        fr_permit_report_write(&s->text, id, &report);
        struct fr_out out = {.topic = FR_TOPIC_AFFINITY,
                             .partition = (int32_t)(fr_murmur2(id) % s->views.partitions),
                             .value = fr_buf_slice(&s->text)};
        fr_outbox_record(b->out, &out);
    }
    for (uint32_t p = 0; p < l->place_n; p++) l->places[p].moved = false;
}

/* ---- life ---- */

/* The next life of the partition is another generation; what this one gave stays reserved in the books. */
void user_permits_dropped(struct user_stage *s, int32_t partition) {
    struct user_permits *l = &s->permits;
    uint32_t kept = 0;
    if (!l->places) return;
    l->places[partition] = (struct permit_place){0};
    fr_map_clear(&l->holder_of);
    for (uint32_t i = 0; i < l->holder_n; i++) {
        struct permit_holder *h = l->holders[i];
        if (h->partition == (uint32_t)partition) {
            free(h);
            continue;
        }
        bool was_there;
        l->holders[kept++] = h;
        *fr_map_put(&l->holder_of, (uint64_t)h->partition << 32 | h->campaign, &was_there) = kept;
    }
    l->holder_n = kept;
}

void user_permits_fini(struct user_stage *s) {
    struct user_permits *l = &s->permits;
    for (uint32_t i = 0; i < l->holder_n; i++) free(l->holders[i]);
    free(l->holders);
    free(l->places);
    free(l->covered);
    free(l->numbers);
    fr_map_fini(&l->holder_of);
}
