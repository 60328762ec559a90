/* What everybody does with an item, as features of it: taken from the popular sources' boards and from one fact sheet an
 * item. */
#include "freshet/base/err.h"
#include "freshet/recommend/board.h"
#include "recommender_internal.h"

struct item_fact *item_fact_of(struct fr_recommender *r, uint32_t item) {
    if (item >= r->fact_n) {
        uint32_t n = item + item / 2 + 64;
        r->facts = fr_realloc(r->facts, n * sizeof *r->facts);
        for (uint32_t i = r->fact_n; i < n; i++) r->facts[i] = (struct item_fact){INT64_MIN, INT64_MIN, 0};
        r->fact_n = n;
    }
    return &r->facts[item];
}

void item_features_learn(struct fr_recommender *r, const struct fr_example *e) {
    struct item_fact *fact = item_fact_of(r, e->item);
    if (fact->first_ms == INT64_MIN) fact->first_ms = e->time_ms;
    if (e->weight == 0 || e->dislike) return;
    fact->taken++;
    if (e->time_ms > fact->last_ms) fact->last_ms = e->time_ms;
}

/* log2 within .01: a feature needs no more, and there are thousands of them in a table. x > 0, normal. */
static float about_log2(double exact) {
    float x = (float)exact;
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
    return about_log2(1 + passed);
}

static void fill_board(const struct fr_source *s, const struct fr_query *q,
                       const struct fr_recommender_use *use, float *x) {
    struct fr_popular_reading reading = fr_source_popular_read(s, q);
    if (!reading.board) return;
    for (uint32_t c = 0; c < use->table.n; c++) {
        double count = fr_board_value(reading.board, use->items[c]) * reading.scale;
        if (count > 0) x[c] = about_log2(1 + count) * .25f;
    }
}

void item_features_fill(const struct fr_recommender *r, const struct fr_query *q,
                        struct fr_recommender_use *use) {
    size_t stride = use->table.stride;
    float *x = use->table.x;
    for (uint32_t b = 0; b < BOARDS; b++, x += stride) fill_board(r->sources[b], q, use, x);
    float *age = x, *idle = x + stride, *taken = x + 2 * stride;
    for (uint32_t c = 0; c < use->table.n; c++) {
        if (use->items[c] >= r->fact_n) continue;
        const struct item_fact *fact = &r->facts[use->items[c]];
        age[c] = log_passed(fact->first_ms, q->now_ms, 3600e3) * .2f;
        idle[c] = log_passed(fact->last_ms, q->now_ms, 60e3) * .1f;
        taken[c] = about_log2(1 + (double)fact->taken) * .2f;
    }
}
