#include "freshet/learn/session_rules.h"
#include "freshet/base/err.h"
#include "freshet/base/real.h"
#include <stdlib.h>

/* Items further back have no say. */
enum { PLACES_MAX = 20 };

struct pair {
    uint32_t from, to;
    float weight;
};

struct rule {
    uint32_t to;
    float weight;
};

struct fr_session_rules {
    struct fr_session_rules_params p;
    uint32_t item_n;
    size_t *starts; /* [item_n + 1] */
    struct rule *rules;
    float fades[PLACES_MAX];
};

struct pairs {
    struct pair *at;
    size_t n, cap;
};

static void push(struct pairs *pairs, uint32_t from, uint32_t to, double weight) {
    if (pairs->n == pairs->cap) {
        pairs->cap = pairs->cap ? pairs->cap * 2 : 1024;
        pairs->at = fr_realloc(pairs->at, pairs->cap * sizeof *pairs->at);
    }
    pairs->at[pairs->n++] = (struct pair){from, to, (float)weight};
}

static void count_session(const struct fr_session_rules_params *p, const uint32_t *items, uint32_t n,
                          double worth, struct pairs *out) {
    for (uint32_t j = 1; j < n; j++)
        for (uint32_t i = j > p->window ? j - p->window : 0; i < j; i++) {
            if (!p->together) {
                push(out, items[i], items[j], worth / (j - i));
            } else if (items[i] != items[j]) {
                push(out, items[i], items[j], worth);
                push(out, items[j], items[i], worth);
            }
        }
}

static struct pairs count_all(const struct fr_visits *v, uint32_t session_n,
                              const struct fr_session_rules_params *p) {
    struct pairs pairs = {0};
    for (uint32_t s = 0; s < session_n; s++)
        count_session(p, v->items + v->starts[s], fr_visits_length(v, s),
                      fr_exp2(-(double)(session_n - s) / p->half_life), &pairs);
    return pairs;
}

/* Pairs by `from`, in the order they came. */
static struct rule *by_from(const struct pairs *pairs, uint32_t item_n, size_t *starts) {
    struct rule *rules = fr_alloc((pairs->n + 1) * sizeof *rules);
    memset(starts, 0, (item_n + 1) * sizeof *starts);
    for (size_t i = 0; i < pairs->n; i++) starts[pairs->at[i].from + 1]++;
    for (uint32_t i = 0; i < item_n; i++) starts[i + 1] += starts[i];
    size_t *next = fr_alloc((item_n + 1) * sizeof *next);
    memcpy(next, starts, (item_n + 1) * sizeof *next);
    for (size_t i = 0; i < pairs->n; i++)
        rules[next[pairs->at[i].from]++] = (struct rule){pairs->at[i].to, pairs->at[i].weight};
    free(next);
    return rules;
}

/* Adds up what goes to the same item and keeps the heaviest, in place. */
static void merge_rows(struct fr_session_rules *r, const struct fr_dict *ids) {
    struct fr_scratch sums = {0};
    struct fr_vote best[FR_SESSION_RULES_ROW];
    size_t kept = 0, from = 0;
    fr_scratch_reserve(&sums, r->item_n);
    for (uint32_t item = 0; item < r->item_n; item++) {
        size_t end = r->starts[item + 1];
        for (size_t i = from; i < end; i++)
            fr_scratch_add(&sums, r->rules[i].to, r->rules[i].weight, FR_DICT_NONE);
        uint32_t n = fr_scratch_best(&sums, ids, FR_SESSION_RULES_ROW, best);
        r->starts[item] = kept;
        for (uint32_t i = 0; i < n; i++) r->rules[kept++] = (struct rule){best[i].item, best[i].score};
        from = end;
    }
    r->starts[r->item_n] = kept;
    r->rules = fr_realloc(r->rules, (kept + 1) * sizeof *r->rules);
    fr_scratch_fini(&sums);
}

static void divide_by_popularity(struct fr_session_rules *r, const struct pairs *pairs) {
    if (!(r->p.popularity > 0)) return;
    double *totals = fr_alloc_zero(r->item_n + 1, sizeof *totals);
    for (size_t i = 0; i < pairs->n; i++) totals[pairs->at[i].to] += (double)pairs->at[i].weight;
    for (uint32_t i = 0; i < r->item_n; i++)
        totals[i] = totals[i] > 0 ? fr_exp2(-r->p.popularity * fr_log2(totals[i])) : 0;
    for (size_t i = 0; i < r->starts[r->item_n]; i++) r->rules[i].weight *= (float)totals[r->rules[i].to];
    free(totals);
}

struct fr_session_rules *fr_session_rules_new(const struct fr_visits *v, uint32_t session_n,
                                              const struct fr_dict *ids,
                                              const struct fr_session_rules_params *p) {
    FR_ASSERT(p->window > 0 && p->half_life > 0 && session_n <= v->n);
    struct fr_session_rules *r = fr_alloc_zero(1, sizeof *r);
    r->p = *p;
    r->item_n = ids->n;
    r->starts = fr_alloc((r->item_n + 1) * sizeof *r->starts);
    double fade = 1;
    for (uint32_t i = 0; i < PLACES_MAX; i++, fade *= p->fade) r->fades[i] = (float)fade;
    struct pairs pairs = count_all(v, session_n, p);
    r->rules = by_from(&pairs, r->item_n, r->starts);
    merge_rows(r, ids);
    divide_by_popularity(r, &pairs);
    free(pairs.at);
    return r;
}

void fr_session_rules_free(struct fr_session_rules *r) {
    if (!r) return;
    free(r->starts);
    free(r->rules);
    free(r);
}

void fr_session_rules_vote(const struct fr_session_rules *r, const uint32_t *items, uint32_t n,
                           struct fr_scratch *votes) {
    for (uint32_t place = 0; place < n && place < PLACES_MAX && r->fades[place] > 0; place++) {
        uint32_t item = items[n - 1 - place];
        if (item >= r->item_n) continue;
        for (size_t i = r->starts[item]; i < r->starts[item + 1]; i++)
            fr_scratch_add(votes, r->rules[i].to, r->fades[place] * r->rules[i].weight, item);
    }
}
