#include "freshet/learn/binary_quality.h"
#include "freshet/base/err.h"
#include <math.h>
#include <stdlib.h>

struct scored {
    double score;
    bool label;
};

static int compare_scored(const void *a, const void *b) {
    double x = ((const struct scored *)a)->score, y = ((const struct scored *)b)->score;
    return (x < y) - (x > y);
}

/* Highest score first. */
static struct scored *sorted(const double *scores, const bool *labels, size_t n) {
    struct scored *rows = fr_alloc((n + 1) * sizeof *rows);
    for (size_t i = 0; i < n; i++) rows[i] = (struct scored){scores[i], labels[i]};
    qsort(rows, n, sizeof *rows, compare_scored);
    return rows;
}

/* Walks the distinct scores from the highest: what stands at or above each. */
struct walk {
    const struct scored *rows;
    size_t n, next;
    double threshold;
    uint64_t yes, no; /* rows at or above the threshold */
};

static bool walk_on(struct walk *w) {
    if (w->next == w->n) return false;
    w->threshold = w->rows[w->next].score;
    for (; w->next < w->n && w->rows[w->next].score == w->threshold; w->next++) {
        w->yes += w->rows[w->next].label;
        w->no += !w->rows[w->next].label;
    }
    return true;
}

static uint64_t count_yes(const bool *labels, size_t n) {
    uint64_t yes = 0;
    for (size_t i = 0; i < n; i++) yes += labels[i];
    return yes;
}

double fr_binary_auc(const double *scores, const bool *labels, size_t n) {
    double all_yes = (double)count_yes(labels, n), pairs = all_yes * ((double)n - all_yes), won = 0;
    if (pairs == 0) return .5;
    struct scored *rows = sorted(scores, labels, n);
    struct walk w = {.rows = rows, .n = n};
    for (uint64_t yes = 0, no = 0; walk_on(&w); yes = w.yes, no = w.no)
        won += (double)(w.no - no) * ((double)yes + (double)(w.yes - yes) / 2);
    free(rows);
    return won / pairs;
}

double fr_binary_average_precision(const double *scores, const bool *labels, size_t n) {
    double all_yes = (double)count_yes(labels, n), sum = 0;
    if (all_yes == 0) return 0;
    struct scored *rows = sorted(scores, labels, n);
    struct walk w = {.rows = rows, .n = n};
    for (uint64_t yes = 0; walk_on(&w); yes = w.yes)
        sum += (double)(w.yes - yes) / all_yes * (double)w.yes / (double)(w.yes + w.no);
    free(rows);
    return sum;
}

double fr_binary_log_loss_of(double probability, bool label) {
    double given = label ? probability : 1 - probability;
    return -log(fmin(fmax(given, FR_BINARY_LEAST), 1 - FR_BINARY_LEAST));
}

double fr_binary_log_loss(const double *probabilities, const bool *labels, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += fr_binary_log_loss_of(probabilities[i], labels[i]);
    return n ? sum / (double)n : 0;
}

double fr_binary_brier(const double *probabilities, const bool *labels, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += (probabilities[i] - labels[i]) * (probabilities[i] - labels[i]);
    return n ? sum / (double)n : 0;
}

/* ---- truth by bins ---- */

void fr_reliability_add(struct fr_reliability *r, double probability, bool label) {
    FR_ASSERT(probability >= 0 && probability <= 1);
    unsigned bin = (unsigned)(probability * FR_BINARY_BINS);
    if (bin == FR_BINARY_BINS) bin--;
    r->rows[bin]++;
    r->happened[bin] += label;
    r->predicted[bin] += probability;
}

double fr_reliability_error(const struct fr_reliability *r) {
    double sum = 0, rows = 0;
    for (unsigned b = 0; b < FR_BINARY_BINS; b++) {
        sum += fabs(r->predicted[b] - (double)r->happened[b]);
        rows += (double)r->rows[b];
    }
    return rows > 0 ? sum / rows : 0;
}

double fr_binary_calibration_error(const double *probabilities, const bool *labels, size_t n) {
    struct fr_reliability r = {0};
    for (size_t i = 0; i < n; i++) fr_reliability_add(&r, probabilities[i], labels[i]);
    return fr_reliability_error(&r);
}

/* ---- cuts ---- */

struct fr_confusion fr_confusion_at(const double *scores, const bool *labels, size_t n, double threshold) {
    struct fr_confusion c = {0};
    for (size_t i = 0; i < n; i++) {
        bool said = scores[i] >= threshold;
        c.true_yes += said && labels[i];
        c.false_yes += said && !labels[i];
        c.false_no += !said && labels[i];
        c.true_no += !said && !labels[i];
    }
    return c;
}

static double ratio(uint64_t part, uint64_t whole) { return whole ? (double)part / (double)whole : 0; }

double fr_confusion_precision(const struct fr_confusion *c) {
    return ratio(c->true_yes, c->true_yes + c->false_yes);
}

double fr_confusion_recall(const struct fr_confusion *c) {
    return ratio(c->true_yes, c->true_yes + c->false_no);
}

double fr_confusion_f1(const struct fr_confusion *c) {
    return ratio(2 * c->true_yes, 2 * c->true_yes + c->false_yes + c->false_no);
}

double fr_threshold_best_f1(const double *scores, const bool *labels, size_t n) {
    struct scored *rows = sorted(scores, labels, n);
    struct walk w = {.rows = rows, .n = n};
    uint64_t all_yes = count_yes(labels, n);
    double best = -1, threshold = 0;
    while (walk_on(&w)) {
        double f1 = ratio(2 * w.yes, w.yes + w.no + all_yes);
        if (f1 <= best) continue;
        best = f1;
        threshold = w.threshold;
    }
    free(rows);
    return threshold;
}

double fr_threshold_least_cost(const double *scores, const bool *labels, size_t n, double cost_false_yes,
                               double cost_false_no) {
    FR_ASSERT(cost_false_yes >= 0 && cost_false_no >= 0);
    struct scored *rows = sorted(scores, labels, n);
    struct walk w = {.rows = rows, .n = n};
    double all_yes = (double)count_yes(labels, n);
    double best = all_yes * cost_false_no, threshold = HUGE_VAL;
    while (walk_on(&w)) {
        double cost = (double)w.no * cost_false_yes + (all_yes - (double)w.yes) * cost_false_no;
        if (cost >= best) continue;
        best = cost;
        threshold = w.threshold;
    }
    free(rows);
    return threshold;
}

double fr_threshold_of_costs(double cost_false_yes, double cost_false_no) {
    FR_ASSERT(cost_false_yes >= 0 && cost_false_no >= 0 && cost_false_yes + cost_false_no > 0);
    return cost_false_yes / (cost_false_yes + cost_false_no);
}
