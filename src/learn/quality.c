#include "freshet/learn/quality.h"
#include "freshet/base/err.h"
#include <math.h>
#include <stdlib.h>

static bool contains(const uint32_t *ascending, uint32_t n, uint32_t wanted) {
    uint32_t low = 0, high = n;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (ascending[middle] < wanted)
            low = middle + 1;
        else
            high = middle;
    }
    return low < n && ascending[low] == wanted;
}

static double gain(uint32_t place) { return 1 / log2(place + 2.0); }

static double ideal_gain(uint32_t hits) {
    double sum = 0;
    for (uint32_t i = 0; i < hits; i++) sum += gain(i);
    return sum;
}

void fr_accuracy_add(struct fr_accuracy *sums, const uint32_t *list, uint32_t n, const uint32_t *truth,
                     uint32_t truth_n, uint32_t k) {
    FR_ASSERT(k >= 1 && truth_n >= 1);
    uint32_t hits = 0, first = 0;
    double gained = 0;
    for (uint32_t i = 0; i < n && i < k; i++) {
        if (!contains(truth, truth_n, list[i])) continue;
        if (hits++ == 0) first = i + 1;
        gained += gain(i);
    }
    sums->tested++;
    sums->recall += (double)hits / truth_n;
    sums->precision += (double)hits / k;
    sums->hit_rate += hits > 0;
    if (hits) sums->mrr += 1.0 / first;
    sums->ndcg += gained / ideal_gain(truth_n < k ? truth_n : k);
}

struct fr_accuracy fr_accuracy_mean(const struct fr_accuracy *sums) {
    if (sums->tested == 0) return *sums;
    double n = (double)sums->tested;
    return (struct fr_accuracy){.tested = sums->tested,
                                .recall = sums->recall / n,
                                .ndcg = sums->ndcg / n,
                                .mrr = sums->mrr / n,
                                .hit_rate = sums->hit_rate / n,
                                .precision = sums->precision / n};
}

/* Adds list r, if its user is tested. */
static void add_list(struct fr_accuracy *sums, const struct fr_toplists *lists, uint32_t r,
                     const struct fr_rows *truth, uint32_t k) {
    uint32_t user = fr_toplists_user(lists, r), truth_n = fr_rows_length(truth, user);
    if (truth_n)
        fr_accuracy_add(sums, lists->items + (size_t)r * lists->depth, fr_toplists_length(lists, r),
                        truth->columns + truth->start[user], truth_n, k);
}

struct fr_accuracy fr_accuracy_of(const struct fr_toplists *lists, const struct fr_rows *truth, uint32_t k) {
    struct fr_accuracy sums = {0};
    for (uint32_t r = 0; r < lists->row_n; r++) add_list(&sums, lists, r, truth, k);
    return fr_accuracy_mean(&sums);
}

void fr_accuracy_each(const struct fr_toplists *lists, const struct fr_rows *truth, uint32_t k,
                      double *values) {
    for (uint32_t r = 0; r < lists->row_n; r++) {
        struct fr_accuracy one = {0};
        add_list(&one, lists, r, truth, k);
        values[r] = (one.recall + one.ndcg) / 2;
    }
}

/* ---- variety ---- */

static uint32_t common_of(const struct fr_rows *users_of, uint32_t i, uint32_t j) {
    size_t a = users_of->start[i], a_end = users_of->start[i + 1];
    size_t b = users_of->start[j], b_end = users_of->start[j + 1];
    uint32_t n = 0;
    while (a < a_end && b < b_end) {
        uint32_t x = users_of->columns[a], y = users_of->columns[b];
        n += x == y;
        a += x <= y;
        b += y <= x;
    }
    return n;
}

/* 1 - mean cosine of the pairs of a list of two or more. */
static double diversity_of(const uint32_t *list, uint32_t n, const struct fr_rows *users_of) {
    double sum = 0;
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t j = i + 1; j < n; j++) {
            double a = fr_rows_length(users_of, list[i]), b = fr_rows_length(users_of, list[j]);
            if (a > 0 && b > 0) sum += common_of(users_of, list[i], list[j]) / sqrt(a * b);
        }
    return 1 - sum / ((double)n * (n - 1) / 2);
}

struct tally {
    const struct fr_toplists *lists;
    const struct fr_interactions *learnt;
    uint32_t k;
    uint32_t *rows, row_n; /* of tested users */
    bool *shown;           /* [item_n] */
};

static uint32_t length_at(const struct tally *t, uint32_t r) {
    uint32_t n = fr_toplists_length(t->lists, r);
    return n < t->k ? n : t->k;
}

/* Marks what is shown, gives the mean of self-information. */
static double novelty_of(struct tally *t) {
    const struct fr_rows *users_of = &t->learnt->by_item;
    double bits = 0, places = 0;
    for (uint32_t i = 0; i < t->row_n; i++) {
        const uint32_t *list = t->lists->items + (size_t)t->rows[i] * t->lists->depth;
        uint32_t n = length_at(t, t->rows[i]);
        for (uint32_t p = 0; p < n; p++) {
            uint32_t users = fr_rows_length(users_of, list[p]);
            t->shown[list[p]] = true;
            bits -= log2((double)(users ? users : 1) / users_of->column_n);
        }
        places += n;
    }
    return places > 0 ? bits / places : 0;
}

static double mean_diversity(const struct tally *t) {
    uint32_t sample = t->row_n < FR_VARIETY_LISTS ? t->row_n : FR_VARIETY_LISTS, counted = 0;
    double sum = 0;
    for (uint32_t i = 0; i < sample; i++) {
        uint32_t r = t->rows[(size_t)i * t->row_n / sample], n = length_at(t, r);
        if (n < 2) continue;
        sum += diversity_of(t->lists->items + (size_t)r * t->lists->depth, n, &t->learnt->by_item);
        counted++;
    }
    return counted ? sum / counted : 0;
}

static double coverage_of(const struct tally *t) {
    uint32_t item_n = t->learnt->by_item.row_n, known = 0, shown = 0;
    for (uint32_t i = 0; i < item_n; i++) {
        if (!fr_rows_length(&t->learnt->by_item, i)) continue;
        known++;
        shown += t->shown[i];
    }
    return known ? (double)shown / known : 0;
}

struct fr_variety fr_variety_of(const struct fr_toplists *lists, const struct fr_rows *tested,
                                const struct fr_interactions *learnt, uint32_t k) {
    struct tally t = {.lists = lists, .learnt = learnt, .k = k};
    t.rows = fr_alloc((lists->row_n + 1) * sizeof *t.rows);
    t.shown = fr_alloc_zero(learnt->by_item.row_n + 1, sizeof *t.shown);
    for (uint32_t r = 0; r < lists->row_n; r++)
        if (fr_rows_length(tested, fr_toplists_user(lists, r))) t.rows[t.row_n++] = r;
    struct fr_variety v = {.novelty = novelty_of(&t), .diversity = mean_diversity(&t)};
    v.coverage = coverage_of(&t);
    free(t.rows);
    free(t.shown);
    return v;
}
