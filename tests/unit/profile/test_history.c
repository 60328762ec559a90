/* The bounded history against docs/AFFINITY.md sections 3 and 4 done literally: the whole set of events, no
 * state, quadratic. */
#include "random_log.h"

enum { ITEMS = 12 };

struct naive {
    const struct world *w;
    const struct log_event *log;
    uint32_t n;
    bool touched[ITEMS], inside[ITEMS];
    fr_time_ms touch[ITEMS];
    bool has_horizon;
    uint32_t horizon_item;
    fr_time_ms horizon_ms;
};

static bool naive_touches(const struct naive *v, enum fr_event_type type) {
    return v->w->events.weight[type] > 0 || type == FR_EVENT_DISLIKE;
}

static bool later(fr_time_ms t, uint32_t item, fr_time_ms other_t, uint32_t other) {
    return t != other_t ? t > other_t : strcmp(log_items[item], log_items[other]) > 0;
}

static void naive_horizon(struct naive *v) {
    for (uint32_t i = 0; i < v->n; i++) {
        const struct log_event *e = &v->log[i];
        if (!naive_touches(v, e->type)) continue;
        if (!v->touched[e->item] || e->t > v->touch[e->item]) v->touch[e->item] = e->t;
        v->touched[e->item] = true;
    }
    for (uint32_t p = 0; p < ITEMS; p++) {
        uint32_t larger = 0;
        for (uint32_t q = 0; q < ITEMS; q++)
            larger += v->touched[p] && v->touched[q] && later(v->touch[q], q, v->touch[p], p);
        v->inside[p] = v->touched[p] && larger < v->w->rules.history_items;
        if (!v->touched[p] || larger != v->w->rules.history_items) continue;
        v->has_horizon = true;
        v->horizon_item = p;
        v->horizon_ms = v->touch[p];
    }
}

static bool naive_live(const struct naive *v, const struct log_event *e) {
    if (v->has_horizon && !later(e->t, e->item, v->horizon_ms, v->horizon_item)) return false;
    for (uint32_t i = 0; i < v->n; i++) {
        const struct log_event *u = &v->log[i];
        if (u->item != e->item || u->t < e->t) continue;
        if (v->w->events.undoes[u->type] == e->type) return false;
        if (u->type == FR_EVENT_DISLIKE && e->type != FR_EVENT_DISLIKE) return false;
    }
    return true;
}

/* Live times of a behaviour on an item, latest first; at most times_kept. */
static uint32_t naive_times(const struct naive *v, uint32_t item, enum fr_event_type type, fr_time_ms *out) {
    uint32_t n = 0;
    if (!naive_touches(v, type)) return 0;
    for (uint32_t i = 0; i < v->n; i++) {
        if (v->log[i].item != item || v->log[i].type != type || !naive_live(v, &v->log[i])) continue;
        uint32_t at = n++;
        for (; at && out[at - 1] < v->log[i].t; at--) out[at] = out[at - 1];
        out[at] = v->log[i].t;
    }
    return n < v->w->rules.times_kept ? n : v->w->rules.times_kept;
}

static int64_t naive_rank(const struct world *w, int64_t weight, int64_t epoch) {
    return (int64_t)floor(log2((double)weight) * 1048576 + .5) +
           epoch * (int64_t)floor(1048576.0 / w->rules.half_life_epochs + .5);
}

static struct fr_strength naive_strength(const struct naive *v, uint32_t item) {
    struct fr_strength best = {0, 0};
    fr_time_ms times[LOG_MAX];
    for (int type = 0; type < FR_EVENT_TYPE_N; type++) {
        int32_t w = v->w->events.weight[type];
        if (w == 0 || naive_times(v, item, (enum fr_event_type)type, times) == 0) continue;
        int32_t e = (int32_t)floor((double)times[0] / (double)v->w->rules.epoch_ms);
        int64_t rank = naive_rank(v->w, w, e),
                known = best.weight ? naive_rank(v->w, best.weight, best.epoch) : 0;
        bool larger = rank != known ? rank > known : e != best.epoch ? e > best.epoch : w > best.weight;
        if (best.weight == 0 || larger) best = (struct fr_strength){e, w};
    }
    return best;
}

static void compare_item(struct world *w, const struct naive *v, uint32_t item) {
    const struct fr_history *h = &w->user.history;
    uint32_t i = log_find(w, h, item);
    CHECK_INT(i < h->n, v->inside[item]);
    if (i == h->n || !v->inside[item]) return;
    CHECK_INT(h->entries[i].touch_ms, v->touch[item]);
    struct fr_strength want = naive_strength(v, item);
    CHECK_INT(h->entries[i].strength.weight, want.weight);
    CHECK_INT(h->entries[i].strength.epoch, want.epoch);
    for (int type = 0; type < FR_EVENT_TYPE_N; type++) {
        fr_time_ms times[LOG_MAX], last_ms = 0;
        uint32_t n = naive_times(v, item, (enum fr_event_type)type, times);
        CHECK_INT(fr_history_count(h, i, (enum fr_event_type)type, &last_ms), n);
        if (n) CHECK_INT(last_ms, times[0]);
    }
}

static void compare(struct world *w, const struct log_event *log, uint32_t n) {
    struct naive v = {.w = w, .log = log, .n = n};
    naive_horizon(&v);
    CHECK_INT(w->user.history.has_horizon, v.has_horizon);
    for (uint32_t item = 0; item < ITEMS; item++) compare_item(w, &v, item);
}

/* The changes reported, replayed from nothing, give the strengths at every step. */
struct replay {
    struct fr_strength at[64];
};

static void replay_changes(struct world *w, struct replay *r) {
    for (uint32_t i = 0; i < w->effects.changes.n; i++) {
        const struct fr_history_change *c = &w->effects.changes.at[i];
        CHECK(c->item < 64 && fr_strength_eq(r->at[c->item], c->before));
        CHECK(!fr_strength_eq(c->before, c->after));
        if (c->item < 64) r->at[c->item] = c->after;
    }
    for (uint32_t id = 0; id < w->ids.n; id++)
        CHECK(fr_strength_eq(r->at[id], fr_history_strength(&w->user.history, id)));
}

static void run_seed(uint64_t seed) {
    struct fr_rng rng = {seed};
    struct log_event log[LOG_MAX];
    struct world w;
    world_open(&w);
    int64_t span = 1 + fr_rng_below(&rng, 60);
    int64_t lateness = fr_rng_below(&rng, 2) ? span : (int64_t)fr_rng_below(&rng, (uint32_t)span);
    world_tighten(&w, &rng, lateness);
    uint32_t n = log_make(log, &rng, 1 + fr_rng_below(&rng, ITEMS), span);
    log_shuffle(log, n, &rng, lateness);
    struct replay r = {0};
    for (uint32_t i = 0; i < n && !check_case_failed; i++) {
        CHECK_INT(world_apply(&w, log[i]), FR_USER_APPLIED);
        replay_changes(&w, &r);
        const char *wrong = fr_user_check(&w.user, &w.rules, &w.ids);
        if (wrong) CHECK_STR(wrong, "");
    }
    compare(&w, log, n);
    if (check_case_failed) fprintf(stderr, "seed %" PRIu64 "\n", seed);
    world_close(&w);
}

static void test_equals_the_definition(void) {
    for (uint64_t seed = 1; seed <= 4000 && !check_case_failed; seed++) run_seed(seed);
}

/* Undo == the log without what was undone, while nothing is pushed out. */
static bool taken_back(const struct world *w, const struct log_event *log, uint32_t n, uint32_t i) {
    if (w->events.undoes[log[i].type] != FR_EVENT_NONE) return true;
    for (uint32_t k = 0; k < n; k++)
        if (w->events.undoes[log[k].type] == log[i].type && log[k].item == log[i].item &&
            log[k].t >= log[i].t)
            return true;
    return false;
}

static void test_undo_equals_a_log_without(void) {
    for (uint64_t seed = 1; seed <= 500 && !check_case_failed; seed++) {
        struct fr_rng rng = {seed};
        struct log_event log[LOG_MAX];
        struct world with, without;
        world_open(&with);
        world_open(&without);
        uint32_t n = log_make(log, &rng, ITEMS, 50);
        log_shuffle(log, n, &rng, 50);
        for (uint32_t i = 0; i < n; i++) {
            world_apply(&with, log[i]);
            if (!taken_back(&with, log, n, i)) world_apply(&without, log[i]);
        }
        for (uint32_t item = 0; item < ITEMS; item++) {
            uint32_t a = fr_dict_find(&with.ids, fr_str_of(log_items[item]));
            uint32_t b = fr_dict_find(&without.ids, fr_str_of(log_items[item]));
            CHECK(fr_strength_eq(fr_history_strength(&with.user.history, a),
                                 fr_history_strength(&without.user.history, b)));
        }
        world_close(&with);
        world_close(&without);
    }
}

static void test_ties_push_out_the_smaller_id(void) {
    struct world w;
    world_open(&w);
    w.rules.history_items = 2;
    world_apply(&w, (struct log_event){FR_EVENT_CLICK, 1, 5}); /* ab */
    world_apply(&w, (struct log_event){FR_EVENT_CLICK, 3, 5}); /* b */
    world_apply(&w, (struct log_event){FR_EVENT_CLICK, 0, 5}); /* a: the smallest, out at once */
    CHECK_INT(log_find(&w, &w.user.history, 0), 2);
    CHECK_INT(w.effects.changes.n, 0);
    world_apply(&w, (struct log_event){FR_EVENT_CLICK, 2, 5}); /* abc pushes out ab */
    CHECK_INT(log_find(&w, &w.user.history, 1), 2);
    CHECK(log_find(&w, &w.user.history, 2) < 2 && log_find(&w, &w.user.history, 3) < 2);
    CHECK_INT(w.effects.changes.n, 2);
    world_close(&w);
}

static void test_undos_are_bounded(void) {
    struct world w;
    char id[16];
    world_open(&w);
    for (int i = 0; i < 1000; i++) {
        snprintf(id, sizeof id, "i%d", i);
        struct fr_event e = {.type = FR_EVENT_UNLIKE, .time_ms = 1000 + i, .item_id = fr_str_of(id)};
        fr_user_apply(&w.user, &e, &w.rules, &w.ids, &w.effects);
    }
    CHECK_INT(w.user.history.undo_n, FR_HISTORY_UNDOS);
    struct fr_event like = {.type = FR_EVENT_LIKE, .time_ms = 1500, .item_id = FR_STR("i999")};
    fr_user_apply(&w.user, &like, &w.rules, &w.ids, &w.effects);
    CHECK_INT(w.effects.changes.n, 0);
    CHECK(fr_user_check(&w.user, &w.rules, &w.ids) == NULL);
    world_close(&w);
}

int main(void) {
    RUN(test_equals_the_definition);
    RUN(test_undo_equals_a_log_without);
    RUN(test_ties_push_out_the_smaller_id);
    RUN(test_undos_are_bounded);
    return check_done();
}
