/* binary_quality.h - how good predicted probabilities of a yes or no are: order, sharpness, truth, and the cut that decides.
 *
 * Input     scores[n] (any finite numbers for order; probabilities 0..1 where said) and labels[n], true: it happened.
 * Order     auc      share of the pairs (yes, no) in which yes is scored higher, ties count a half (Mann and Whitney 1947);
 *                    .5 when either kind is missing
 *           average precision   sum over the distinct scores, highest first, of (recall_k - recall_(k-1)) precision_k: no
 *                    interpolation, as scikit-learn's average_precision_score; 0 without a yes
 * Truth     log loss   mean of -ln of what was given to what happened, in nats; probabilities are first moved to
 *                    [FR_BINARY_LEAST, 1 - FR_BINARY_LEAST]
 *           brier    mean of (probability - label)^2
 *           calibration error   expected, of FR_BINARY_BINS bins of equal width, [0, .1), .. [.9, 1]: the mean over all rows
 *                    of |mean probability - share of yes| of their bin (Naeini 2015)
 * Cut       yes is said when score >= threshold.
 * Checked   against scikit-learn: tests/unit/learn/test_binary_quality.c.
 * Cost      a sort of n for order and cuts, one pass for the rest; 16 bytes a row while it lasts.
 * Threads   any; nothing is kept. */
#ifndef FR_LEARN_BINARY_QUALITY_H
#define FR_LEARN_BINARY_QUALITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FR_BINARY_BINS = 10 };
#define FR_BINARY_LEAST 1e-15

double fr_binary_auc(const double *scores, const bool *labels, size_t n);
double fr_binary_average_precision(const double *scores, const bool *labels, size_t n);

/* Of one row. Whoever has many adds them up. */
double fr_binary_log_loss_of(double probability, bool label);
double fr_binary_log_loss(const double *probabilities, const bool *labels, size_t n); /* 0 for n = 0 */
double fr_binary_brier(const double *probabilities, const bool *labels, size_t n);

/* Sums of the rows of each bin: what a reliability diagram shows. Zero-initialised is empty. */
struct fr_reliability {
    uint64_t rows[FR_BINARY_BINS], happened[FR_BINARY_BINS];
    double predicted[FR_BINARY_BINS]; /* sum of probabilities */
};

void fr_reliability_add(struct fr_reliability *r, double probability, bool label);
double fr_reliability_error(const struct fr_reliability *r); /* the calibration error; 0 without a row */
double fr_binary_calibration_error(const double *probabilities, const bool *labels, size_t n);

/* What a threshold makes of the rows. */
struct fr_confusion {
    uint64_t true_yes, false_yes, false_no, true_no;
};

struct fr_confusion fr_confusion_at(const double *scores, const bool *labels, size_t n, double threshold);
double fr_confusion_precision(const struct fr_confusion *c); /* 0 when yes was never said */
double fr_confusion_recall(const struct fr_confusion *c);    /* 0 without a yes */
double fr_confusion_f1(const struct fr_confusion *c);        /* 2 tp / (2 tp + fp + fn); 0 for 0 / 0 */

/* The score with the highest F1 as threshold, the highest of equally good ones; 0 for n = 0. */
double fr_threshold_best_f1(const double *scores, const bool *labels, size_t n);
/* The threshold with the least false_yes * cost_false_yes + false_no * cost_false_no: one of the scores, or INFINITY when
 * never saying yes is cheapest; the highest of equally cheap ones. Costs >= 0. */
double fr_threshold_least_cost(const double *scores, const bool *labels, size_t n, double cost_false_yes,
                               double cost_false_no);
/* The same for probabilities that are true, without any rows (Elkan 2001): cost_false_yes / (both). Costs >= 0, one > 0. */
double fr_threshold_of_costs(double cost_false_yes, double cost_false_no);

#endif
