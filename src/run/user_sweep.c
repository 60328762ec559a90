/* New lists for everybody who was active lately, after another bundle came into force.
 *
 * A bundle changes every list a little, and those who are not active just then would keep the old one. So the users in memory
 * that were touched since the start get a new list, some in each batch, so that nobody else waits for it. A sweep lives in
 * memory: one that a crash cut short is not taken up again, and none is made twice for the same state and bundle. */
#include "stage_user_internal.h"

enum { SWEEP_LISTS = 100, SWEEP_LOOKS = 2000 };

void user_states_add(struct user_stage *s, struct user_state *u) {
    u->before = NULL;
    u->after = s->states;
    if (s->states) s->states->before = u;
    s->states = u;
}

void user_states_remove(struct user_stage *s, struct user_state *u) {
    if (s->sweep_at == u) s->sweep_at = u->after;
    if (s->ads.sweep_at == u) s->ads.sweep_at = u->after;
    if (u->before)
        u->before->after = u->after;
    else
        s->states = u->after;
    if (u->after) u->after->before = u->before;
}

/* Whether the bundle is another one than the last sweep was for; the first one that is met needs none. */
static bool is_another(struct user_stage *s, const struct fr_live_model *model) {
    if (!model || strcmp(s->swept, model->learner.bundle) == 0) return false;
    memcpy(s->swept, model->learner.bundle, sizeof s->swept);
    return true;
}

bool user_sweep_is_due(struct user_stage *s) {
    if (s->sweep_at || !s->feeds.models) return s->sweep_at != NULL;
    struct fr_slot_hold hold = fr_slot_take(s->feeds.models);
    const struct fr_live_model *model = hold.thing;
    bool due = model && strcmp(s->swept, model->learner.bundle) != 0;
    fr_slot_release(s->feeds.models, &hold);
    return due;
}

void user_sweep(struct user_stage *s, const struct fr_stage_batch *b) {
    if (!s->feeds.models) return;
    struct fr_slot_hold hold = fr_slot_take(s->feeds.models);
    if (is_another(s, hold.thing)) s->sweep_at = s->states;
    uint32_t lists = 0;
    for (uint32_t i = 0; s->sweep_at && i < SWEEP_LOOKS && lists < SWEEP_LISTS; i++) {
        struct user_state *u = s->sweep_at;
        s->sweep_at = u->after;
        if (!u->is_active) continue;
        user_publish_list(s, b, u, hold.thing, 0);
        lists++;
    }
    fr_stat_add(b->stat, FR_STAT_LISTS_SWEPT, 0, lists);
    fr_slot_release(s->feeds.models, &hold);
}
