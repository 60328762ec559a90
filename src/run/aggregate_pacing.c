/* How much each campaign may be shown at the moment: multipliers out of ledgers, once in PACING_MS, as views.
 *
 * Problem   a multiplier needs the campaign's ledger; that of a campaign which nothing has happened to since the start is in the
 *           store only, and must not be taken for an empty one, or its budget would be spent again.
 * Choice    a partition's view is written as soon as it is known to be ours (a ledger record of it was applied) and every ledger
 *           of it is known: in memory as a state, or read from the store. The controls go on from the view of before.
 * Time      the newest timestamp of a record: without traffic nothing is paced, and nothing needs to be.
 * Invariant nothing here is state; a lost view costs some minutes of even pace. */
#include "freshet/base/hash.h"
#include "freshet/target/campaign_set.h"
#include "stage_aggregate_internal.h"
#include <stdlib.h>

enum { PACING_MS = 1000, WANTED_MOST = 2000 };

/* The mean time from a multiplier to its effect in the ledger: views are up to a second old on either side, an ad is shown a
 * moment after it was scored, and what is paid for follows the impression. */
static const fr_time_ms delays_ms[] = {[FR_CAMPAIGN_PAYS_IMPRESSION] = 4500,
                                       [FR_CAMPAIGN_PAYS_CLICK] = 24500,
                                       [FR_CAMPAIGN_PAYS_CONVERSION] = 624500};

static const struct fr_campaign_set *set_of(const struct aggregate_stage *s) {
    return s->ads.campaigns.thing;
}

static bool is_due(const struct aggregate_stage *s, fr_time_ms now_ms) {
    const struct aggregate_ads *a = &s->ads;
    if (!s->rules->ads.enabled || !s->feeds.campaigns) return false;
    if (a->paced_ms && now_ms >= a->paced_ms && now_ms - a->paced_ms < PACING_MS) return false;
    for (uint32_t p = 0; p < s->views.partitions; p++)
        if (a->partitions[p].is_ours) return true;
    return false;
}

bool pacing_has_more(struct aggregate_stage *s, fr_time_ms now_ms) {
    if (!is_due(s, now_ms)) return false;
    struct fr_slot_hold hold = fr_slot_take(s->feeds.campaigns);
    const struct fr_campaign_set *set = hold.thing;
    bool more = set && set->campaign_n > 0;
    fr_slot_release(s->feeds.campaigns, &hold);
    return more;
}

static uint32_t partition_of(const struct aggregate_stage *s, struct fr_str id) {
    return fr_murmur2(id) % s->views.partitions;
}

/* ---- what must be read first ---- */

uint32_t pacing_views_most(const struct aggregate_stage *s) { return WANTED_MOST + s->views.partitions; }

static void want_ledger(struct aggregate_stage *s, const struct fr_stage_batch *b, struct fr_str id,
                        struct fr_str *keys, uint32_t at) {
    struct aggregate_ads *a = &s->ads;
    uint32_t number = fr_dict_intern(&s->ids, id), partition = partition_of(s, id);
    struct pace *p = ledger_pace(s, number);
    if (!a->partitions[partition].is_ours || p->live || p->is_read || a->wanted_n == WANTED_MOST) return;
    a->wanted[a->wanted_n++] = number;
    keys[at + a->wanted_n - 1] =
        fr_keys_state(&s->views, (int32_t)partition, fr_keys_thing(FR_KEY_LEDGER, id, b->arena), b->arena);
}

uint32_t pacing_views_wanted(struct aggregate_stage *s, const struct fr_stage_batch *b, struct fr_str *keys) {
    struct aggregate_ads *a = &s->ads;
    uint32_t n = 0;
    a->wanted_n = 0;
    for (uint32_t p = 0; p < s->views.partitions; p++) a->partitions[p].wants_controls = false;
    if (!is_due(s, b->now_ms)) return 0;
    fr_slot_release(s->feeds.campaigns, &a->campaigns);
    a->campaigns = fr_slot_take(s->feeds.campaigns);
    const struct fr_campaign_set *set = set_of(s);
    if (!set) return 0;
    for (uint32_t p = 0; p < s->views.partitions; p++) {
        struct paced_partition *place = &a->partitions[p];
        place->wants_controls = place->is_ours && !place->has_controls;
        if (place->wants_controls)
            keys[n++] = fr_keys_view(&s->views, "pacing", (int32_t)p, FR_STR(""), b->arena);
    }
    a->wanted = fr_arena_alloc(b->arena, WANTED_MOST * sizeof *a->wanted);
    for (uint32_t i = 0; i < set->campaign_n; i++) want_ledger(s, b, set->campaigns[i].record.id, keys, n);
    return n + a->wanted_n;
}

static void load_controls(struct aggregate_stage *s, struct fr_str bytes) {
    fr_time_ms at_ms;
    int64_t n = fr_pacing_view_decode(bytes, &at_ms, NULL, 0);
    if (n <= 0) return;
    struct fr_pacing_entry *entries = fr_alloc((size_t)n * sizeof *entries);
    fr_pacing_view_decode(bytes, &at_ms, entries, (uint32_t)n);
    for (int64_t i = 0; i < n; i++)
        ledger_pace(s, fr_dict_intern(&s->ids, entries[i].campaign_id))->control = entries[i].control;
    free(entries);
}

/* A stored state is [stamp, ledger]. */
static bool load_ledger(struct pace *p, struct fr_str value) {
    fr_ledger_fini(&p->stored);
    if (!value.len) return true;
    struct fr_reader r = fr_reader_of(value);
    bool shaped = fr_pack_read_array(&r) == 2;
    fr_pack_read_int(&r);
    if (!shaped || !r.ok) return false;
    return fr_ledger_decode(&p->stored, FR_LEDGER_HOURS,
                            (struct fr_str){(const char *)r.at, (uint32_t)(r.end - r.at)});
}

void pacing_views_loaded(struct aggregate_stage *s, const struct fr_stage_batch *b,
                         const struct fr_str *values) {
    struct aggregate_ads *a = &s->ads;
    uint32_t n = 0;
    for (uint32_t p = 0; p < s->views.partitions; p++) {
        if (!a->partitions[p].wants_controls) continue;
        if (values) load_controls(s, values[n]);
        a->partitions[p].has_controls = values != NULL;
        n++;
    }
    for (uint32_t i = 0; i < a->wanted_n; i++) {
        struct pace *p = ledger_pace(s, a->wanted[i]);
        if (!values) continue;
        p->is_read = load_ledger(p, values[n + i]);
        if (!p->is_read) fr_stat_add(b->stat, FR_STAT_LEDGERS_UNREADABLE, 0, 1);
    }
}

/* ---- multipliers ---- */

static struct fr_pacing_budget budget_of(const struct fr_campaign *c) {
    return (struct fr_pacing_budget){c->daily_micros, c->total_micros, c->start_ms, c->end_ms,
                                     c->price_micros};
}

static bool is_exhausted(const struct fr_campaign *c, const struct fr_pacing_entry *e) {
    return (c->daily_micros && e->spent_today_micros >= c->daily_micros) ||
           (c->total_micros && e->spent_total_micros >= c->total_micros);
}

static struct fr_str permits_of(const struct fr_permit_book *book, struct fr_arena *arena) {
    struct fr_buf bytes = {0};
    if (!book->n) return FR_STR("");
    fr_permit_book_encode(book, &bytes);
    struct fr_str copy = fr_arena_copy(arena, fr_buf_slice(&bytes));
    fr_buf_fini(&bytes);
    return copy;
}

static struct fr_pacing_entry entry_of(struct aggregate_stage *s, const struct fr_stage_batch *b,
                                       const struct fr_campaign *c, const struct fr_traffic_shape *traffic) {
    struct pace *p = ledger_pace(s, fr_dict_find(&s->ids, c->id));
    const struct fr_ledger *ledger = p->live ? &p->live->ledger : &p->stored;
    fr_time_ms now = s->ads.newest_ms;
    struct fr_pacing_budget budget = budget_of(c);
    struct fr_pacing_plan plan;
    struct fr_pacing_entry e = {.campaign_id = c->id};
    fr_pacing_plan_of(&plan, &budget, ledger, traffic, now);
    e.spent_today_micros = fr_ledger_spent_on_day(ledger, fr_ledger_day(fr_ledger_hour(now)));
    e.spent_total_micros = fr_ledger_total(ledger, FR_LEDGER_SPEND_MICROS);
    e.impressions = fr_ledger_total(ledger, FR_LEDGER_IMPRESSIONS);
    e.clicks = fr_ledger_total(ledger, FR_LEDGER_CLICKS);
    e.conversions = fr_ledger_total(ledger, FR_LEDGER_CONVERSIONS);
    e.exhausted = is_exhausted(c, &e);
    e.multiplier = 1;
    if (c->daily_micros || c->total_micros)
        e.multiplier = fr_pacing_step(&p->control, &plan, ledger, delays_ms[c->pays], now);
    if (e.exhausted) e.multiplier = 0;
    e.control = p->control;
    e.permits = permits_of(&ledger->permits, b->arena);
    return e;
}

static void write_view(struct aggregate_stage *s, const struct fr_stage_batch *b, uint32_t partition) {
    const struct fr_campaign_set *set = set_of(s);
    struct fr_pacing_entry *entries = fr_arena_alloc(b->arena, (set->campaign_n + 1) * sizeof *entries);
    struct fr_traffic_shape uniform, traffic;
    const struct ledger_state *seen = s->ads.partitions[partition].traffic;
    const struct fr_ledger none = {0};
    uint32_t n = 0;
    fr_traffic_shape_uniform(&uniform);
    fr_traffic_shape_of(&traffic, seen ? &seen->ledger : &none, s->ads.newest_ms, &uniform);
    for (uint32_t i = 0; i < set->campaign_n; i++) {
        const struct fr_campaign *c = &set->campaigns[i].record;
        if (partition_of(s, c->id) == partition && fr_campaign_runs(c, s->ads.newest_ms))
            entries[n++] = entry_of(s, b, c, &traffic);
    }
    fr_buf_clear(&s->view);
    fr_pacing_view_encode(&s->view, s->ads.newest_ms, entries, n);
    fr_outbox_view(b->out, fr_keys_view(&s->views, "pacing", (int32_t)partition, FR_STR(""), b->arena),
                   fr_buf_slice(&s->view));
}

/* Whether each campaign's ledger is known that lies in the partition. */
static bool is_known(struct aggregate_stage *s, uint32_t partition) {
    const struct fr_campaign_set *set = set_of(s);
    if (!s->ads.partitions[partition].is_ours || !s->ads.partitions[partition].has_controls) return false;
    for (uint32_t i = 0; i < set->campaign_n; i++) {
        struct fr_str id = set->campaigns[i].record.id;
        if (partition_of(s, id) != partition) continue;
        const struct pace *p = ledger_pace(s, fr_dict_intern(&s->ids, id));
        if (!p->live && !p->is_read) return false;
    }
    return true;
}

void pacing_finish(struct aggregate_stage *s, const struct fr_stage_batch *b) {
    struct aggregate_ads *a = &s->ads;
    if (!set_of(s)) return;
    for (uint32_t p = 0; p < s->views.partitions; p++)
        if (is_known(s, p)) write_view(s, b, p);
    a->paced_ms = b->now_ms;
    fr_slot_release(s->feeds.campaigns, &a->campaigns);
}

/* Somebody else may write its ledgers now. */
void pacing_partition_dropped(struct aggregate_stage *s, int32_t partition) {
    struct aggregate_ads *a = &s->ads;
    a->partitions[partition] = (struct paced_partition){.traffic = a->partitions[partition].traffic};
    for (uint32_t i = 0; i < a->pace_cap; i++) {
        if (!a->paces[i].is_read || partition_of(s, fr_dict_str(&s->ids, i)) != (uint32_t)partition) continue;
        fr_ledger_fini(&a->paces[i].stored);
        a->paces[i].is_read = false;
    }
}
