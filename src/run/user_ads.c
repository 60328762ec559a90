/* What the user stage says about campaigns: scores for users that were touched, and for those in memory when campaigns change.
 *
 * Problem   who may see what hangs on campaigns, budgets and models that change by themselves, and a state holds facts only.
 * Choice    scores are made of the state as it stands and of what is known of the rest at the moment: the campaigns and models of
 *           the feeds, taken once for a batch, and the pacing views, read at most once in PACING_MS of the worker's clock.
 *           A user is scored when something about the user changed; all active ones when campaigns changed, some in each batch.
 * Time      caps and rules are judged at the time of the user's latest event; in a sweep at the latest time of any event.
 * Invariant nobody is scored who does not allow ads: user_publish_scores and user_sweep_scores ask first. */
#include "freshet/base/hash.h"
#include "freshet/run/catalog_follow.h"
#include "freshet/run/live_ads.h"
#include "stage_user_internal.h"
#include <stdlib.h>

enum { PACING_MS = 1000, SLOT_MS = 60000, SWEEP_USERS = 100, SWEEP_LOOKS = 2000 };

/* ---- pacing views ---- */

uint32_t user_pacing_wanted(struct user_stage *s, const struct fr_stage_batch *b, struct fr_str *keys) {
    struct user_ads *a = &s->ads;
    a->pacing_wanted =
        s->rules->ads.enabled && s->feeds.campaigns &&
        (a->pacing_ms == 0 || b->now_ms - a->pacing_ms >= PACING_MS || b->now_ms < a->pacing_ms);
    if (!a->pacing_wanted) return 0;
    for (uint32_t p = 0; p < s->views.partitions; p++)
        keys[p] = fr_keys_view(&s->views, "pacing", (int32_t)p, FR_STR(""), b->arena);
    return s->views.partitions;
}

/* Entries keep their ids in the bytes, so the bytes are kept. */
static void set_paces(struct user_paces *p, struct fr_str bytes) {
    fr_time_ms at_ms;
    fr_buf_clear(&p->bytes);
    fr_buf_append(&p->bytes, bytes.ptr, bytes.len);
    int64_t n = fr_pacing_view_decode(fr_buf_slice(&p->bytes), &at_ms, NULL, 0);
    p->n = n > 0 ? (uint32_t)n : 0;
    p->entries = fr_realloc(p->entries, (p->n + 1) * sizeof *p->entries);
    fr_pacing_view_decode(fr_buf_slice(&p->bytes), &at_ms, p->entries, p->n);
}

/* They are the last of all values. */
void user_pacing_loaded(struct user_stage *s, const struct fr_stage_batch *b, const struct fr_str *values,
                        uint32_t n) {
    struct user_ads *a = &s->ads;
    if (!a->pacing_wanted || !values) return;
    if (!a->paces) a->paces = fr_alloc_zero(s->views.partitions, sizeof *a->paces);
    values += n - s->views.partitions;
    for (uint32_t p = 0; p < s->views.partitions; p++) set_paces(&a->paces[p], values[p]);
    a->pacing_ms = b->now_ms;
    a->places_of = 0; /* they are looked up anew */
}

static const struct fr_pacing_entry *find_pace(const struct user_paces *p, struct fr_str id) {
    uint32_t low = 0, high = p->n;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = fr_str_cmp(p->entries[middle].campaign_id, id);
        if (order == 0) return &p->entries[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

/* The entry of each campaign of this version. */
static void place_paces(struct user_stage *s, const struct fr_campaign_set *set) {
    struct user_ads *a = &s->ads;
    if (a->places_of == set->number) return;
    a->places = fr_realloc(a->places, (set->campaign_n + 1) * sizeof *a->places);
    for (uint32_t i = 0; i < set->campaign_n; i++) {
        struct fr_str id = set->campaigns[i].record.id;
        a->places[i] = a->paces ? find_pace(&a->paces[fr_murmur2(id) % s->views.partitions], id) : NULL;
    }
    a->places_of = set->number;
}

/* ---- one batch's feeds ---- */

struct feeds {
    struct fr_slot_hold catalog;
    const struct fr_campaign_set *set; /* NULL: there are no campaigns, and nothing is said */
    const struct fr_catalog *items;    /* NULL: not known */
    const struct fr_live_ads *models;  /* NULL: none yet */
};

/* Without campaigns nothing is said; when the last one has gone, that is still said of everybody once. */
static bool is_worth_saying(const struct user_stage *s, const struct fr_campaign_set *set) {
    return s->rules->ads.enabled && set && (set->campaign_n + set->segment_n > 0 || s->ads.swept > 0);
}

static void take(struct user_stage *s, struct feeds *f) {
    *f = (struct feeds){0};
    const struct fr_campaign_set *set = s->campaigns.thing;
    if (!is_worth_saying(s, set)) return;
    f->set = set;
    s->ads.had_campaigns |= set->campaign_n > 0;
    if (s->feeds.catalogs) f->catalog = fr_slot_take(s->feeds.catalogs);
    const struct fr_catalog_version *version = f->catalog.thing;
    f->items = version ? &version->catalog : NULL;
    f->models = s->ad_models.thing;
    place_paces(s, set);
}

static void release(struct user_stage *s, struct feeds *f) {
    if (f->catalog.keeper) fr_slot_release(s->feeds.catalogs, &f->catalog);
}

/* ---- records ---- */

/* empty value: withdrawn. */
static void send(struct user_stage *s, const struct fr_stage_batch *b, int32_t partition,
                 struct fr_str user_id, struct fr_str value) {
    struct fr_out out = {.topic = FR_TOPIC_AD_SCORES, .partition = -1, .key = user_id, .value = value};
    fr_outbox_record(b->out, &out);
    if (s->rules->ads.score_views)
        fr_outbox_view(b->out, fr_keys_view(&s->lists, "ads", partition, user_id, b->arena),
                       value.ptr ? value : FR_STR(""));
}

static struct fr_ad_scores_head head_of(const struct user_stage *s, const struct user_state *u,
                                        const struct feeds *f) {
    return (struct fr_ad_scores_head){.user_id = u->user_id,
                                      .generated_ms = u->cause.timestamp_ms,
                                      .expires_ms = u->cause.timestamp_ms + s->rules->ads.ttl_ms,
                                      .permit_ms =
                                          user_permits_until(s, u->cause.partition, u->cause.timestamp_ms),
                                      .model_version = f->models ? fr_str_of(f->models->version) : FR_STR(""),
                                      .campaigns = f->set->records};
}

static void say_refused(struct user_stage *s, const struct fr_stage_batch *b, const struct user_state *u,
                        const struct feeds *f) {
    struct fr_ad_scores_head head = head_of(s, u, f);
    fr_buf_clear(&s->text);
    fr_ad_scores_write_refused(&s->text, &head);
    send(s, b, u->cause.partition, u->user_id, fr_buf_slice(&s->text));
}

static struct fr_ad_question question_of(struct user_stage *s, const struct user_state *u,
                                         const struct feeds *f, fr_time_ms now_ms) {
    const struct fr_live_ads *models = f->models;
    return (struct fr_ad_question){.user_id = u->user_id,
                                   .facts = user_facts(s, &u->user, f->set, f->items, now_ms),
                                   .catalog = f->items,
                                   .campaigns = f->set,
                                   .paces = s->ads.places,
                                   .clicks = models ? models->click.model : NULL,
                                   .conversions = models ? models->conversion.model : NULL,
                                   .model_number = models ? fr_hash_str(fr_str_of(models->version)) : 0,
                                   .surface = fr_str_of(s->rules->ads.surface),
                                   .bought_ms = s->rules->ads.bought_ms,
                                   .slot = now_ms / SLOT_MS,
                                   .most = s->rules->ads.scores_most,
                                   .epsilon = s->rules->ads.exploration,
                                   .draw = fr_live_draw(u->cause.partition, u->cause.offset)};
}

/* is_opportunity: the user has just done something. */
static void publish(struct user_stage *s, const struct fr_stage_batch *b, struct user_state *u,
                    const struct feeds *f, fr_time_ms now_ms, bool is_opportunity) {
    if (!s->ads.had_campaigns) return;
    struct fr_ad_question q = question_of(s, u, f, now_ms);
    if (is_opportunity) q.covered = user_permits_covered(s, u->cause.partition, f->set);
    struct fr_ad_scores scores = fr_ad_scores_of(s->ads.scorer, &q, &s->scratch);
    struct fr_ad_scores_head head = head_of(s, u, f);
    fr_buf_clear(&s->text);
    fr_ad_scores_write(&s->text, &head, &scores, f->set);
    send(s, b, u->cause.partition, u->user_id, fr_buf_slice(&s->text));
    if (is_opportunity) user_permits_give(s, b, u->cause.partition, &scores, f->set, head.permit_ms);
    if (is_opportunity) user_ledger_opportunities(s, b, u, &scores, f->set, now_ms);
    fr_stat_add(b->stat, FR_STAT_AD_SCORES_PUBLISHED, 0, 1);
    fr_stat_add(b->stat, FR_STAT_AD_CAMPAIGNS_SCORED, 0, scores.scored_n);
    fr_stat_add(b->stat, FR_STAT_AD_CAMPAIGNS_BARRED, 0, scores.n - scores.scored_n);
}

static void publish_touched(struct user_stage *s, const struct fr_stage_batch *b, const struct touched *t,
                            const struct feeds *f) {
    struct user_state *u = t->state;
    if (!s->ads.had_campaigns) return;
    if (t->forgotten)
        send(s, b, u->cause.partition, t->user_id, (struct fr_str){NULL, 0});
    else if (user_allows_ads(s, &u->user))
        publish(s, b, u, f, u->user.last_ms, true);
    else if (t->allowed_before)
        say_refused(s, b, u, f);
}

void user_publish_scores(struct user_stage *s, const struct fr_stage_batch *b) {
    struct feeds f;
    take(s, &f);
    for (uint32_t i = 0; f.set && i < s->touched_n; i++)
        if (s->touched[i].scores_due && s->touched[i].state) publish_touched(s, b, &s->touched[i], &f);
    release(s, &f);
}

/* ---- everybody, when campaigns change ---- */

bool user_scores_sweep_is_due(struct user_stage *s) {
    if (s->ads.sweep_at || !s->rules->ads.enabled || !s->feeds.campaigns) return s->ads.sweep_at != NULL;
    struct fr_slot_hold hold = fr_slot_take(s->feeds.campaigns);
    const struct fr_campaign_set *set = hold.thing;
    bool due = is_worth_saying(s, set) && set->number != s->ads.swept && s->states;
    fr_slot_release(s->feeds.campaigns, &hold);
    return due;
}

void user_sweep_scores(struct user_stage *s, const struct fr_stage_batch *b) {
    struct feeds f;
    uint32_t users = 0;
    take(s, &f);
    if (f.set && f.set->number != s->ads.swept) {
        s->ads.sweep_at = s->states;
        s->ads.swept = f.set->number;
    }
    for (uint32_t i = 0; f.set && s->ads.sweep_at && i < SWEEP_LOOKS && users < SWEEP_USERS; i++) {
        struct user_state *u = s->ads.sweep_at;
        s->ads.sweep_at = u->after;
        if (!u->is_active || !user_allows_ads(s, &u->user)) continue;
        fr_time_ms now_ms = s->newest_ms > u->user.last_ms ? s->newest_ms : u->user.last_ms;
        user_publish_audience(s, b, u, NULL, now_ms);
        publish(s, b, u, &f, now_ms, false); /* nobody is there to be shown anything */
        users++;
    }
    release(s, &f);
}

void user_ads_fini(struct user_stage *s) {
    struct user_ads *a = &s->ads;
    for (uint32_t p = 0; a->paces && p < s->views.partitions; p++) {
        fr_buf_fini(&a->paces[p].bytes);
        free(a->paces[p].entries);
    }
    free(a->paces);
    free(a->places);
    fr_ad_scorer_free(a->scorer);
}
