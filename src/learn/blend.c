/* Problem   models' scores have nothing in common: cosines, logits, sums. And weights that are learnt must not see the test.
 * Choice    late fusion of the lists that were kept from the choosing of each model's parameters: no model is fitted again,
 *           a question costs milliseconds, and the live blend of candidate sources works on lists as well.
 *           Equal weights for the best few are the standard, and learnt ones must beat them by FR_BLEND_MARGIN: of forecasts
 *           the plain mean is known to be hard to beat on what comes later (Clemen 1989; Stock and Watson 2004).
 * Rejected  weights by gradient on all scores: items x users x models numbers, for what is a handful of weights.
 * Invariant best is what blend reaches, and never falls. */
#include "freshet/learn/blend.h"
#include "freshet/base/topk.h"
#include <math.h>
#include <stdlib.h>

static const double first_weights[] = {.05, .1, .2, .35, .6, 1, 1.6};
static const double step_up = 1.25;

enum { FIRST_WEIGHTS = sizeof first_weights / sizeof *first_weights };

/* What adding up needs; sums are 0 between users. */
struct adding {
    double *sums;      /* [item_n] */
    uint32_t *touched; /* [models * depth] */
    uint32_t touched_n;
    struct fr_scored *heap;
};

static struct adding adding_new(const struct fr_toplists *lists, uint32_t n, uint32_t item_n,
                                uint32_t depth) {
    struct adding a = {.sums = fr_alloc_zero((size_t)item_n + 1, sizeof *a.sums)};
    a.touched = fr_alloc(((size_t)n * lists->depth + 1) * sizeof *a.touched);
    a.heap = fr_alloc(((size_t)depth + 1) * sizeof *a.heap);
    return a;
}

static void adding_fini(struct adding *a) {
    free(a->sums);
    free(a->touched);
    free(a->heap);
}

static double deviation_of(const float *scores, uint32_t n) {
    double sum = 0, squares = 0;
    for (uint32_t i = 0; i < n; i++) sum += (double)scores[i];
    for (uint32_t i = 0; i < n; i++) squares += ((double)scores[i] - sum / n) * ((double)scores[i] - sum / n);
    return sqrt(squares / n);
}

static double part_of_place(uint32_t place) { return 1 / (1 + (double)place / FR_BLEND_PLACES); }

static void add_item(struct adding *a, uint32_t item, double part) {
    if (a->sums[item] == 0) a->touched[a->touched_n++] = item;
    a->sums[item] += part;
}

/* Parts of 0 are left out, so an item is touched once. */
static void add_list(struct adding *a, const struct fr_toplists *lists, uint32_t row, double weight,
                     enum fr_blend_parts parts) {
    const uint32_t *items = lists->items + (size_t)row * lists->depth;
    const float *scores = lists->scores + (size_t)row * lists->depth;
    uint32_t n = fr_toplists_length(lists, row);
    if (n == 0) return;
    double deviation = parts == FR_BLEND_BY_SCORE ? deviation_of(scores, n) : 1;
    double last = parts == FR_BLEND_BY_SCORE ? (double)scores[n - 1] : part_of_place(n);
    if (!(deviation > 0) || isinf(deviation)) return;
    for (uint32_t i = 0; i < n && scores[i] > scores[n - 1]; i++) {
        double here = parts == FR_BLEND_BY_SCORE ? (double)scores[i] : part_of_place(i);
        double part = weight * (here - last) / deviation;
        if (part > 0) add_item(a, items[i], part);
    }
}

/* The best of what was added, sorted, in a->heap; clears the sums. */
static uint32_t take_best(struct adding *a, uint32_t depth) {
    struct fr_topk top = {a->heap, 0, depth};
    for (uint32_t i = 0; i < a->touched_n; i++) {
        fr_topk_offer(&top, a->sums[a->touched[i]], a->touched[i]);
        a->sums[a->touched[i]] = 0;
    }
    a->touched_n = 0;
    fr_topk_sort(&top);
    return top.n;
}

/* Those without a weight answer where the others have nothing. */
static uint32_t blend_user(const struct fr_blend *blend, const struct fr_toplists *lists, uint32_t row,
                           struct adding *a, uint32_t depth) {
    for (uint32_t m = 0; m < blend->n; m++)
        if (blend->weights[m] > 0) add_list(a, &lists[m], row, blend->weights[m], blend->parts);
    bool nothing = a->touched_n == 0;
    for (uint32_t m = 0; m < blend->n && nothing; m++)
        if (!(blend->weights[m] > 0)) add_list(a, &lists[m], row, 1, blend->parts);
    return take_best(a, depth);
}

void fr_blend_apply(const struct fr_blend *blend, const struct fr_toplists *lists, uint32_t item_n,
                    struct fr_toplists *out) {
    struct adding a = adding_new(lists, blend->n, item_n, out->depth);
    for (uint32_t row = 0; row < out->row_n; row++) {
        uint32_t n = blend_user(blend, lists, row, &a, out->depth);
        for (uint32_t i = 0; i < out->depth; i++) {
            size_t at = (size_t)row * out->depth + i;
            out->items[at] = i < n ? a.heap[i].id : (uint32_t)FR_TOPLISTS_NONE;
            out->scores[at] = i < n ? (float)a.heap[i].score : -INFINITY;
        }
    }
    adding_fini(&a);
}

/* ---- learning ---- */

struct learning {
    const struct fr_toplists *lists;
    const struct fr_rows *truth;
    uint32_t k;
    struct adding adding;
    uint32_t *list; /* [k] */
    struct fr_blend blend;
    double best;
};

static double judge(struct learning *l, const struct fr_blend *blend) {
    struct fr_accuracy sums = {0};
    for (uint32_t row = 0; row < l->lists->row_n; row++) {
        uint32_t user = fr_toplists_user(l->lists, row), truth_n = fr_rows_length(l->truth, user);
        if (!truth_n) continue;
        uint32_t n = blend_user(blend, l->lists, row, &l->adding, l->k);
        for (uint32_t i = 0; i < n; i++) l->list[i] = l->adding.heap[i].id;
        fr_accuracy_add(&sums, l->list, n, l->truth->columns + l->truth->start[user], truth_n, l->k);
    }
    struct fr_accuracy mean = fr_accuracy_mean(&sums);
    return (mean.recall + mean.ndcg) / 2;
}

/* Whether the blend with this weight is better by more than gain; then it is ours. */
static bool try_weight(struct learning *l, struct fr_blend *tried, uint32_t model, double weight,
                       double gain) {
    struct fr_blend with = l->blend;
    with.weights[model] = weight;
    double judged = judge(l, &with);
    if (judged <= l->best * (1 + gain)) return false;
    l->best = judged;
    *tried = with;
    return true;
}

static void swap_down(uint32_t *order, const double *judged, uint32_t at) {
    for (; at && judged[order[at]] > judged[order[at - 1]]; at--) {
        uint32_t model = order[at];
        order[at] = order[at - 1];
        order[at - 1] = model;
    }
}

/* Models by what they reach alone, best first, equals in the order given. */
static void order_models(struct learning *l, uint32_t *order) {
    double judged[FR_BLEND_MODELS_MAX];
    for (uint32_t m = 0; m < l->blend.n; m++) {
        struct fr_blend alone = {.parts = l->blend.parts, .n = l->blend.n};
        alone.weights[m] = 1;
        judged[m] = judge(l, &alone);
        order[m] = m;
        swap_down(order, judged, m);
    }
    l->blend.weights[order[0]] = 1;
    l->best = judged[order[0]];
}

/* The best one, two, three, ... models with equal weights, whichever are best. */
static void take_best_few(struct learning *l, const uint32_t *order) {
    struct fr_blend more = l->blend;
    for (uint32_t m = 1; m < l->blend.n; m++) {
        more.weights[order[m]] = 1;
        double judged = judge(l, &more);
        if (judged <= l->best) continue;
        l->best = judged;
        l->blend = more;
    }
}

/* The model and weight that help most join; false when none helps enough. */
static bool add_model(struct learning *l) {
    struct fr_blend with = l->blend;
    bool helped = false;
    double gain = FR_BLEND_GAIN;
    for (uint32_t m = 0; m < l->blend.n; m++) {
        if (l->blend.weights[m] > 0) continue;
        for (uint32_t w = 0; w < FIRST_WEIGHTS; w++)
            if (try_weight(l, &with, m, first_weights[w], helped ? 0 : gain)) helped = true;
    }
    l->blend = with;
    return helped;
}

static void refine(struct learning *l) {
    for (uint32_t m = 0; m < l->blend.n; m++) {
        if (!(l->blend.weights[m] > 0)) continue;
        const double tries[] = {l->blend.weights[m] * step_up, l->blend.weights[m] / step_up, 0};
        struct fr_blend with = l->blend;
        for (uint32_t i = 0; i < sizeof tries / sizeof *tries; i++) try_weight(l, &with, m, tries[i], 0);
        l->blend = with;
    }
}

static void learn(struct learning *l, enum fr_blend_parts parts, uint32_t n) {
    uint32_t order[FR_BLEND_MODELS_MAX];
    l->blend = (struct fr_blend){.parts = parts, .n = n};
    order_models(l, order);
    struct learning equal = *l;
    take_best_few(&equal, order);
    while (add_model(l))
        ;
    refine(l);
    refine(l);
    if (l->best > equal.best * (1 + FR_BLEND_MARGIN)) return;
    l->blend = equal.blend;
    l->best = equal.best;
}

double fr_blend_learn(const struct fr_toplists *lists, uint32_t n, const struct fr_rows *truth,
                      uint32_t item_n, uint32_t k, struct fr_blend *out) {
    FR_ASSERT(n >= 1 && n <= FR_BLEND_MODELS_MAX);
    struct learning l = {.lists = lists, .truth = truth, .k = k};
    l.adding = adding_new(lists, n, item_n, k);
    l.list = fr_alloc(((size_t)k + 1) * sizeof *l.list);
    learn(&l, FR_BLEND_BY_SCORE, n);
    *out = l.blend;
    double best = l.best;
    learn(&l, FR_BLEND_BY_PLACE, n);
    if (l.best > best) {
        *out = l.blend;
        best = l.best;
    }
    adding_fini(&l.adding);
    free(l.list);
    return best;
}
