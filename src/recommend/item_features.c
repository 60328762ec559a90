/* What everybody does with an item, as features of it: taken from the popular sources' boards and from one fact sheet an
 * item. */
#include "freshet/base/err.h"
#include "freshet/recommend/board.h"
#include "recommender_internal.h"

struct item_fact *item_fact_of(struct fr_recommender *r, uint32_t item) {
    if (item >= r->fact_n) {
        uint32_t n = item + item / 2 + 64;
        r->facts = fr_realloc(r->facts, n * sizeof *r->facts);
        for (uint32_t i = r->fact_n; i < n; i++) r->facts[i] = (struct item_fact){INT64_MIN, INT64_MIN, 0, 0};
        r->fact_n = n;
    }
    return &r->facts[item];
}

void item_features_learn(struct fr_recommender *r, const struct fr_example *e) {
    struct item_fact *fact = item_fact_of(r, e->item);
    if (fact->first_ms == INT64_MIN) fact->first_ms = e->time_ms;
    if (e->weight == 0 && !e->dislike) fact->passed++;
    if (e->weight == 0 || e->dislike) return;
    fact->taken++;
    if (e->time_ms > fact->last_ms) fact->last_ms = e->time_ms;
}

#define LIFT_PRIOR 100.f

/* log2 within .01: a feature needs no more, and there are thousands of them in a table. x > 0, normal. */
static inline float about_log2(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    float exponent = (float)((int32_t)(bits >> 23) - 128);
    bits = (bits & 0x7fffff) | 0x3f800000;
    memcpy(&x, &bits, sizeof x);
    return exponent + (2 - x / 3) * x - 2.f / 3;
}

/* log2(1 + what passed), in units. */
static float log_passed(fr_time_ms from, fr_time_ms to, double unit_ms) {
    double passed = from == INT64_MIN || to <= from ? 0 : (double)(to - from) / unit_ms;
    return about_log2((float)(1 + passed));
}

/* The board's counts of the candidates; returns that of everything, 0: there is no board, and no counts. */
static float read_board(const struct fr_source *s, const struct fr_query *q,
                        const struct fr_recommender_use *use, float *counts) {
    struct fr_popular_reading reading = fr_source_popular_read(s, q);
    if (!reading.board) return 0;
    for (uint32_t c = 0; c < use->table.n; c++)
        counts[c] = (float)(fr_board_value(reading.board, use->items[c]) * reading.scale);
    return (float)(reading.board->total * reading.scale);
}

/* x = log2(1 + x) / 4; nothing stays nothing. */
static void log_counts(float *x, uint32_t n) {
    for (uint32_t c = 0; c < n; c++) {
        float log = about_log2(1 + x[c]) * .25f;
        x[c] = x[c] > 0 ? log : 0;
    }
}

/* Which board of an audience is compared with which of everybody, at the same half-life. */
static const struct { uint32_t audience, all; } lifts[LIFTS] = {{7, 2}, {8, 4}, {9, 2}};

/* log2 of how much more of the audience's attention an item gets than of everybody's, drawn towards 0 by LIFT_PRIOR people
 * of the audience who act like everybody: who is like whom lasts longer than what is popular. From counts and their totals. */
static void fill_lift(const float *some, float some_total, const float *every, float every_total, uint32_t n,
                      float *x) {
    if (!(some_total > 0 && every_total > 0)) return;
    float drawn = 1 / (some_total + LIFT_PRIOR);
    for (uint32_t c = 0; c < n; c++) {
        float usual = every[c] / every_total, is_usual = usual > 1e-9f ? usual : 1;
        float lift = about_log2((some[c] / is_usual + LIFT_PRIOR) * drawn) * .25f;
        x[c] = usual > 1e-9f ? lift : 0;
    }
}

/* How often the user was shown a candidate without taking to it. */
static void fill_shown(const struct fr_recommender *r, const struct fr_query *q,
                       const struct fr_recommender_use *use, float *x) {
    const struct fr_shown_row *row = fr_shown_to(&r->shown, q->user);
    for (uint32_t i = 0; row && i < row->n; i++) {
        uint32_t column = candidates_column(use, row->items[i]);
        if (column < use->table.n) x[column] += 1;
    }
}

void item_features_fill(const struct fr_recommender *r, const struct fr_query *q,
                        struct fr_recommender_use *use) {
    size_t stride = use->table.stride;
    float *x = use->table.x;
    float *boards = x, totals[BOARDS];
    uint32_t n = use->table.n;
    for (uint32_t b = 0; b < BOARDS; b++, x += stride) totals[b] = read_board(r->sources[b], q, use, x);
    for (uint32_t b = 0; b < EXPOSURES; b++, x += stride) read_board(r->exposures[b], q, use, x);
    for (uint32_t i = 0; i < LIFTS; i++, x += stride)
        fill_lift(boards + lifts[i].audience * stride, totals[lifts[i].audience],
                  boards + lifts[i].all * stride, totals[lifts[i].all], n, x);
    for (uint32_t b = 0; b < BOARDS + EXPOSURES; b++) log_counts(boards + b * stride, n);
    float *age = x, *idle = age + stride, *taken = idle + stride, *shown = taken + stride;
    fill_shown(r, q, use, shown);
    for (uint32_t c = 0; c < n; c++) {
        if (use->items[c] >= r->fact_n) continue;
        const struct item_fact *fact = &r->facts[use->items[c]];
        age[c] = log_passed(fact->first_ms, q->now_ms, 3600e3) * .2f;
        idle[c] = log_passed(fact->last_ms, q->now_ms, 60e3) * .1f;
        taken[c] = about_log2(1 + (float)fact->taken) * .2f;
    }
}
