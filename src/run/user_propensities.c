/* What users will probably do, said when it has changed enough, and asked by rules.
 *
 * Problem   a probability hangs on a model that changes by itself, so it is no state; and one that creeps must be said in the end.
 * Choice    what was said last is remembered beside the state as long as that is in memory: a user is said again when some
 *           probability has moved by propensities.change since, when a segment (high, medium, low) is another one, or when models are
 *           others. After a restart each user is said once more. All users of a batch are asked of a model at once.
 * Time      as of the user's latest event: who falls silent is told anew with the next event only.
 * Invariant nothing is said of who does not allow ads, but that all is withdrawn. */
#include "freshet/run/propensity_follow.h"
#include "freshet/target/propensity_record.h"
#include "stage_user_internal.h"
#include <math.h>

static const struct fr_live_propensities *models_of(const struct user_stage *s) {
    const struct fr_live_propensities *p = s->propensities.thing;
    return p && p->n ? p : NULL;
}

void user_propensity_facts(struct user_stage *s, struct fr_rule_world *world, const struct fr_user *u,
                           fr_time_ms now_ms) {
    const struct fr_live_propensities *models = models_of(s);
    if (!models) return;
    struct fr_propensity_question *q = fr_arena_alloc(&s->scratch, sizeof *q);
    *q = (struct fr_propensity_question){models, u, now_ms, NULL, &s->scratch};
    world->propensity = fr_propensity_answer;
    world->propensity_context = q;
}

/* ---- for the topic ---- */

static void send(const struct fr_stage_batch *b, struct fr_str user_id, struct fr_str value) {
    struct fr_out out = {.topic = FR_TOPIC_PROPENSITIES, .partition = -1, .key = user_id, .value = value};
    fr_outbox_record(b->out, &out);
    fr_stat_add(b->stat, FR_STAT_PROPENSITIES_PUBLISHED, 0, 1);
}

/* Withdraws those who must not be known any more; returns who is to be asked about. */
static uint32_t sort_out(struct user_stage *s, const struct fr_stage_batch *b, struct user_state **asked) {
    uint32_t n = 0;
    for (uint32_t i = 0; i < s->touched_n; i++) {
        const struct touched *t = &s->touched[i];
        if (!t->state || !t->scores_due) continue;
        bool allowed = user_allows_ads(s, &t->state->user);
        if (t->forgotten || (t->allowed_before && !allowed)) {
            t->state->propensities_of = 0;
            send(b, t->user_id, (struct fr_str){NULL, 0});
        } else if (allowed) {
            asked[n++] = t->state;
        }
    }
    return n;
}

static bool has_changed(const struct user_stage *s, const struct fr_live_propensities *p,
                        const struct user_state *u, const struct fr_propensity_said *said) {
    if (u->propensities_of != p->number) return true;
    for (uint32_t i = 0; i < p->n; i++) {
        double before = (double)u->propensities[i];
        if (fabs(said[i].probability - before) >= s->rules->propensities.change) return true;
        if (fr_propensity_segment(p->at[i].model, before) != said[i].segment) return true;
    }
    return false;
}

static void say(struct user_stage *s, const struct fr_stage_batch *b, const struct fr_live_propensities *p,
                struct user_state *u, const struct fr_propensity_said *said) {
    if (!has_changed(s, p, u, said)) return;
    for (uint32_t i = 0; i < p->n; i++) u->propensities[i] = (float)said[i].probability;
    u->propensities_of = p->number;
    fr_buf_clear(&s->text);
    fr_propensity_record_write(&s->text, u->user_id, u->cause.timestamp_ms, said, p->n);
    send(b, u->user_id, fr_buf_slice(&s->text));
}

static bool score_all(const struct fr_live_propensities *p, const struct fr_stage_batch *b,
                      struct user_state *const *asked, uint32_t n, double *out[FR_PROPENSITY_TASKS]) {
    uint32_t columns = p->features.column_n;
    float *values = fr_arena_alloc(b->arena, (size_t)n * columns * sizeof *values);
    for (uint32_t i = 0; i < n; i++)
        fr_live_propensity_features(p, &asked[i]->user, asked[i]->user.last_ms, values + (size_t)i * columns);
    for (uint32_t t = 0; t < p->n; t++) {
        out[t] = fr_arena_alloc(b->arena, n * sizeof *out[t]);
        if (fr_propensity_score(p->at[t].model, values, n, out[t], NULL) != FR_OK) return false;
    }
    return true;
}

void user_publish_propensities(struct user_stage *s, const struct fr_stage_batch *b) {
    const struct fr_live_propensities *p = models_of(s);
    double *scores[FR_PROPENSITY_TASKS];
    if (!s->feeds.propensities || s->touched_n == 0) return;
    struct user_state **asked = fr_arena_alloc(b->arena, s->touched_n * sizeof *asked);
    uint32_t n = sort_out(s, b, asked);
    if (!p || n == 0 || !score_all(p, b, asked, n, scores)) return;
    for (uint32_t i = 0; i < n; i++) {
        struct fr_propensity_said said[FR_PROPENSITY_TASKS];
        for (uint32_t t = 0; t < p->n; t++)
            said[t] = (struct fr_propensity_said){p->at[t].entry.task, p->at[t].entry.version, scores[t][i],
                                                  fr_propensity_threshold(p->at[t].model),
                                                  fr_propensity_segment(p->at[t].model, scores[t][i])};
        say(s, b, p, asked[i], said);
    }
}
