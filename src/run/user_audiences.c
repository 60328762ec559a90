/* Which segments users enter and leave, said when they do.
 *
 * Problem   membership hangs on rules that change by themselves, so it cannot be state; yet a change must be said once.
 * Choice    rules are asked of the state before a user's first event in a batch, as of the user's event before, and of the state
 *           after the last one, as of its time. What differs was entered or left in between: a function of state and records.
 *           When segments change, all active users get their segments anew (user_sweep_scores).
 * Not       somebody who leaves a segment by the mere passing of time is told with the next event. Who was not active when a
 *           segment changed is told when the membership next changes.
 * Invariant nothing is said of who does not allow ads, but that all is withdrawn. */
#include "freshet/run/catalog_follow.h"
#include "freshet/target/audience_record.h"
#include "stage_user_internal.h"

static const struct fr_campaign_set *set_of(const struct user_stage *s) {
    const struct fr_campaign_set *set = s->campaigns.thing;
    return s->rules->ads.enabled && set && set->segment_n ? set : NULL;
}

static const bool *ask(struct user_stage *s, const struct fr_stage_batch *b, const struct fr_user *u,
                       fr_time_ms t) {
    const struct fr_campaign_set *set = set_of(s);
    struct fr_slot_hold catalog = {0};
    if (s->feeds.catalogs && set->asks_interests) catalog = fr_slot_take(s->feeds.catalogs);
    const struct fr_catalog_version *version = catalog.thing;
    const struct fr_rule_facts *facts = user_facts(s, u, set, version ? &version->catalog : NULL, t);
    const bool *in = fr_audience_of(facts, set, b->arena);
    if (catalog.keeper) fr_slot_release(s->feeds.catalogs, &catalog);
    return in;
}

void user_audience_before(struct user_stage *s, const struct fr_stage_batch *b, struct user_state *u) {
    if (u->asked_in == s->batch_number || !set_of(s)) return;
    u->asked_in = s->batch_number;
    u->segments_before = user_allows_ads(s, &u->user) ? ask(s, b, &u->user, u->user.last_ms) : NULL;
}

static void send(const struct fr_stage_batch *b, struct fr_str user_id, struct fr_str value) {
    struct fr_out out = {.topic = FR_TOPIC_AUDIENCES, .partition = -1, .key = user_id, .value = value};
    fr_outbox_record(b->out, &out);
    fr_stat_add(b->stat, FR_STAT_AUDIENCES_PUBLISHED, 0, 1);
}

void user_publish_audience(struct user_stage *s, const struct fr_stage_batch *b, const struct user_state *u,
                           const bool *before, fr_time_ms now_ms) {
    const struct fr_campaign_set *set = set_of(s);
    if (!set) return;
    const bool *now = ask(s, b, &u->user, now_ms);
    if (before && memcmp(before, now, set->segment_n * sizeof *now) == 0) return;
    fr_buf_clear(&s->text);
    fr_audience_write(&s->text, u->user_id, u->cause.timestamp_ms, set, before, now);
    send(b, u->user_id, fr_buf_slice(&s->text));
}

static void publish_touched(struct user_stage *s, const struct fr_stage_batch *b, const struct touched *t) {
    const struct user_state *u = t->state;
    bool allowed = user_allows_ads(s, &u->user);
    if (t->forgotten || (t->allowed_before && !allowed))
        send(b, t->user_id, (struct fr_str){NULL, 0});
    else if (allowed && u->asked_in == s->batch_number)
        user_publish_audience(s, b, u, u->segments_before, u->user.last_ms);
}

void user_publish_audiences(struct user_stage *s, const struct fr_stage_batch *b) {
    for (uint32_t i = 0; set_of(s) && i < s->touched_n; i++)
        if (s->touched[i].scores_due && s->touched[i].state) publish_touched(s, b, &s->touched[i]);
}
