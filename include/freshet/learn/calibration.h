/* calibration.h - from scores that are right in order to probabilities that are true.
 *
 * Platt     p = 1 / (1 + e^-(slope * score + intercept)): the most likely slope and intercept under Platt's smoothed labels,
 *           (yes + 1) / (yes + 2) and 1 / (no + 2), so that a score without an exception does not become a certainty (Platt
 *           1999, the Newton steps of Lin, Lin and Weng 2007). Two numbers: fit for some hundred rows, keeps the order and
 *           the sum of contributions: each is multiplied by slope.
 * Isotonic  the non-decreasing steps nearest to the labels in squares, by pooling adjacent violators (Barlow 1972); equal scores
 *           are one point; between the points of the steps a straight line, beyond them the ends, as scikit-learn has it; then
 *           moved to [1 / (n + 2), (n + 1) / (n + 2)] of n rows. Wants some thousand rows. Makes scores equal that were not.
 * Rows      those that the scorer did not learn from. Else both believe its confidence.
 * Checked   against scikit-learn: tests/unit/learn/test_calibration.c.
 * Threads   a fitted one is read-only.
 * Memory    16 bytes a point; fr_calibration_fini. */
#ifndef FR_LEARN_CALIBRATION_H
#define FR_LEARN_CALIBRATION_H

#include "freshet/base/tensors.h"

enum fr_calibration_kind { FR_CALIBRATION_PLATT, FR_CALIBRATION_ISOTONIC };

struct fr_calibration {
    enum fr_calibration_kind kind;
    double slope, intercept; /* PLATT */
    double *points, *values; /* [n] ISOTONIC: both ascend */
    uint32_t n;
};

/* No rows of one kind: PLATT still gives what the smoothed labels say, ISOTONIC one step. n = 0: 0.5 for every score. */
void fr_calibration_fit(struct fr_calibration *c, enum fr_calibration_kind kind, const double *scores,
                        const bool *labels, size_t n);
void fr_calibration_fini(struct fr_calibration *c);

double fr_calibration_apply(const struct fr_calibration *c, double score); /* 0 to 1 */

/* Arrays "calibration.platt" [2] or "calibration.points" and "calibration.values". */
void fr_calibration_save(const struct fr_calibration *c, struct fr_tensors_writer *w);
/* False: not there, or not of one piece; *c is then empty. */
bool fr_calibration_load(struct fr_calibration *c, const struct fr_tensors_file *f);

/* The inverse of fr_logistic (base/real.h) for p within [1e-12, 1 - 1e-12], to which it is moved. */
double fr_log_odds(double probability);

#endif
