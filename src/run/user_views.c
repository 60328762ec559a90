/* What the user stage reads of the aggregate stage: views in the store, cached for a few seconds.
 *
 * Problem   a batch of 10,000 events looks at 200,000 neighbour lists.
 * Choice    one row per item, read again when it is older than REFRESH_MS of the worker's clock and somebody needs it;
 *           at most REFRESH_PER_MS old rows a millisecond, while rows never seen are always asked for. Lists may be a few seconds
 *           old in what they know of items, never in what they know of the user; and nothing of this is state. */
#include "freshet/affinity/neighbors.h"
#include "freshet/base/hash.h"
#include "stage_user_internal.h"
#include <stdlib.h>

enum {
    REFRESH_MS = 2000,
    REFRESH_LEAST = 32,
    REFRESH_PER_MS = 4,
    REFRESH_MAX = 4000,
    ROWS_BYTES_MAX = 512 << 20,
    NEW_MAX = 50000
};

static void want(struct user_stage *s, uint32_t number) {
    if (s->wanted_n == s->wanted_cap) {
        s->wanted_cap = s->wanted_cap ? s->wanted_cap * 2 : 1024;
        s->wanted_items = fr_realloc(s->wanted_items, s->wanted_cap * sizeof *s->wanted_items);
    }
    s->wanted_items[s->wanted_n++] = number;
}

static void drop_rows(struct user_stage *s) {
    for (uint32_t i = 0; i < s->row_cap; i++) free(s->rows[i].candidates);
    free(s->rows);
    s->rows = NULL;
    s->row_cap = 0;
    s->row_bytes = 0;
}

static void make_rows(struct user_stage *s) {
    if (s->row_bytes > ROWS_BYTES_MAX) drop_rows(s); /* they come back as they are needed */
    if (s->ids.n <= s->row_cap) return;
    uint32_t cap = s->ids.cap;
    s->rows = fr_realloc(s->rows, cap * sizeof *s->rows);
    memset(s->rows + s->row_cap, 0, (cap - s->row_cap) * sizeof *s->rows);
    s->row_cap = cap;
}

struct crowd *user_crowd(struct user_stage *s, uint32_t group) {
    for (uint32_t i = 0; i < s->crowd_n; i++)
        if (s->crowds[i].group == group) return &s->crowds[i];
    if (s->crowd_n == s->crowd_cap) {
        s->crowd_cap = s->crowd_cap ? s->crowd_cap * 2 : 16;
        s->crowds = fr_realloc(s->crowds, s->crowd_cap * sizeof *s->crowds);
    }
    s->crowds[s->crowd_n] = (struct crowd){.group = group};
    return &s->crowds[s->crowd_n++];
}

static bool is_old(fr_time_ms read_ms, fr_time_ms now_ms) {
    return read_ms == 0 || now_ms - read_ms >= REFRESH_MS;
}

static void want_rows_of(struct user_stage *s, const struct fr_history *h, fr_time_ms now_ms,
                         uint32_t *left) {
    for (uint32_t i = 0; i < h->n; i++) {
        struct row *row = &s->rows[h->ids[i]];
        if (row->wanted || h->entries[i].strength.weight == 0 || !is_old(row->read_ms, now_ms)) continue;
        if (row->read_ms && *left == 0) continue;
        if (row->read_ms) --*left;
        if (s->wanted_n > NEW_MAX) return;
        row->wanted = true;
        want(s, h->ids[i]);
    }
}

static void want_crowd(struct user_stage *s, uint32_t group, fr_time_ms now_ms) {
    struct crowd *c = user_crowd(s, group);
    if (is_old(c->read_ms, now_ms)) c->wanted = true;
}

static uint32_t wanted_crowds(const struct user_stage *s) {
    uint32_t n = 0;
    for (uint32_t i = 0; i < s->crowd_n; i++) n += s->crowds[i].wanted;
    return n;
}

static struct fr_str crowd_name(const struct user_stage *s, uint32_t group) {
    return group == (uint32_t)FR_TREND_ALL ? FR_STR("") : fr_dict_str(&s->ids, group);
}

static uint32_t refreshes_allowed(struct user_stage *s, fr_time_ms now_ms) {
    fr_time_ms passed_ms = now_ms - s->refreshed_ms;
    s->refreshed_ms = now_ms;
    if (passed_ms < 0 || passed_ms * REFRESH_PER_MS > REFRESH_MAX) return REFRESH_MAX;
    return REFRESH_LEAST + (uint32_t)passed_ms * REFRESH_PER_MS;
}

uint32_t user_views_wanted(struct fr_stage *stage, const struct fr_stage_batch *b,
                           const struct fr_str **keys) {
    struct user_stage *s = (struct user_stage *)stage;
    uint32_t left = refreshes_allowed(s, b->now_ms);
    make_rows(s);
    for (uint32_t i = 0; i < s->touched_n; i++) {
        const struct touched *t = &s->touched[i];
        if (!t->due || t->forgotten || !t->state) continue;
        want_rows_of(s, &t->state->user.history, b->now_ms, &left);
        if (t->state->user.group != (uint32_t)FR_DICT_NONE) want_crowd(s, t->state->user.group, b->now_ms);
    }
    if (s->touched_n) want_crowd(s, (uint32_t)FR_TREND_ALL, b->now_ms);
    uint32_t n = s->wanted_n + (wanted_crowds(s) + 1) * s->views.partitions, at = 0;
    struct fr_str *all = fr_arena_alloc(b->arena, n * sizeof *all);
    for (; at < s->wanted_n; at++) {
        struct fr_str item = fr_dict_str(&s->ids, s->wanted_items[at]);
        int32_t partition = (int32_t)(fr_murmur2(item) % s->views.partitions);
        all[at] = fr_keys_view(&s->views, "neighbors", partition, item, b->arena);
    }
    for (uint32_t i = 0; i < s->crowd_n; i++)
        for (uint32_t p = 0; s->crowds[i].wanted && p < s->views.partitions; p++)
            all[at++] =
                fr_keys_view(&s->views, "trend", (int32_t)p, crowd_name(s, s->crowds[i].group), b->arena);
    at += user_pacing_wanted(s, b, all + at);
    *keys = all;
    return at;
}

static void set_row(struct user_stage *s, uint32_t item, struct fr_str value) {
    struct fr_neighbor found[FR_NEIGHBORS_MAX];
    struct fr_neighbors view = {.at = found};
    uint32_t n = value.len && fr_neighbors_decode(&view, s->rules->neighbors, &s->ids, value) ? view.n : 0;
    struct row *row = &s->rows[item];
    s->row_bytes += (uint64_t)n * sizeof *row->candidates - (uint64_t)row->n * sizeof *row->candidates;
    row->n = n;
    row->candidates = fr_realloc(row->candidates, n * sizeof *row->candidates);
    for (uint32_t i = 0; i < n; i++)
        row->candidates[i] = (struct fr_candidate){
            found[i].item, fr_candidate_worth(&s->rules->list, found[i].similarity, found[i].pair)};
}

static struct fr_popular *best(struct user_stage *s, struct fr_trend *entries, uint32_t n, bool by_trend,
                               uint32_t *kept) {
    *kept = fr_trend_best(entries, n, s->rules->list.popular_items, by_trend, &s->ids);
    struct fr_popular *out = fr_alloc(*kept * sizeof *out);
    uint32_t positive = 0;
    for (uint32_t i = 0; i < *kept; i++) {
        double value = by_trend ? entries[i].trend : entries[i].popularity;
        if (value > 0) out[positive++] = (struct fr_popular){entries[i].item, value};
    }
    *kept = positive;
    return out;
}

static void set_crowd(struct user_stage *s, const struct fr_stage_batch *b, struct crowd *c,
                      const struct fr_str *values) {
    uint32_t room = 2 * FR_TREND_K * s->views.partitions, n = 0;
    struct fr_trend *entries = fr_arena_alloc(b->arena, room * sizeof *entries);
    uint32_t *counts = fr_arena_alloc(b->arena, s->views.partitions * sizeof *counts);
    int32_t *epochs = fr_arena_alloc(b->arena, s->views.partitions * sizeof *epochs), latest = INT32_MIN;
    for (uint32_t p = 0; p < s->views.partitions; p++) {
        counts[p] = 0;
        if (!values[p].len ||
            !fr_trend_decode(entries + n, room - n, &counts[p], &epochs[p], &s->ids, values[p]))
            continue;
        n += counts[p];
        if (epochs[p] > latest) latest = epochs[p];
    }
    for (uint32_t p = 0, at = 0; p < s->views.partitions; at += counts[p++])
        if (counts[p])
            fr_trend_carry(entries + at, counts[p], epochs[p], latest, &s->rules->popularity,
                           &s->rules->trend);
    free(c->popular);
    free(c->trend);
    c->popular = best(s, entries, n, false, &c->popular_n);
    c->trend = best(s, entries, n, true, &c->trend_n);
}

void user_views_loaded(struct fr_stage *stage, const struct fr_stage_batch *b, const struct fr_str *values,
                       uint32_t n) {
    struct user_stage *s = (struct user_stage *)stage;
    for (uint32_t i = 0; i < s->wanted_n; i++) {
        uint32_t item = s->wanted_items[i];
        if (values) {
            set_row(s, item, values[i]);
            s->rows[item].read_ms = b->now_ms;
        }
        s->rows[item].wanted = false;
    }
    const struct fr_str *at = values ? values + s->wanted_n : NULL;
    for (uint32_t i = 0; i < s->crowd_n; i++) {
        if (!s->crowds[i].wanted) continue;
        s->crowds[i].wanted = false;
        if (!at) continue;
        set_crowd(s, b, &s->crowds[i], at);
        s->crowds[i].read_ms = b->now_ms;
        at += s->views.partitions;
    }
    user_pacing_loaded(s, b, values, n);
    make_rows(s); /* the views may have named items never seen before */
}

void user_views_fini(struct user_stage *s) {
    drop_rows(s);
    for (uint32_t i = 0; i < s->crowd_n; i++) {
        free(s->crowds[i].popular);
        free(s->crowds[i].trend);
    }
    free(s->crowds);
    free(s->wanted_items);
}
