/* From a query to a table of candidates.
 *
 * Problem   some 15 sources give 60 votes each: 200 to 500 different items with some 60 features each, 50 us a query.
 * Choice    votes are taken first, so that the number of columns is known and the table can be cleared row by row: a table
 *           that is cleared column by column misses the cache at every feature. */
#include "recommender_internal.h"
#include "freshet/base/err.h"
#include "freshet/base/real.h"
#include <stdlib.h>

enum { HIDDEN = 0x7fffffff, ROUND_TO = 16 };

struct fr_recommender_use *fr_recommender_use_new(void) {
    return fr_alloc_zero(1, sizeof(struct fr_recommender_use));
}

void fr_recommender_use_free(struct fr_recommender_use *use) {
    if (!use) return;
    fr_scratch_fini(&use->scratch);
    free(use->votes);
    free(use->columns);
    free(use->items);
    free(use->places);
    free(use->table.x);
    free(use->chances);
    free(use->learning);
    free(use->order);
    free(use->keys);
    free(use);
}

static void reserve_columns(struct fr_recommender_use *use, uint32_t number_n) {
    if (number_n <= use->column_cap) return;
    uint32_t cap = number_n + number_n / 2;
    use->columns = fr_realloc(use->columns, cap * sizeof *use->columns);
    memset(use->columns + use->column_cap, 0, (cap - use->column_cap) * sizeof *use->columns);
    use->column_cap = cap;
}

static void reserve_votes(struct fr_recommender_use *use, const struct fr_recommender *r) {
    size_t need = (size_t)r->source_n * r->params.votes;
    if (need <= use->vote_cap) return;
    use->vote_cap = need;
    use->votes = fr_realloc(use->votes, need * sizeof *use->votes);
    use->items = fr_realloc(use->items, need * sizeof *use->items);
}

/* Room for n columns. */
static void reserve_table(struct fr_recommender_use *use, uint32_t n) {
    if (use->table.x && n <= use->table.stride) return;
    size_t stride = (n + n / 4 + ROUND_TO) / ROUND_TO * ROUND_TO;
    use->table.stride = stride;
    use->table.x = fr_realloc(use->table.x, FEATURES_MAX * stride * sizeof *use->table.x);
    use->places = fr_realloc(use->places, FR_RECOMMENDER_SOURCES_MAX * stride * sizeof *use->places);
    use->chances = fr_realloc(use->chances, stride * sizeof *use->chances);
    use->order = fr_realloc(use->order, stride * sizeof *use->order);
    use->keys = fr_realloc(use->keys, 2 * stride * sizeof *use->keys);
    use->learning = fr_realloc(use->learning, (stride + 2 * FEATURES_MAX) * sizeof *use->learning);
}

static bool is_hidden(const struct fr_seed *s, enum fr_seen seen) {
    return s->disliked || seen == FR_SEEN_HIDE || (seen == FR_SEEN_PURCHASED && s->purchased);
}

static void hide(const struct fr_query *q, enum fr_seen seen, struct fr_recommender_use *use) {
    for (uint32_t i = 0; i < q->seed_n; i++)
        if (is_hidden(&q->seeds[i], seen)) use->columns[q->seeds[i].item] = HIDDEN;
}

static void ask(const struct fr_recommender *r, const struct fr_query *q, struct fr_recommender_use *use) {
    use->table.n = 0;
    for (uint32_t s = 0; s < r->source_n; s++) {
        struct fr_vote *votes = use->votes + (size_t)s * r->params.votes;
        const struct fr_source *source = r->sources[s];
        use->vote_n[s] = source->ops->propose(source, q, &use->scratch, r->params.votes, votes);
        for (uint32_t i = 0; i < use->vote_n[s]; i++) {
            if (votes[i].item >= use->column_cap)
                continue; /* of a model that knows more than this dictionary */
            uint32_t *column = &use->columns[votes[i].item];
            if (*column) continue;
            use->items[use->table.n++] = votes[i].item;
            *column = use->table.n;
        }
    }
}

static void source_features(const struct fr_recommender *r, uint32_t s, struct fr_recommender_use *use) {
    size_t stride = use->table.stride;
    const struct fr_vote *votes = use->votes + (size_t)s * r->params.votes;
    float *there = use->table.x + (ITEM_FEATURES + SOURCE_FEATURES * (size_t)s) * stride;
    float *score = there + stride, *place = score + stride;
    uint16_t *places = use->places + s * stride;
    for (uint32_t i = 0; i < use->vote_n[s]; i++) {
        uint32_t column = votes[i].item < use->column_cap ? use->columns[votes[i].item] : HIDDEN;
        if (column == HIDDEN) continue;
        column--;
        float part = votes[i].score / votes[0].score;
        there[column] = 1;
        score[column] = part > 1e-6f ? fr_log2_single(part) * .25f : -5;
        place[column] = 10.f / (float)(10 + i);
        places[column] = (uint16_t)(i + 1);
    }
}

static uint32_t history_context(const struct fr_query *q) {
    return q->seed_n == 0 ? 0 : q->seed_n < 3 ? 1 : q->seed_n < 8 ? 2 : q->seed_n < 20 ? 3 : 4;
}

/* How long ago the user did something: in this visit, today, these days, longer. */
static uint32_t pause_context(const struct fr_query *q) {
    if (q->seed_n == 0) return 3;
    fr_time_ms pause_ms = q->now_ms - q->seeds[0].time_ms;
    return pause_ms < 10 * 60000 ? 0 : pause_ms < 6 * 3600000 ? 1 : pause_ms < 72 * 3600000 ? 2 : 3;
}

void candidates_find(const struct fr_recommender *r, const struct fr_query *q,
                     struct fr_recommender_use *use) {
    reserve_columns(use, r->ids.n);
    reserve_votes(use, r);
    hide(q, recommender_seen(r), use);
    ask(r, q, use);
    reserve_table(use, use->table.n);
    struct fr_rank_table *t = &use->table;
    t->feature_n = ITEM_FEATURES + SOURCE_FEATURES * r->source_n;
    t->context[0] = history_context(q);
    t->context[1] = pause_context(q);
    for (uint32_t f = 0; f < t->feature_n; f++) memset(t->x + f * t->stride, 0, t->n * sizeof *t->x);
    for (uint32_t s = 0; s < r->source_n; s++) {
        memset(use->places + s * t->stride, 0, t->n * sizeof *use->places);
        source_features(r, s, use);
    }
    item_features_fill(r, q, use);
}

void candidates_judge(const struct fr_recommender *r, struct fr_recommender_use *use) {
    fr_rank_weights(r->rank, &use->table, use->weights);
    fr_rank_logits(&use->table, use->weights, use->chances);
    fr_rank_softmax(use->chances, use->table.n);
}

void candidates_clear(const struct fr_query *q, struct fr_recommender_use *use) {
    for (uint32_t c = 0; c < use->table.n; c++) use->columns[use->items[c]] = 0;
    for (uint32_t i = 0; i < q->seed_n; i++) use->columns[q->seeds[i].item] = 0;
    use->table.n = 0;
}

uint32_t candidates_column(const struct fr_recommender_use *use, uint32_t item) {
    uint32_t column = item < use->column_cap ? use->columns[item] : 0;
    return column == 0 || column == HIDDEN ? use->table.n : column - 1;
}
