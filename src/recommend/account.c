/* Scores in whole units of 1e-6, and who gets the credit for them.
 *
 * A source's credit for an item is what its features, and the board that it proposes from, added to the item's logit, if that
 * is above 0; sources that did not propose the item get none. When nobody has any, all who proposed it share alike. */
#include "recommender_internal.h"

enum { UNITS = 1000000 };

struct credit {
    enum fr_reason_code code;
    uint32_t because;
    float weight;
};

static float credit_of(const struct fr_recommender_use *use, uint32_t s, uint32_t column) {
    const struct fr_rank_table *t = &use->table;
    uint32_t first = ITEM_FEATURES + SOURCE_FEATURES * s;
    float sum = s < BOARDS ? use->weights[s] * t->x[s * t->stride + column] : 0;
    for (uint32_t f = first; f < first + SOURCE_FEATURES; f++)
        sum += use->weights[f] * t->x[f * t->stride + column];
    return sum > 0 ? sum : 0;
}

static uint32_t add_credit(struct credit *credits, uint32_t n, struct credit more) {
    for (uint32_t i = 0; i < n; i++)
        if (credits[i].code == more.code && credits[i].because == more.because) {
            credits[i].weight += more.weight;
            return n;
        }
    credits[n] = more;
    return n + 1;
}

static bool is_larger(const struct credit *a, const struct credit *b, const struct fr_dict *ids) {
    if (a->weight > b->weight) return true;
    if (a->weight < b->weight) return false;
    if (a->code != b->code) return a->code < b->code;
    if (a->because == (uint32_t)FR_DICT_NONE || b->because == (uint32_t)FR_DICT_NONE)
        return b->because == (uint32_t)FR_DICT_NONE && a->because != b->because;
    return fr_str_cmp(fr_dict_str(ids, a->because), fr_dict_str(ids, b->because)) < 0;
}

static void sort_credits(struct credit *credits, uint32_t n, const struct fr_dict *ids) {
    for (uint32_t i = 1; i < n; i++) {
        struct credit one = credits[i];
        uint32_t at = i;
        for (; at && is_larger(&one, &credits[at - 1], ids); at--) credits[at] = credits[at - 1];
        credits[at] = one;
    }
}

/* Who proposed the item, the strongest first; at most `most`. */
static uint32_t credits_of(const struct fr_recommender *r, const struct fr_recommender_use *use,
                           uint32_t column, uint32_t most, struct credit *out) {
    uint32_t n = 0;
    float sum = 0;
    for (uint32_t s = 0; s < r->source_n; s++) {
        uint32_t place = use->places[s * use->table.stride + column];
        if (!place) continue;
        const struct fr_vote *vote = &use->votes[(size_t)s * r->params.votes + place - 1];
        float weight = credit_of(use, s, column);
        sum += weight;
        n = add_credit(out, n, (struct credit){r->sources[s]->ops->reason, vote->because, weight});
    }
    for (uint32_t i = 0; i < n && !(sum > 0); i++) out[i].weight = 1;
    sort_credits(out, n, &r->ids);
    n = n < most ? n : most;
    while (n > 1 && !(out[n - 1].weight > 0)) n--;
    return n;
}

/* Deals units out in proportion, what is left over to the strongest; those that get none are left out. */
static uint32_t deal(const struct credit *credits, uint32_t n, uint32_t units, struct fr_reason *out) {
    double sum = 0;
    uint32_t left = units, kept = 0;
    for (uint32_t i = 0; i < n; i++) sum += (double)credits[i].weight;
    for (uint32_t i = n; i-- > 1;) {
        uint32_t share = (uint32_t)(units * ((double)credits[i].weight / sum));
        if (share > left) share = left;
        left -= share;
        out[i] = (struct fr_reason){credits[i].code, credits[i].because, share / (double)UNITS};
    }
    out[0] = (struct fr_reason){credits[0].code, credits[0].because, left / (double)UNITS};
    for (uint32_t i = 0; i < n; i++)
        if (out[i].weight > 0) out[kept++] = out[i];
    return kept;
}

static bool is_personal(enum fr_reason_code code) {
    return code != FR_REASON_POPULAR && code != FR_REASON_POPULAR_IN_GROUP && code != FR_REASON_TRENDING &&
           code != FR_REASON_NEW_ITEM;
}

static uint32_t units_of(const struct fr_recommender *r, float chance) {
    double units = (double)chance * (r->found / r->asked) * UNITS;
    return units < 1 ? 1 : units > UNITS ? UNITS : (uint32_t)units;
}

struct fr_list account_list(const struct fr_recommender *r, const struct fr_recommender_use *use, uint32_t n,
                            struct fr_arena *arena) {
    struct fr_list list = {fr_arena_alloc(arena, n * sizeof *list.items), n, n > 0};
    uint32_t most = r->params.list.reasons_per_item + 2;
    if (most > FR_LIST_REASONS_MAX) most = FR_LIST_REASONS_MAX;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t column = use->order[i];
        struct credit credits[FR_RECOMMENDER_SOURCES_MAX];
        uint32_t credit_n = credits_of(r, use, column, most, credits);
        uint32_t units = units_of(r, use->chances[column]);
        struct fr_reason *reasons = fr_arena_alloc(arena, credit_n * sizeof *reasons);
        uint32_t reason_n = deal(credits, credit_n, units, reasons);
        list.items[i] = (struct fr_list_item){.item = use->items[column],
                                              .score = units / (double)UNITS,
                                              .reasons = reasons,
                                              .reason_n = reason_n};
        for (uint32_t k = 0; k < reason_n; k++)
            if (is_personal(reasons[k].code)) list.fallback = false;
    }
    return list;
}
